//! The one table of moves. Nothing else decides what a task may become.
//!
//! The store reads a task, asks [`TaskState::on`], and applies the answer with one conditional
//! update; what the [`Move`] lists is written in the same transaction.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Fence, RequestId, UserId};
use crate::notice::TaskNotice;

/// Where a task is, with what only that state knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    Planning,
    Staged { request: RequestId },
    Queued,
    Running { fence: Fence },
    Paused { fence: Fence },
    Cancelling { fence: Fence, by: Stopped },
    Completed,
    Failed { reason: Failure },
    Cancelled { by: Stopped },
    Expired,
}

/// Why a task failed; the word of the API's `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    ExitCode,
    Signal,
    Timeout,
    Lost,
    SpawnFailed,
    Budget,
    DiskQuota,
    IsolationUnavailable,
    Planner,
    TestsFailed,
    Provider,
    Quota,
}

impl Failure {
    pub const ALL: [Self; 12] = [
        Self::ExitCode,
        Self::Signal,
        Self::Timeout,
        Self::Lost,
        Self::SpawnFailed,
        Self::Budget,
        Self::DiskQuota,
        Self::IsolationUnavailable,
        Self::Planner,
        Self::TestsFailed,
        Self::Provider,
        Self::Quota,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::ExitCode => "exit_code",
            Self::Signal => "signal",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::SpawnFailed => "spawn_failed",
            Self::Budget => "budget",
            Self::DiskQuota => "disk_quota",
            Self::IsolationUnavailable => "isolation_unavailable",
            Self::Planner => "planner",
            Self::TestsFailed => "tests_failed",
            Self::Provider => "provider",
            Self::Quota => "quota",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

/// Who ended a task before its own end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    CancelledBy(UserId),
    RejectedBy(UserId),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CancelledBy(user) => write!(f, "cancelled_by {user}"),
            Self::RejectedBy(user) => write!(f, "rejected_by {user}"),
        }
    }
}

impl Stopped {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (verb, user) = text.split_once(' ')?;
        match verb {
            "cancelled_by" => Some(Self::CancelledBy(UserId::new(user))),
            "rejected_by" => Some(Self::RejectedBy(UserId::new(user))),
            _ => None,
        }
    }
}

/// What happens to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEvent {
    /// The planner that holds the fence has a plan; people are asked.
    Planned {
        fence: Fence,
        request: RequestId,
    },
    /// The planner that holds the fence has a plan, and a grant lets it through.
    PlannedAndGranted {
        fence: Fence,
    },
    PlanFailed {
        fence: Fence,
    },
    /// Somebody wants another plan.
    Revised,
    /// The request was granted; the caller won its compare-and-set.
    Granted {
        request: RequestId,
    },
    Rejected {
        request: RequestId,
        by: UserId,
    },
    /// The time to decide or to start has passed.
    Expired,
    /// An executor takes the task; `fence` is the raised one.
    Leased {
        fence: Fence,
    },
    /// It cannot start at all.
    LeaseRefused {
        reason: Failure,
    },
    /// Leased but not started in time: no attempt is spent.
    LeaseReturned {
        fence: Fence,
    },
    Completed {
        fence: Fence,
    },
    Failed {
        fence: Fence,
        reason: Failure,
    },
    /// A failure that may pass: back into the queue.
    Retryable {
        fence: Fence,
    },
    /// The lease ran out; `last` when this loss is one too many.
    Lost {
        fence: Fence,
        last: bool,
    },
    CancelAsked {
        by: UserId,
    },
    /// The executor stopped it as asked.
    StopConfirmed {
        fence: Fence,
    },
    Frozen {
        fence: Fence,
    },
    Thawed {
        fence: Fence,
    },
    /// An explicit second try after the end.
    Retried,
}

/// What becomes of the open approval request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEnd {
    Granted,
    Denied,
    Expired,
    Superseded,
}

impl RequestEnd {
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}

