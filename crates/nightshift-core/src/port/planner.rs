//! From an ask to a draft of a plan.

use async_trait::async_trait;

use crate::agent::AgentSpec;
use crate::error::Source;
use crate::id::{Fence, TaskId};
use crate::plan::{Draft, History, Limits};
use crate::task::{NamedCommand, TaskKind, Wishes};

/// What a planner is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    pub task: TaskId,
    /// Of the planning lease: a planner that starts a program names its work by it.
    pub fence: Fence,
    pub kind: TaskKind,
    /// The person's own words; untrusted.
    pub text: String,
    pub wishes: Wishes,
    /// Feedback of all revisions, oldest first; untrusted.
    pub feedback: Vec<String>,
    /// The agent that would do the work, for `TaskKind::Agent`.
    pub agent: Option<AgentSpec>,
    pub command: Option<CommandPlan>,
    /// Path of the project's directory, where one was named.
    pub project_dir: Option<String>,
    pub executor: String,
    /// Where the attempt would work; shown on the card.
    pub workspace: String,
    /// This installation's own past, for the estimate.
    pub history: History,
    pub limits: Limits,
}

/// A named command with its arguments already checked and filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPlan {
    pub call: NamedCommand,
    pub argv: Vec<String>,
    pub description: String,
    pub timeout_s: u64,
    pub risk: String,
    pub hosts: Vec<String>,
}

/// No plan could be made; the message is for the person who asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PlannerError {
    pub message: String,
    #[source]
    pub source: Option<Source>,
}

/// Makes drafts. What it returns is untrusted; `Plan::check` decides.
#[async_trait]
pub trait Planner: Send + Sync {
    /// - Asking twice is allowed and changes nothing outside.
    /// - Never runs inside a webhook request.
    async fn plan(&self, ask: &Ask) -> Result<Draft, PlannerError>;
}
