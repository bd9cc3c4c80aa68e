//! The one table of moves. Nothing else decides what a task may become.
//!
//! The store reads a task, asks [`TaskState::on`], and applies the answer with one conditional
//! update; what the [`Move`] lists is written in the same transaction.

pub mod diagram;
mod ended;
mod event;
mod held;
mod reason;
mod step;
mod waiting;

pub use event::TaskEvent;
pub use reason::{Failure, Stopped};
pub use step::{AttemptStep, Move, NoMove, RequestEnd, RequestStep};

use crate::id::{Fence, RequestId};

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

    /// The kind of the event that tells of the move into it.
    pub fn event(&self) -> String {
        format!("task.{}", self.name())
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
        let step = match self {
            Self::Planning => waiting::on_planning(current, event),
            Self::Staged { request } => waiting::on_staged(request, event),
            Self::Queued => waiting::on_queued(event),
            Self::Running { fence } => held::on_running(*fence, event),
            Self::Paused { fence } => held::on_paused(*fence, event),
            Self::Cancelling { fence, by } => held::on_cancelling(*fence, by, event),
            Self::Failed { .. } | Self::Expired => ended::on_retriable(event),
            Self::Completed | Self::Cancelled { .. } => ended::late(event),
        }?;
        Ok(Move {
            attempt: event.attempt(),
            audit: event.audit(),
            ..step
        })
    }
}

#[cfg(test)]
mod tests;
