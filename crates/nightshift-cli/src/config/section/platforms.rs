//! `remote.trigger_service`: the server's address and the platforms.

use nightshift_core::secret::Secret;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TriggerService {
    /// Address and port.
    pub(crate) listen: String,
    pub(crate) webhook_url: Option<String>,
    pub(crate) platforms: Platforms,
}

impl Default for TriggerService {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            webhook_url: None,
            platforms: Platforms::default(),
        }
    }
}

impl TriggerService {
    /// Our public address without `/webhook` and without a slash at its end.
    pub(crate) fn public_address(&self) -> Option<&str> {
        let address = self.webhook_url.as_deref()?.trim_end_matches('/');
        let bare = address.strip_suffix("/webhook").unwrap_or(address);
        Some(bare.trim_end_matches('/'))
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Platforms {
    pub(crate) slack: Slack,
    pub(crate) discord: Discord,
    pub(crate) telegram: Telegram,
    pub(crate) whatsapp: WhatsApp,
    pub(crate) web: Web,
}

/// How a platform's deliveries reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    /// The one that needs no public address, unless `webhook_url` is set.
    #[default]
    Auto,
    Http,
    Socket,
    Gateway,
    Polling,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Slack {
    pub(crate) enabled: bool,
    pub(crate) bot_token: Option<Secret>,
    pub(crate) signing_secret: Option<Secret>,
    pub(crate) app_token: Option<Secret>,
    pub(crate) transport: Transport,
    pub(crate) api_url: String,
}

impl Default for Slack {
    fn default() -> Self {
        Self {
            enabled: false,
            bot_token: None,
            signing_secret: None,
            app_token: None,
            transport: Transport::Auto,
            api_url: "https://slack.com/api".into(),
        }
    }
}

impl Slack {
    /// `Http` or `Socket`: what `auto` comes to.
    pub(crate) fn chosen_transport(&self, webhook_url: Option<&str>) -> Transport {
        match self.transport {
            Transport::Auto if self.app_token.is_some() && webhook_url.is_none() => {
                Transport::Socket
            }
            Transport::Auto => Transport::Http,
            chosen => chosen,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Discord {
    pub(crate) enabled: bool,
    pub(crate) bot_token: Option<Secret>,
    pub(crate) public_key: Option<Secret>,
    pub(crate) application_id: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) api_url: String,
}

impl Default for Discord {
    fn default() -> Self {
        Self {
            enabled: false,
            bot_token: None,
            public_key: None,
            application_id: None,
            transport: Transport::Auto,
            api_url: "https://discord.com/api/v10".into(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telegram {
    pub(crate) enabled: bool,
    pub(crate) bot_token: Option<Secret>,
    pub(crate) secret_token: Option<Secret>,
    pub(crate) transport: Transport,
    pub(crate) api_url: String,
}

impl Default for Telegram {
    fn default() -> Self {
        Self {
            enabled: false,
            bot_token: None,
            secret_token: None,
            transport: Transport::Auto,
            api_url: "https://api.telegram.org".into(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WhatsApp {
    pub(crate) enabled: bool,
    pub(crate) access_token: Option<Secret>,
    pub(crate) app_secret: Option<Secret>,
    pub(crate) phone_number_id: Option<String>,
    pub(crate) verify_token: Option<Secret>,
    pub(crate) api_url: String,
}

impl Default for WhatsApp {
    fn default() -> Self {
        Self {
            enabled: false,
            access_token: None,
            app_secret: None,
            phone_number_id: None,
            verify_token: None,
            api_url: "https://graph.facebook.com/v23.0".into(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Web {
    pub(crate) enabled: bool,
}
