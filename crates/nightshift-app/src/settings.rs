//! What the configuration decides, in the words of the core.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use nightshift_core::agent::AgentSpec;
use nightshift_core::approval::Rule;
use nightshift_core::command::Grammar;
use nightshift_core::command::run::CommandSpec;
use nightshift_core::id::{Platform, UserId};
use nightshift_core::plan::Limits;
use nightshift_core::secret::Scrubber;
use nightshift_core::user::Directory;

/// A project of the configuration.
#[derive(Debug, Clone)]
pub struct Project {
    pub path: PathBuf,
    pub default_agent: Option<String>,
}

/// A place that the configuration names: `slack:C0ALERT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub platform: Platform,
    pub id: String,
}

/// Timers, each with its default in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Timers {
    pub lease: Duration,
    pub heartbeat: Duration,
    /// From the lease of an attempt to the start of its program.
    pub start_within: Duration,
    pub stop_grace: Duration,
    pub planning: Duration,
    pub approval_expires: Duration,
    /// Silence towards a stranger after the one polite word.
    pub stranger_silence: Duration,
    /// A plan that takes longer than this gets a "planning" card first.
    pub planning_card: Duration,
    /// How long a question waits for its answer.
    pub question: Duration,
    /// For everything to end when the service stops.
    pub shutdown: Duration,
    /// Before a request expires its people are reminded; nobody is where it is zero.
    pub approval_reminder: Duration,
    /// Between two looks of the auditor; it does not look where it is zero.
    pub self_check: Duration,
}

/// Builds for development audit themselves.
pub const SELF_CHECK: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(60)
} else {
    Duration::ZERO
};

impl Default for Timers {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            heartbeat: Duration::from_secs(10),
            start_within: Duration::from_secs(15),
            stop_grace: Duration::from_secs(10),
            planning: Duration::from_secs(120),
            approval_expires: Duration::from_secs(24 * 3600),
            stranger_silence: Duration::from_secs(24 * 3600),
            planning_card: Duration::from_secs(1),
            question: Duration::from_secs(600),
            shutdown: Duration::from_secs(25),
            approval_reminder: Duration::from_secs(12 * 3600),
            self_check: SELF_CHECK,
        }
    }
}

/// How long what is past is kept; for ever where it is zero.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Tasks at their end, with all that belongs to them.
    pub tasks: Duration,
    /// What attempts wrote.
    pub output: Duration,
    /// Events about no task.
    pub events: Duration,
    /// Messages about no task, in the outbox.
    pub messages: Duration,
    /// Messages of the built-in page.
    pub page: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for Retention {
    fn default() -> Self {
        Self {
            tasks: DAY * 365,
            output: DAY * 30,
            events: DAY * 90,
            messages: DAY * 30,
            page: DAY * 90,
        }
    }
}

/// Everything that is fixed while the service runs.
#[derive(Debug, Clone)]
pub struct Settings {
    pub directory: Directory,
    /// SHA-256 (hex) of each API key → its user.
    pub api_keys: BTreeMap<String, UserId>,
    pub agents: BTreeMap<String, AgentSpec>,
    pub default_agent: String,
    pub commands: BTreeMap<String, CommandSpec>,
    pub projects: BTreeMap<String, Project>,
    pub default_executor: String,
    /// Where attempts get their workspaces; shown in plans.
    pub working_dir: PathBuf,
    /// Result files, by task and fence.
    pub results_dir: PathBuf,
    pub max_concurrent: usize,
    pub rule: Rule,
    pub limits: Limits,
    pub output_limit: u64,
    pub result_file_limit: u64,
    /// Files up to this many bytes are uploaded to the conversation; the rest is listed.
    pub upload_limit: u64,
    pub timers: Timers,
    /// Where the operators hear of what they should look at.
    pub alert: Vec<Channel>,
    pub retention: Retention,
    pub scrubber: Scrubber,
    /// Names this life of the server; leases of other lives are void.
    pub holder: String,
    /// On loopback and in the demo: who has no key acts as this user.
    pub open_api: Option<nightshift_core::user::User>,
}

impl Settings {
    pub fn grammar(&self) -> Grammar {
        Grammar {
            commands: self.commands.keys().cloned().collect(),
        }
    }
}
