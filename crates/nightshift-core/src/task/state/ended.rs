//! Moves of a task at its end: none, but for an explicit retry.

use super::step::to;
use super::{Move, NoMove, TaskEvent, TaskState};
use crate::notice::TaskNotice;

pub(super) fn on_retriable(event: &TaskEvent) -> Result<Move, NoMove> {
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
pub(super) fn late(event: &TaskEvent) -> Result<Move, NoMove> {
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
