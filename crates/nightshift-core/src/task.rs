//! What was asked: a task, its attempt, its result.

pub mod state;

use serde::{Deserialize, Serialize};

use crate::approval::RequestView;
use crate::chat::Conversation;
use crate::id::{Fence, TaskId, UserId};
use crate::plan::Plan;
use crate::time::Timestamp;
pub use state::{Failure, Move, Stopped, TaskEvent, TaskState};

/// The kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A prompt for an AI agent.
    Agent,
    /// A named command of the configuration.
    Command,
}

impl TaskKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Command => "command",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "agent" => Some(Self::Agent),
            "command" => Some(Self::Command),
            _ => None,
        }
    }
}

/// What the asker wished beyond the text; every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    pub agent: Option<String>,
    pub model: Option<String>,
    pub project: Option<String>,
    pub executor: Option<String>,
    /// A directory the agent may write to, beside its own.
    pub dir: Option<String>,
    /// Seconds.
    pub timeout_s: Option<u64>,
    /// US dollars.
    pub max_cost_usd: Option<f64>,
    /// Start without a click; needs the permission `auto_approve`.
    pub auto_approve: bool,
    /// The named command and its arguments, for `TaskKind::Command`.
    pub command: Option<NamedCommand>,
    pub callback_url: Option<String>,
}

/// `run NAME key=value …` as parsed; checked against the command's schema before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCommand {
    pub name: String,
    pub args: std::collections::BTreeMap<String, String>,
}

/// What was really used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub tokens: u64,
    pub usd: f64,
    pub seconds: f64,
}

/// A file that the agent left in its output directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Relative to the output directory, `/` between parts; never absolute, never `..`.
    pub path: String,
    pub change: String,
    pub bytes: u64,
}

/// What came out of the last attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// The agent's answer; untrusted text.
    pub text: String,
    pub exit_code: Option<i32>,
    pub files: Vec<ResultFile>,
}

/// The current or last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// Counts executions of this task, from 1.
    pub number: u32,
    pub fence: Fence,
    pub executor: String,
    pub runner: Option<String>,
    /// The server whose process it is, where several share a database.
    pub replica: Option<String>,
    /// `bwrap`, `landlock` or `none`; unknown until started.
    pub isolation: Option<String>,
    pub leased_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// The agent's own session, to continue it.
    pub session: Option<String>,
    /// The step the agent is at, for the card.
    pub step: Option<String>,
    /// Set: its output was kept long enough, and is gone.
    pub log_dropped_at: Option<Timestamp>,
}

/// A task with everything that a card, a page or the API shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: TaskId,
    pub kind: TaskKind,
    pub state: TaskState,
    /// The last fence given out.
    pub fence: Fence,
    /// Losses so far; three end in `failed(lost)`.
    pub lost_count: u32,
    /// A sentence about the reason: what to install, why it was rejected.
    pub detail: Option<String>,
    pub description: String,
    pub wishes: Wishes,
    pub owner: UserId,
    /// Where it came from; `None` for the API and the command line.
    pub origin: Option<Conversation>,
    /// Counts plans, from 1; `plan` is the one with this number.
    pub plan_no: u32,
    pub plan: Option<Plan>,
    pub approval: Option<RequestView>,
    pub attempt: Option<AttemptView>,
    pub usage: Usage,
    pub result: Option<TaskResult>,
    pub created_at: Timestamp,
    pub queued_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::TaskKind;

    #[test]
    fn kinds_are_read_by_their_names() {
        for name in ["agent", "command"] {
            assert_eq!(TaskKind::from_name(name).unwrap().name(), name);
        }
        assert_eq!(TaskKind::from_name("other"), None);
    }
}
