//! The configuration: found, read, filled in, checked, typed. Nothing else in the binary reads
//! the file, and nothing at all reads the environment but `main`, which hands it in.
//!
//! The way of a tree: text → values ([`document`]) → `NIGHTSHIFT__…` over it ([`environment`]) →
//! `${…}` filled in ([`fill`]) → platform secrets and the guide's variables under it → checked
//! against the one table of keys ([`check`], [`keys`]) → typed ([`section`]) → what the table
//! cannot say ([`rules`]). All problems of all steps are told together, with their lines.

mod check;
mod document;
mod environment;
pub(crate) mod expand;
mod fill;
mod key;
mod keys;
mod load;
mod locate;
mod ordered;
mod parts;
mod problem;
mod rules;
mod schema;
pub(crate) mod section;
pub(crate) mod size;
mod source;
mod suggest;
mod warnings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::time::Span;

pub(crate) use load::load_text;
pub(crate) use schema::schema;
pub(crate) use section::Config;
pub(crate) use source::load;

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Sentences about keys that are set and have no effect in this version.
    pub(crate) warnings: Vec<String>,
    pub(crate) sources: Sources,
    /// Secrets that stand where no key says so: in an argv, or out of a file.
    hidden: Vec<Secret>,
}

/// Where it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) file: Option<PathBuf>,
    /// Key to the variable that set it.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Loaded {
    /// Every secret of this configuration, for the scrubber.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.config.secrets();
        secrets.extend(self.hidden.iter().cloned());
        secrets
    }

    /// The whole tree with its defaults; secrets are `***`.
    pub(crate) fn redacted_yaml(&self) -> String {
        Scrubber::new(self.secrets()).text(&self.config.redacted_yaml())
    }
}

impl Config {
    /// Secrets at the keys that hold secrets.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let platforms = &self.remote.trigger_service.platforms;
        let auth = &self.remote.auth;
        let given = &auth.platform_secrets;
        let optional = [
            &platforms.slack.bot_token,
            &platforms.slack.signing_secret,
            &platforms.slack.app_token,
            &platforms.discord.bot_token,
            &platforms.discord.public_key,
            &platforms.telegram.bot_token,
            &platforms.telegram.secret_token,
            &platforms.whatsapp.access_token,
            &platforms.whatsapp.app_secret,
            &platforms.whatsapp.verify_token,
            &given.slack,
            &given.discord,
            &given.telegram,
            &given.whatsapp,
            &auth.jwt.secret,
            &auth.oauth2.client_secret,
            &self.remote.storage.url,
            &self.remote.storage.notify_url,
        ];
        let optional = optional.into_iter().flatten();
        let keys = auth.api_keys.0.iter().map(|(key, _)| key);
        let passwords = self.remote.storage.passwords();
        optional.chain(keys).cloned().chain(passwords).collect()
    }

    /// The whole tree with its defaults. Keys that hold secrets show `***`; secrets elsewhere
    /// are masked by [`Loaded::redacted_yaml`] only.
    fn redacted_yaml(&self) -> String {
        serde_yaml::to_string(self).unwrap_or_default()
    }

    /// Between TERM and KILL.
    pub(crate) fn stop_grace(&self) -> Span {
        let own = self.remote.execution.local.stop_grace;
        own.unwrap_or(self.remote.timers.stop_grace)
    }

    /// For a planner's answer.
    pub(crate) fn planning_timeout(&self) -> Span {
        let own = self.remote.planner.timeout;
        own.unwrap_or(self.remote.timers.planning)
    }
}
