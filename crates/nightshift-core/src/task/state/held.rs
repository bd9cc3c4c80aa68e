//! Moves of a task that an attempt holds: it runs, is paused, or is being stopped.

use super::step::{cancelling, completed, failed, holding, lost, to};
use super::{Move, NoMove, Stopped, TaskEvent, TaskState};
use crate::id::Fence;
use crate::notice::TaskNotice;

pub(super) fn on_running(held: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
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

pub(super) fn on_paused(held: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
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

pub(super) fn on_cancelling(held: Fence, by: &Stopped, event: &TaskEvent) -> Result<Move, NoMove> {
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