/// The new state, and what is written with it in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub to: TaskState,
    /// The approval request that was open before the move.
    pub request: Option<RequestEnd>,
    /// Messages for the origin conversation.
    pub notices: Vec<TaskNotice>,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMove {
    #[error("the task is not in a state for that")]
    WrongState,
    /// The event carries an old fence: a zombie speaks.
    #[error("the fence is not the current one")]
    Fenced,
    /// The event is about another approval request than the open one.
    #[error("another plan is current")]
    Stale,
}

impl TaskState {
    /// The state's word in the API, the database and the card.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Staged { .. } => "staged",
            Self::Queued => "queued",
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Cancelling { .. } => "cancelling",
            Self::Completed => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// All state words, in the order of a task's life.
    pub const NAMES: [&'static str; 10] = [
        "planning",
        "staged",
        "queued",
        "running",
        "paused",
        "cancelling",
        "completed",
        "failed",
        "cancelled",
        "expired",
    ];

    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Completed | Self::Failed { .. } | Self::Cancelled { .. } | Self::Expired => true,
            Self::Planning
            | Self::Staged { .. }
            | Self::Queued
            | Self::Running { .. }
            | Self::Paused { .. }
            | Self::Cancelling { .. } => false,
        }
    }

    /// The API's `reason`, where the state has one.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Failed { reason } => Some(reason.name().to_owned()),
            Self::Cancelled { by } | Self::Cancelling { by, .. } => Some(by.to_string()),
            Self::Planning
            | Self::Staged { .. }
            | Self::Queued
            | Self::Running { .. }
            | Self::Paused { .. }
            | Self::Completed
            | Self::Expired => None,
        }
    }

    /// The move that `event` makes from this state, or why it makes none.
    ///
    /// `current` is the task's fence: the last one given out.
    pub fn on(&self, current: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
        match self {
            Self::Planning => on_planning(current, event),
            Self::Staged { request } => on_staged(request, event),
            Self::Queued => on_queued(event),
            Self::Running { fence } => on_running(*fence, event),
            Self::Paused { fence } => on_paused(*fence, event),
            Self::Cancelling { fence, by } => on_cancelling(*fence, by, event),
            Self::Failed { .. } | Self::Expired => on_retriable(event),
            Self::Completed | Self::Cancelled { .. } => late(event),
        }
    }
}

fn to(to: TaskState, notices: &[TaskNotice]) -> Move {
    Move {
        to,
        request: None,
        notices: notices.to_vec(),
    }
}

fn closing(end: RequestEnd, next: TaskState, notices: &[TaskNotice]) -> Move {
    Move {
        request: Some(end),
        ..to(next, notices)
    }
}

fn holding(current: Fence, shown: Fence) -> Result<(), NoMove> {
    if current == shown {
        Ok(())
    } else {
        Err(NoMove::Fenced)
    }
}

fn on_planning(current: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Planned { fence, request } => holding(current, *fence).map(|()| {
            to(
                TaskState::Staged {
                    request: request.clone(),
                },
                &[TaskNotice::Card],
            )
        }),
        TaskEvent::PlannedAndGranted { fence } => {
            holding(current, *fence).map(|()| to(TaskState::Queued, &[TaskNotice::Card]))
        }
        TaskEvent::PlanFailed { fence } => holding(current, *fence).map(|()| {
            to(
                TaskState::Failed {
                    reason: Failure::Planner,
                },
                &[TaskNotice::Final, TaskNotice::Card],
            )
        }),
        TaskEvent::Expired => Ok(to(
            TaskState::Expired,
            &[TaskNotice::Final, TaskNotice::Card],
        )),
        TaskEvent::CancelAsked { by } => Ok(cancelled(by)),
        TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
        TaskEvent::LeaseReturned { .. }
        | TaskEvent::Completed { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retryable { .. }
        | TaskEvent::Lost { .. }
        | TaskEvent::StopConfirmed { .. }
        | TaskEvent::Frozen { .. }
        | TaskEvent::Thawed { .. } => Err(NoMove::Fenced),
    }
}

