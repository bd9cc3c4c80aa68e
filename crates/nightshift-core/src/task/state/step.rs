//! One move: the new state, and all that is written in the transaction that makes it.

use super::{Failure, Stopped, TaskState};
use crate::id::{Fence, UserId};
use crate::notice::TaskNotice;

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

/// What a move does to the task's approval request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStep {
    /// A question is put to people.
    Asked,
    /// A grant answered it before it was put.
    LetThrough,
    /// The open one is decided.
    Decided(RequestEnd),
}

impl RequestStep {
    /// The state of the request after the move.
    pub fn state(self) -> &'static str {
        match self {
            Self::Asked => "open",
            Self::LetThrough => RequestEnd::Granted.name(),
            Self::Decided(end) => end.name(),
        }
    }

    /// The kind of the event that tells of it; a superseded one is told of by the next.
    pub fn event(self) -> Option<&'static str> {
        match self {
            Self::Asked => Some("approval.requested"),
            Self::LetThrough | Self::Decided(RequestEnd::Granted) => Some("approval.granted"),
            Self::Decided(RequestEnd::Denied) => Some("approval.denied"),
            Self::Decided(RequestEnd::Expired) => Some("approval.expired"),
            Self::Decided(RequestEnd::Superseded) => None,
        }
    }
}

/// What a move does to the task's attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptStep {
    Leased,
    Completed,
    Failed(Failure),
    /// It failed in a way that may pass.
    Retryable,
    /// Its lease ran out.
    Lost,
    /// It was handed back before it did anything.
    Returned,
    /// It was stopped as asked.
    Stopped,
}

impl AttemptStep {
    /// What the attempt's row says when it is over; `None` while it is not.
    pub fn outcome(self) -> Option<&'static str> {
        match self {
            Self::Leased => None,
            Self::Completed => Some("completed"),
            Self::Failed(reason) => Some(reason.name()),
            Self::Retryable => Some("retryable"),
            Self::Lost => Some("lost"),
            Self::Returned => Some("returned"),
            Self::Stopped => Some("stopped"),
        }
    }

    /// The kind of the event that tells of it.
    pub fn event(self) -> &'static str {
        match self {
            Self::Leased => "attempt.leased",
            Self::Lost => "attempt.lost",
            Self::Completed
            | Self::Failed(_)
            | Self::Retryable
            | Self::Returned
            | Self::Stopped => "attempt.finished",
        }
    }
}

/// The new state, and what is written with it in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub to: TaskState,
    pub request: Option<RequestStep>,
    pub attempt: Option<AttemptStep>,
    /// The action in the audit, where a person's decision caused it.
    pub audit: Option<&'static str>,
    /// Messages for the origin conversation.
    pub notices: Vec<TaskNotice>,
}

impl Move {
    /// Kinds of the events that the move writes, in their order.
    pub fn events(&self) -> Vec<String> {
        let request = self.request.and_then(RequestStep::event);
        let attempt = self.attempt.map(AttemptStep::event);
        let beside = [request, attempt].into_iter().flatten();
        beside.map(str::to_owned).chain([self.to.event()]).collect()
    }
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

pub(super) fn to(to: TaskState, notices: &[TaskNotice]) -> Move {
    Move {
        to,
        request: None,
        attempt: None,
        audit: None,
        notices: notices.to_vec(),
    }
}

pub(super) fn closing(end: RequestEnd, next: TaskState, notices: &[TaskNotice]) -> Move {
    Move {
        request: Some(RequestStep::Decided(end)),
        ..to(next, notices)
    }
}

pub(super) fn holding(current: Fence, shown: Fence) -> Result<(), NoMove> {
    if current == shown {
        Ok(())
    } else {
        Err(NoMove::Fenced)
    }
}

pub(super) fn completed() -> Move {
    to(TaskState::Completed, &[TaskNotice::Final, TaskNotice::Card])
}

pub(super) fn failed(reason: Failure) -> Move {
    to(
        TaskState::Failed { reason },
        &[TaskNotice::Final, TaskNotice::Card],
    )
}

pub(super) fn lost(last: bool) -> Move {
    if last {
        let mut given_up = failed(Failure::Lost);
        given_up.notices.push(TaskNotice::GivenUp);
        given_up
    } else {
        to(
            TaskState::Queued,
            &[TaskNotice::Card, TaskNotice::LostAttempt],
        )
    }
}

/// Nothing runs yet: the card says it all.
pub(super) fn cancelled(by: &UserId) -> Move {
    let by = Stopped::CancelledBy(by.clone());
    to(TaskState::Cancelled { by }, &[TaskNotice::Card])
}

pub(super) fn cancelling(fence: Fence, by: &UserId) -> Move {
    let by = Stopped::CancelledBy(by.clone());
    to(TaskState::Cancelling { fence, by }, &[TaskNotice::Card])
}
