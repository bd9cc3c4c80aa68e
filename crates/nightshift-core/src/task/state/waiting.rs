//! Moves of a task that nothing runs for: it is planned, asked about, or queued.

use super::step::{cancelled, closing, failed, holding, to};
use super::{Failure, Move, NoMove, RequestEnd, RequestStep, Stopped, TaskEvent, TaskState};
use crate::id::{Fence, RequestId};
use crate::notice::TaskNotice;

pub(super) fn on_planning(current: Fence, event: &TaskEvent) -> Result<Move, NoMove> {
    match event {
        TaskEvent::Planned { fence, request } => holding(current, *fence).map(|()| {
            let request = request.clone();
            Move {
                request: Some(RequestStep::Asked),
                ..to(TaskState::Staged { request }, &[TaskNotice::Card])
            }
        }),
        TaskEvent::PlannedAndGranted { fence } => holding(current, *fence).map(|()| Move {
            request: Some(RequestStep::LetThrough),
            ..to(TaskState::Queued, &[TaskNotice::Card])
        }),
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

pub(super) fn on_staged(open: &RequestId, event: &TaskEvent) -> Result<Move, NoMove> {
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
            request: Some(RequestStep::Decided(RequestEnd::Superseded)),
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

pub(super) fn on_queued(event: &TaskEvent) -> Result<Move, NoMove> {
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