fn on_staged(open: &RequestId, event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Revised => {
            let notices = [TaskNotice::SupersededCard, TaskNotice::PlanningCard];
            Ok(closing(
                RequestEnd::Superseded,
                TaskState::Planning,
                &notices,
            ))
        }
        TaskEvent::Granted { request } if request == open => Ok(closing(
            RequestEnd::Granted,
            TaskState::Queued,
            &[TaskNotice::Card],
        )),
        TaskEvent::Rejected { request, by } if request == open => {
            let by = Stopped::RejectedBy(by.clone());
            let notices = [TaskNotice::Final, TaskNotice::Card];
            Ok(closing(
                RequestEnd::Denied,
                TaskState::Cancelled { by },
                &notices,
            ))
        }
        TaskEvent::Granted { .. } | TaskEvent::Rejected { .. } => Err(NoMove::Stale),
        TaskEvent::Expired => {
            let notices = [TaskNotice::Final, TaskNotice::Card];
            Ok(closing(RequestEnd::Expired, TaskState::Expired, &notices))
        }
        TaskEvent::CancelAsked { by } => Ok(Move {
            request: Some(RequestEnd::Superseded),
            ..cancelled(by)
        }),
        TaskEvent::Leased { .. } | TaskEvent::LeaseRefused { .. } | TaskEvent::Retried => {
            Err(NoMove::WrongState)
        }
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. }
        | TaskEvent::LeaseReturned { .. }
        | TaskEvent::Completed { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retryable { .. }
        | TaskEvent::Lost { .. }
        | TaskEvent::StopConfirmed { .. }
        | TaskEvent::Frozen { .. }
        | TaskEvent::Thawed { .. } => Err(NoMove::Fenced),
    }
}

fn on_queued(event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Leased { fence } => Ok(to(
            TaskState::Running { fence: *fence },
            &[TaskNotice::Card],
        )),
        TaskEvent::LeaseRefused { reason } => Ok(failed(*reason)),
        TaskEvent::Expired => Ok(to(
            TaskState::Expired,
            &[TaskNotice::Final, TaskNotice::Card],
        )),
        TaskEvent::CancelAsked { by } => Ok(cancelled(by)),
        TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. }
        | TaskEvent::LeaseReturned { .. }
        | TaskEvent::Completed { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retryable { .. }
        | TaskEvent::Lost { .. }
        | TaskEvent::StopConfirmed { .. }
        | TaskEvent::Frozen { .. }
        | TaskEvent::Thawed { .. } => Err(NoMove::Fenced),
    }
}

fn on_running(held: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::LeaseReturned { fence } => {
            holding(held, *fence).map(|()| to(TaskState::Queued, &[TaskNotice::Card]))
        }
        // It has begun and will begin again: as much to be said as of a loss.
        TaskEvent::Retryable { fence } => holding(held, *fence).map(|()| lost(false)),
        TaskEvent::Completed { fence } => holding(held, *fence).map(|()| completed()),
        TaskEvent::Failed { fence, reason } => holding(held, *fence).map(|()| failed(*reason)),
        TaskEvent::Lost { fence, last } => holding(held, *fence).map(|()| lost(*last)),
        TaskEvent::Frozen { fence } => holding(held, *fence)
            .map(|()| to(TaskState::Paused { fence: held }, &[TaskNotice::Card])),
        TaskEvent::CancelAsked { by } => Ok(cancelling(held, by)),
        TaskEvent::Thawed { fence } | TaskEvent::StopConfirmed { fence } => {
            holding(held, *fence).and(Err(NoMove::WrongState))
        }
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. } => Err(NoMove::Fenced),
        TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Expired
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
    }
}

fn on_paused(held: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Thawed { fence } => holding(held, *fence)
            .map(|()| to(TaskState::Running { fence: held }, &[TaskNotice::Card])),
        TaskEvent::Completed { fence } => holding(held, *fence).map(|()| completed()),
        TaskEvent::Failed { fence, reason } => holding(held, *fence).map(|()| failed(*reason)),
        TaskEvent::Lost { fence, last } => holding(held, *fence).map(|()| lost(*last)),
        TaskEvent::CancelAsked { by } => Ok(cancelling(held, by)),
        TaskEvent::Frozen { fence }
        | TaskEvent::Retryable { fence }
        | TaskEvent::LeaseReturned { fence }
        | TaskEvent::StopConfirmed { fence } => holding(held, *fence).and(Err(NoMove::WrongState)),
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. } => Err(NoMove::Fenced),
        TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Expired
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
    }
}

