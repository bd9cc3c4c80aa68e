//! `platforms.slack` of the configuration: keys, secrets, checks.

use nightshift_core::secret::Secret;
use nightshift_http::BaseUrl;
use serde::{Deserialize, Serialize};

/// The section as it is written. Nothing is checked before [`SlackConfig::check`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackConfig {
    pub enabled: bool,
    /// `xoxb-…`: posts, edits, uploads.
    pub bot_token: Option<Secret>,
    /// Proves that a webhook call comes from Slack.
    pub signing_secret: Option<Secret>,
    /// `xapp-…` with `connections:write`: opens Socket Mode.
    pub app_token: Option<Secret>,
    pub transport: Transport,
    pub api_url: String,
}

/// How deliveries come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Socket where there is an `app_token` and no `webhook_url`, else http.
    #[default]
    Auto,
    Http,
    Socket,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            bot_token: None,
            signing_secret: None,
            app_token: None,
            transport: Transport::Auto,
            api_url: "https://slack.com/api".to_owned(),
        }
    }
}

/// A key of the section cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    /// Relative to the section: `signing_secret`.
    pub key: &'static str,
    pub problem: String,
}

/// The section, checked.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) bot_token: Secret,
    /// `None` only with Socket Mode, where no webhook call is accepted.
    pub(crate) signing_secret: Option<Secret>,
    pub(crate) app_token: Option<Secret>,
    pub(crate) api: BaseUrl,
}

impl SlackConfig {
    /// The transport in use, given the server's public address.
    pub fn transport(&self, webhook_url: Option<&str>) -> Transport {
        match self.transport {
            Transport::Auto if webhook_url.is_none() && filled(self.app_token.as_ref()) => {
                Transport::Socket
            }
            Transport::Auto => Transport::Http,
            chosen => chosen,
        }
    }

    /// Whether the enabled platform can work with these keys; names the first that is wrong.
    pub fn check(&self, webhook_url: Option<&str>) -> Result<(), ConfigError> {
        self.checked(webhook_url).map(drop)
    }

    pub(crate) fn checked(&self, webhook_url: Option<&str>) -> Result<Checked, ConfigError> {
        let socket = self.transport(webhook_url) == Transport::Socket;
        let api = BaseUrl::parse("api_url", &self.api_url)
            .map_err(|bad| wrong("api_url", bad.problem))?;
        Ok(Checked {
            bot_token: needed("bot_token", self.bot_token.as_ref(), BOT_TOKEN)?,
            signing_secret: if socket && !filled(self.signing_secret.as_ref()) {
                None
            } else {
                let secret = self.signing_secret.as_ref();
                Some(needed("signing_secret", secret, SIGNING_SECRET)?)
            },
            app_token: if socket || filled(self.app_token.as_ref()) {
                Some(needed("app_token", self.app_token.as_ref(), APP_TOKEN)?)
            } else {
                None
            },
            api,
        })
    }
}

const BOT_TOKEN: &str = "the app's bot token, xoxb-… (OAuth & Permissions)";
const SIGNING_SECRET: &str = "the app's signing secret (Basic Information)";
const APP_TOKEN: &str = "an app-level token, xapp-…, with connections:write (Basic Information)";

fn filled(secret: Option<&Secret>) -> bool {
    secret.is_some_and(|secret| !secret.expose().trim().is_empty())
}

fn needed(
    key: &'static str,
    secret: Option<&Secret>,
    expected: &str,
) -> Result<Secret, ConfigError> {
    let Some(secret) = secret.filter(|secret| filled(Some(secret))) else {
        return Err(wrong(key, format!("is missing; expected {expected}")));
    };
    let text = secret.expose();
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let problem = format!("has white space inside; expected {expected}");
        return Err(wrong(key, problem));
    }
    Ok(secret.clone())
}

fn wrong(key: &'static str, problem: impl Into<String>) -> ConfigError {
    ConfigError {
        key,
        problem: problem.into(),
    }
}
