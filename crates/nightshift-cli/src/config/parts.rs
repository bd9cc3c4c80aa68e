//! Which parts of the tree are in use: a variable that is missing elsewhere is merely absent.

use serde_yaml::Value;

use super::document::get;
use super::expand::{Environment, expand};
use super::key::KeyPath;
use super::keys::PLATFORMS;

/// The roots of everything that is not in use.
pub(crate) struct Parts {
    off: Vec<KeyPath>,
}

impl Parts {
    pub(crate) fn of(tree: &Value, environment: &Environment) -> Self {
        let look = Look { tree, environment };
        let mut off = Vec::new();
        let mut unless = |used: bool, path: &str| {
            if !used {
                off.push(KeyPath::of(path));
            }
        };
        let remote = look.flag("remote.enabled", Default::On);
        for platform in PLATFORMS {
            let section = format!("remote.trigger_service.platforms.{platform}");
            let used = remote && look.flag(&format!("{section}.enabled"), Default::Off);
            unless(used, &section);
            unless(used, &format!("remote.auth.platform_secrets.{platform}"));
        }
        let mode = look.text("remote.execution.mode");
        let mode = mode.as_deref().unwrap_or("local");
        unless(mode == "docker", "remote.execution.docker");
        unless(mode == "remote", "remote.execution.remote");
        let provider = look.text("remote.execution.cloud_provider");
        for cloud in ["gcp", "aws", "azure"] {
            let used = mode == "cloud" && provider.as_deref() == Some(cloud);
            unless(used, &format!("remote.execution.{cloud}"));
        }
        for method in ["jwt", "oauth2"] {
            unless(look.method(method), &format!("remote.auth.{method}"));
        }
        let database = look.text("remote.storage.database");
        let elsewhere = database.is_some_and(|database| database != "sqlite");
        for key in [
            "url",
            "password_file",
            "password_command",
            "notify_url",
            "replica",
        ] {
            unless(elsewhere, &format!("remote.storage.{key}"));
        }
        Self { off }
    }

    pub(crate) fn in_use(&self, path: &KeyPath) -> bool {
        !self.off.iter().any(|off| path.starts_with(off))
    }
}

/// What a flag is that is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Default {
    On,
    Off,
}

/// Reads the few keys that decide, before anything is checked.
struct Look<'a> {
    tree: &'a Value,
    environment: &'a Environment,
}

impl Look<'_> {
    fn value(&self, dotted: &str) -> Option<&Value> {
        get(self.tree, &dotted.split('.').collect::<Vec<_>>())
    }

    fn expanded(&self, text: &str) -> Option<String> {
        // The deciding keys are words; a file is not read for a look.
        let no_file = |_: &str| Err(std::io::ErrorKind::Unsupported.into());
        expand(text, self.environment, &no_file)
            .ok()
            .map(|done| done.text)
    }

    fn text(&self, dotted: &str) -> Option<String> {
        self.value(dotted)?
            .as_str()
            .and_then(|text| self.expanded(text))
    }

    fn flag(&self, dotted: &str, default: Default) -> bool {
        match self.value(dotted) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => {
                let text = self.expanded(text);
                text.and_then(|text| super::check::flag(&text))
                    .unwrap_or(default == Default::On)
            }
            _ => default == Default::On,
        }
    }

    fn method(&self, method: &str) -> bool {
        let is = |value: &Value| {
            let text = value.as_str().and_then(|text| self.expanded(text));
            text.as_deref() == Some(method)
        };
        match self.value("remote.auth.method") {
            Some(Value::Sequence(list)) => list.iter().any(is),
            Some(value) => is(value),
            None => false,
        }
    }
}
