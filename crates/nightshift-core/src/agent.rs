//! Agents as presets describe them: what to start, how the prompt goes in, how output is read.

use serde::{Deserialize, Serialize};

/// How the prompt reaches the program; never by its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum PromptBy {
    #[default]
    Stdin,
    /// Written to a file whose path is the last argument.
    File,
}

/// How the program's output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFormat {
    /// All of it is the answer.
    #[default]
    Text,
    ClaudeStreamJson,
    CodexJson,
}

/// What the attempt may reach on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    None,
    /// Everything: until an allow-list proxy exists, a preset with hosts gets this and says so.
    Open,
}

impl Network {
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
        }
    }
}

/// A program that does the work, with everything it needs inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSpec {
    pub name: String,
    /// Program and arguments, exactly; no shell ever sees them.
    pub argv: Vec<String>,
    pub prompt: PromptBy,
    pub output: OutputFormat,
    /// Hosts the program needs (its model's API); none means no network.
    pub hosts: Vec<String>,
    /// Files and folders with its credentials, relative to the service's home; read-only inside.
    pub credential_paths: Vec<String>,
    /// Variables passed on from our own environment, by name.
    pub env_pass: Vec<String>,
    /// Variables set to fixed values.
    pub env_set: std::collections::BTreeMap<String, String>,
    /// The argument that chooses a model, where the program has one: `--model`.
    pub model_flag: Option<String>,
    /// What to do when the program is missing; shown with `spawn_failed`.
    pub install_hint: String,
    /// For the estimate: US dollars per million tokens, blended over input and output.
    pub usd_per_mtok_micros: u64,
}

impl AgentSpec {
    pub fn network(&self) -> Network {
        if self.hosts.is_empty() {
            Network::None
        } else {
            Network::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(hosts: &[&str]) -> AgentSpec {
        AgentSpec {
            name: "echo".into(),
            argv: vec!["cat".into()],
            prompt: PromptBy::Stdin,
            output: OutputFormat::Text,
            hosts: hosts.iter().map(ToString::to_string).collect(),
            credential_paths: vec![],
            env_pass: vec![],
            env_set: std::collections::BTreeMap::new(),
            model_flag: None,
            install_hint: String::new(),
            usd_per_mtok_micros: 0,
        }
    }

    #[test]
    fn only_an_agent_that_names_hosts_reaches_the_network() {
        assert_eq!(agent(&[]).network(), Network::None);
        assert_eq!(agent(&["api.example.com"]).network(), Network::Open);
    }

    #[test]
    fn a_plan_names_the_network_as_the_configuration_does() {
        assert_eq!(Network::None.name(), "none");
        assert_eq!(Network::Open.name(), "open");
    }
}
