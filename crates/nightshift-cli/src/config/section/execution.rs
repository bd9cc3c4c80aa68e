//! `remote.execution`: where and by what tasks are run.

use std::collections::BTreeMap;

use nightshift_core::agent::{OutputFormat, PromptBy};
use nightshift_core::command::run::{ArgKind, ArgSpec, CommandSpec, whole};
use nightshift_core::plan::Risk;
use nightshift_core::secret::Secret;
use nightshift_core::time::Span;
use serde::{Deserialize, Serialize};

use super::cloud::{Aws, Azure, Docker, Gcp, Runners};
use crate::config::ordered::Ordered;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Execution {
    pub(crate) mode: Mode,
    pub(crate) cloud_provider: Option<CloudProvider>,
    pub(crate) local: Local,
    pub(crate) docker: Docker,
    pub(crate) remote: Runners,
    pub(crate) gcp: Gcp,
    pub(crate) aws: Aws,
    pub(crate) azure: Azure,
    pub(crate) agents: BTreeMap<String, Agent>,
    pub(crate) commands: BTreeMap<String, Command>,
    pub(crate) projects: BTreeMap<String, Project>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    #[default]
    Local,
    Docker,
    Remote,
    Cloud,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CloudProvider {
    Gcp,
    Aws,
    Azure,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Local {
    pub(crate) agent: String,
    pub(crate) isolation: Isolation,
    pub(crate) working_dir: String,
    pub(crate) max_concurrent_tasks: usize,
    /// `None`: `timers.stop_grace`.
    pub(crate) stop_grace: Option<Span>,
}

impl Default for Local {
    fn default() -> Self {
        Self {
            agent: "claude-code".into(),
            isolation: Isolation::Auto,
            working_dir: "~/nightshift-work".into(),
            max_concurrent_tasks: 4,
            stop_grace: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Isolation {
    /// Bubblewrap where present, else Landlock, else refused: never none.
    #[default]
    Auto,
    Bwrap,
    Landlock,
    None,
}

/// What the file says of an agent; what it leaves out is the preset's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) command: Option<Vec<String>>,
    pub(crate) prompt: Option<PromptBy>,
    pub(crate) output: Option<OutputFormat>,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) credential_paths: Option<Vec<String>>,
    pub(crate) env: BTreeMap<String, Secret>,
    pub(crate) env_pass: Option<Vec<String>>,
    pub(crate) model_flag: Option<String>,
    pub(crate) install_hint: Option<String>,
    pub(crate) usd_per_mtok: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Command {
    pub(crate) description: String,
    pub(crate) argv: Vec<String>,
    pub(crate) args: Ordered<Arg>,
    /// `None`: `timers.task`.
    pub(crate) timeout: Option<Span>,
    pub(crate) risk: Risk,
    pub(crate) hosts: Vec<String>,
}

impl Default for Command {
    fn default() -> Self {
        Self {
            description: String::new(),
            argv: Vec::new(),
            args: Ordered::default(),
            timeout: None,
            // Whoever says nothing about the risk has not thought about it.
            risk: Risk::Medium,
            hosts: Vec::new(),
        }
    }
}

impl Command {
    /// The command as the grammar knows it; the sentence says which pattern does not compile.
    pub(crate) fn spec(&self, name: &str, timers_task: Span) -> Result<CommandSpec, String> {
        let mut args = Vec::new();
        for (arg_name, arg) in &self.args.0 {
            args.push((arg_name.clone(), arg.spec()?));
        }
        Ok(CommandSpec {
            name: name.to_owned(),
            description: self.description.clone(),
            argv: self.argv.clone(),
            args,
            timeout_s: self.timeout.unwrap_or(timers_task).0.as_secs().max(1),
            risk: self.risk.name().to_owned(),
            hosts: self.hosts.clone(),
        })
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Arg {
    #[serde(rename = "type")]
    pub(crate) kind: ArgType,
    pub(crate) pattern: Option<String>,
    pub(crate) choices: Vec<String>,
    pub(crate) default: Option<String>,
}

impl Arg {
    pub(crate) fn spec(&self) -> Result<ArgSpec, String> {
        let pattern = match &self.pattern {
            Some(text) => Some(whole(text).map_err(|_| "is no regular expression".to_owned())?),
            None => None,
        };
        Ok(ArgSpec {
            kind: match self.kind {
                ArgType::String => ArgKind::Text,
                ArgType::Integer => ArgKind::Integer,
                ArgType::Number => ArgKind::Number,
                ArgType::Boolean => ArgKind::Flag,
            },
            pattern,
            choices: self.choices.clone(),
            default: self.default.clone(),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArgType {
    #[default]
    String,
    Integer,
    Number,
    Boolean,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Project {
    pub(crate) path: String,
    pub(crate) test: Option<Vec<String>>,
    pub(crate) default_agent: Option<String>,
}
