//! The sections `remote.execution.local` and `remote.execution.agents.<name>`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nightshift_core::agent::{AgentSpec, OutputFormat, PromptBy};
use nightshift_core::time::Span;
use serde::{Deserialize, Serialize};

use crate::presets::presets;

/// `remote.execution.local.isolation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Bubblewrap where it works, else Landlock, else refused; never none.
    #[default]
    Auto,
    Bwrap,
    Landlock,
    None,
}

/// `remote.execution.local`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalSection {
    /// The agent for tasks that name none.
    pub agent: String,
    pub isolation: Isolation,
    /// Where attempts have their directories; `~` is the service's home.
    pub working_dir: PathBuf,
    pub max_concurrent_tasks: u32,
    /// Between TERM and KILL.
    pub stop_grace: Span,
}

impl Default for LocalSection {
    fn default() -> Self {
        Self {
            agent: "claude-code".to_owned(),
            isolation: Isolation::Auto,
            working_dir: PathBuf::from("~/nightshift-work"),
            max_concurrent_tasks: 4,
            stop_grace: Span(Duration::from_secs(10)),
        }
    }
}

impl LocalSection {
    pub fn check(&self) -> Result<(), ConfigError> {
        let key = "remote.execution.local";
        if self.max_concurrent_tasks == 0 {
            return Err(ConfigError::new(
                &format!("{key}.max_concurrent_tasks"),
                "expected at least 1",
            ));
        }
        if !self.working_dir.is_absolute() && !self.working_dir.starts_with("~") {
            return Err(ConfigError::new(
                &format!("{key}.working_dir"),
                "expected an absolute path or one below `~`",
            ));
        }
        Ok(())
    }

    /// The working directory with `~` replaced.
    pub fn working_dir_in(&self, home: &Path) -> PathBuf {
        match self.working_dir.strip_prefix("~") {
            Ok(below) => home.join(below),
            Err(_) => self.working_dir.clone(),
        }
    }
}

/// `remote.execution.agents.<name>`: for a preset's name what differs from the preset, else a
/// whole agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentSection {
    pub command: Option<Vec<String>>,
    pub prompt: Option<PromptBy>,
    pub output: Option<OutputFormat>,
    pub hosts: Option<Vec<String>>,
    pub credential_paths: Option<Vec<String>>,
    /// Variables with fixed values.
    pub env: BTreeMap<String, String>,
    /// Variables passed on from the service's environment.
    pub env_pass: Option<Vec<String>>,
    pub model_flag: Option<String>,
    pub install_hint: Option<String>,
    /// For the estimate: US dollars per million tokens.
    pub usd_per_mtok: Option<f64>,
}

/// A value of the configuration that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    pub key: String,
    pub message: String,
}

impl ConfigError {
    fn new(key: &str, message: &str) -> Self {
        Self {
            key: key.to_owned(),
            message: message.to_owned(),
        }
    }
}

impl AgentSection {
    /// The agent that `remote.execution.agents.<name>` describes.
    pub fn resolve(&self, name: &str) -> Result<AgentSpec, ConfigError> {
        let preset = presets().into_iter().find(|preset| preset.name == name);
        let at = |field: &str| format!("remote.execution.agents.{name}.{field}");
        let base = match (preset, &self.command) {
            (Some(preset), _) => preset,
            (None, Some(_)) => custom(name),
            (None, None) => {
                let known: Vec<_> = presets().into_iter().map(|preset| preset.name).collect();
                let message = format!(
                    "expected the program and its arguments; only {} are known without",
                    known.join(" and ")
                );
                return Err(ConfigError::new(&at("command"), &message));
            }
        };
        let spec = self.over(base);
        check(&spec, at)?;
        if self
            .usd_per_mtok
            .is_some_and(|usd| !usd.is_finite() || usd < 0.0)
        {
            return Err(ConfigError::new(&at("usd_per_mtok"), "expected 0 or more"));
        }
        Ok(spec)
    }

    fn over(&self, base: AgentSpec) -> AgentSpec {
        let mut env_set = base.env_set;
        env_set.extend(self.env.clone());
        AgentSpec {
            name: base.name,
            argv: self.command.clone().unwrap_or(base.argv),
            prompt: self.prompt.unwrap_or(base.prompt),
            output: self.output.unwrap_or(base.output),
            hosts: self.hosts.clone().unwrap_or(base.hosts),
            credential_paths: self
                .credential_paths
                .clone()
                .unwrap_or(base.credential_paths),
            env_pass: self.env_pass.clone().unwrap_or(base.env_pass),
            env_set,
            model_flag: self.model_flag.clone().or(base.model_flag),
            install_hint: self.install_hint.clone().unwrap_or(base.install_hint),
            usd_per_mtok_micros: self
                .usd_per_mtok
                .map_or(base.usd_per_mtok_micros, |usd| (usd * 1e6).round() as u64),
        }
    }
}

fn custom(name: &str) -> AgentSpec {
    AgentSpec {
        name: name.to_owned(),
        argv: Vec::new(),
        prompt: PromptBy::default(),
        output: OutputFormat::default(),
        hosts: Vec::new(),
        credential_paths: Vec::new(),
        env_pass: Vec::new(),
        env_set: BTreeMap::new(),
        model_flag: None,
        install_hint: format!("Correct `command` of remote.execution.agents.{name}."),
        usd_per_mtok_micros: 0,
    }
}

fn check(spec: &AgentSpec, at: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    if spec.argv.first().is_none_or(String::is_empty) {
        return Err(ConfigError::new(
            &at("command"),
            "expected the program and its arguments",
        ));
    }
    if spec.argv.iter().any(|arg| arg.contains('\0')) {
        return Err(ConfigError::new(&at("command"), "contains a NUL byte"));
    }
    let leaves_home = |path: &&String| {
        let path = Path::new(path.as_str());
        path.components().next().is_none()
            || !path
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    if let Some(path) = spec.credential_paths.iter().find(leaves_home) {
        let message = format!("`{path}` is not a path below the service's home");
        return Err(ConfigError::new(&at("credential_paths"), &message));
    }
    let bad_name = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
    if let Some(name) = spec.env_set.keys().chain(&spec.env_pass).find(bad_name) {
        let message = format!("`{name}` is not the name of a variable");
        return Err(ConfigError::new(&at("env"), &message));
    }
    if spec.env_set.values().any(|value| value.contains('\0')) {
        return Err(ConfigError::new(&at("env"), "a value contains a NUL byte"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
