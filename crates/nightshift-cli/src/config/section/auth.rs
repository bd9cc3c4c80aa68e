//! `remote.auth`: who is known, and what the API accepts.

use std::collections::BTreeMap;

use nightshift_core::chat::Identity;
use nightshift_core::id::{Platform, UserId};
use nightshift_core::secret::Secret;
use nightshift_core::user::{Allowed, Directory, Role, StaticUser};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::ordered::Ordered;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) method: Vec<Method>,
    pub(crate) api_keys: ApiKeys,
    pub(crate) platform_secrets: PlatformSecrets,
    pub(crate) allowed_users: Vec<AllowedUser>,
    pub(crate) users: BTreeMap<String, ConfiguredUser>,
    pub(crate) jwt: Jwt,
    pub(crate) oauth2: OAuth2,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            method: vec![Method::ApiKey, Method::PlatformSignature],
            api_keys: ApiKeys::default(),
            platform_secrets: PlatformSecrets::default(),
            allowed_users: Vec::new(),
            users: BTreeMap::new(),
            jwt: Jwt::default(),
            oauth2: OAuth2::default(),
        }
    }
}

impl Auth {
    /// Who the configuration knows, as the rules of authorisation read it.
    pub(crate) fn directory(&self) -> Directory {
        let user = |(id, user): (&String, &ConfiguredUser)| {
            let identities = user.identities.iter().map(|text| {
                let (platform, id) = split_identity(text);
                Identity {
                    platform,
                    id: id.to_owned(),
                }
            });
            let user = StaticUser {
                role: user.role,
                identities: identities.collect(),
            };
            (UserId::new(id.as_str()), user)
        };
        let allowed = self.allowed_users.iter().map(|entry| {
            let (platform, id) = split_identity(&entry.id);
            Allowed {
                platform,
                id: (id != "*").then(|| id.to_owned()),
                role: entry.role,
            }
        });
        Directory {
            users: self.users.iter().map(user).collect(),
            allowed: allowed.collect(),
        }
    }
}

/// `slack:U1` in two; the loader has checked that there are two.
fn split_identity(text: &str) -> (Platform, &str) {
    let (platform, id) = text.split_once(':').unwrap_or((text, ""));
    (Platform::new(platform), id)
}

/// What the API accepts. Signatures of enabled platforms are checked whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    ApiKey,
    PlatformSignature,
    Jwt,
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// Keys in the file and whose they are; the keys are secrets.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Ordered<String>")]
pub(crate) struct ApiKeys(pub(crate) Vec<(Secret, UserId)>);

impl From<Ordered<String>> for ApiKeys {
    fn from(entries: Ordered<String>) -> Self {
        let entries = entries.0.into_iter();
        Self(
            entries
                .map(|(key, user)| (Secret::new(key), UserId::new(user)))
                .collect(),
        )
    }
}

impl Serialize for ApiKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let masked = |(at, (_, user)): (usize, &(Secret, UserId))| {
            let name = if at == 0 {
                "***".to_owned()
            } else {
                format!("*** ({})", at + 1)
            };
            (name, user.clone())
        };
        serializer.collect_map(self.0.iter().enumerate().map(masked))
    }
}

/// As the file gives them; the loader has filled the platforms' own keys with them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PlatformSecrets {
    pub(crate) slack: Option<Secret>,
    pub(crate) whatsapp: Option<Secret>,
    pub(crate) telegram: Option<Secret>,
    pub(crate) discord: Option<Secret>,
}

/// An entry of the allow-list; the loader has written bare entries out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowedUser {
    pub(crate) id: String,
    #[serde(default = "submitter")]
    pub(crate) role: Role,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConfiguredUser {
    pub(crate) role: Role,
    pub(crate) identities: Vec<String>,
}

impl Default for ConfiguredUser {
    fn default() -> Self {
        Self {
            role: submitter(),
            identities: Vec::new(),
        }
    }
}

/// A bare entry may submit and approve its own plans.
fn submitter() -> Role {
    Role::Submitter
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Jwt {
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) jwks_url: Option<String>,
    pub(crate) secret: Option<Secret>,
    pub(crate) public_key: Option<String>,
    pub(crate) algorithms: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OAuth2 {
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) introspection_url: Option<String>,
}
