//! A task as the API shows it.

use nightshift_core::approval::RequestView;
use nightshift_core::chat::Conversation;
use nightshift_core::id::{Fence, TaskId, UserId};
use nightshift_core::plan::Plan;
use nightshift_core::task::{AttemptView, Task, TaskKind, TaskResult, Usage};
use nightshift_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /api/v1/tasks/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    /// `task_7k2m9q4x`.
    pub task_id: TaskId,
    /// `agent` or `command`.
    pub kind: TaskKind,
    /// The state's word.
    pub status: String,
    /// Why it failed or who ended it.
    pub reason: Option<String>,
    /// A sentence about the reason.
    #[serde(default)]
    pub detail: Option<String>,
    /// What was asked.
    pub description: String,
    /// Who asked.
    pub user: UserId,
    /// The conversation it came from; `null` for the API and the command line.
    pub origin: Option<Conversation>,
    /// The current plan.
    pub plan: Option<Plan>,
    /// Counts plans, from 1.
    #[serde(default)]
    pub plan_no: u32,
    /// The question put to people about the current plan.
    pub approval: Option<RequestView>,
    /// The current or last attempt.
    pub attempt: Option<Attempt>,
    /// The agent's own session.
    #[serde(default)]
    pub session: Option<String>,
    /// 1 for the next to start; only of a queued task, and only where it is asked for alone.
    #[serde(default)]
    pub queue_position: Option<u32>,
    /// What was really used.
    pub usage: Usage,
    /// What came out of it.
    pub result: Option<TaskResult>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was let through.
    pub queued_at: Option<Timestamp>,
    /// When the program started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// One try to run a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts executions, from 1.
    pub number: u32,
    /// Only grows; work with an old one is refused.
    pub fence: Fence,
    /// How it runs.
    pub executor: String,
    /// The machine, where it is another one.
    pub runner: Option<String>,
    /// The server whose process it is, where several share a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// When the program started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// The sandbox it has; unknown until started.
    pub isolation: Option<String>,
    /// What the agent is doing now; untrusted.
    #[serde(default)]
    pub step: Option<String>,
}

impl From<&AttemptView> for Attempt {
    fn from(attempt: &AttemptView) -> Self {
        Self {
            number: attempt.number,
            fence: attempt.fence,
            executor: attempt.executor.clone(),
            runner: attempt.runner.clone(),
            replica: attempt.replica.clone(),
            started_at: attempt.started_at,
            finished_at: attempt.finished_at,
            isolation: attempt.isolation.clone(),
            step: attempt.step.clone(),
        }
    }
}

impl From<&Task> for TaskView {
    fn from(task: &Task) -> Self {
        let attempt = task.attempt.as_ref();
        Self {
            task_id: task.id.clone(),
            kind: task.kind,
            status: task.state.name().to_owned(),
            reason: task.state.reason(),
            detail: task.detail.clone(),
            description: task.description.clone(),
            user: task.owner.clone(),
            origin: task.origin.clone(),
            plan: task.plan.clone(),
            plan_no: task.plan_no,
            approval: task.approval.clone(),
            attempt: attempt.map(Attempt::from),
            session: attempt.and_then(|attempt| attempt.session.clone()),
            queue_position: None,
            usage: task.usage,
            result: task.result.clone(),
            created_at: task.created_at,
            queued_at: task.queued_at,
            started_at: task.started_at,
            completed_at: task.completed_at,
        }
    }
}

#[cfg(test)]
mod tests;