fn on_cancelling(held: Fence, by: &Stopped, event: &TaskEvent) -> Result<Move, NoMove> {
    let stopped = || {
        let notices = [TaskNotice::Final, TaskNotice::Card];
        to(TaskState::Cancelled { by: by.clone() }, &notices)
    };
    match event {
        // A lost attempt has nobody left to confirm the stop: the lease's end does.
        TaskEvent::StopConfirmed { fence }
        | TaskEvent::Lost { fence, .. }
        | TaskEvent::LeaseReturned { fence }
        | TaskEvent::Retryable { fence } => holding(held, *fence).map(|()| stopped()),
        // The finish beat the cancel: it stands, and the final message says so.
        TaskEvent::Completed { fence } => holding(held, *fence).map(|()| completed()),
        TaskEvent::Failed { fence, reason } => holding(held, *fence).map(|()| failed(*reason)),
        TaskEvent::Frozen { fence } | TaskEvent::Thawed { fence } => {
            holding(held, *fence).and(Err(NoMove::WrongState))
        }
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. } => Err(NoMove::Fenced),
        TaskEvent::CancelAsked { .. }
        | TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Expired
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
    }
}

fn on_retriable(event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Retried => {
            let notices = [TaskNotice::Card, TaskNotice::PlanningCard];
            Ok(to(TaskState::Planning, &notices))
        }
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. }
        | TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Expired
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::LeaseReturned { .. }
        | TaskEvent::Completed { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retryable { .. }
        | TaskEvent::Lost { .. }
        | TaskEvent::CancelAsked { .. }
        | TaskEvent::StopConfirmed { .. }
        | TaskEvent::Frozen { .. }
        | TaskEvent::Thawed { .. } => late(event),
    }
}

/// Nothing leaves a terminal state; who still holds a fence is told it is an old one.
fn late(event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Planned { .. }
        | TaskEvent::PlannedAndGranted { .. }
        | TaskEvent::PlanFailed { .. }
        | TaskEvent::LeaseReturned { .. }
        | TaskEvent::Completed { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retryable { .. }
        | TaskEvent::Lost { .. }
        | TaskEvent::StopConfirmed { .. }
        | TaskEvent::Frozen { .. }
        | TaskEvent::Thawed { .. } => Err(NoMove::Fenced),
        TaskEvent::Revised
        | TaskEvent::Granted { .. }
        | TaskEvent::Rejected { .. }
        | TaskEvent::Expired
        | TaskEvent::Leased { .. }
        | TaskEvent::LeaseRefused { .. }
        | TaskEvent::CancelAsked { .. }
        | TaskEvent::Retried => Err(NoMove::WrongState),
    }
}

fn completed() -> Move {
    to(TaskState::Completed, &[TaskNotice::Final, TaskNotice::Card])
}

fn failed(reason: Failure) -> Move {
    to(
        TaskState::Failed { reason },
        &[TaskNotice::Final, TaskNotice::Card],
    )
}

fn lost(last: bool) -> Move {
    if last {
        failed(Failure::Lost)
    } else {
        to(
            TaskState::Queued,
            &[TaskNotice::Card, TaskNotice::LostAttempt],
        )
    }
}

/// Nothing runs yet: the card says it all.
fn cancelled(by: &UserId) -> Move {
    let by = Stopped::CancelledBy(by.clone());
    to(TaskState::Cancelled { by }, &[TaskNotice::Card])
}

fn cancelling(fence: Fence, by: &UserId) -> Move {
    let by = Stopped::CancelledBy(by.clone());
    to(TaskState::Cancelling { fence, by }, &[TaskNotice::Card])
}

#[cfg(test)]
mod tests;
