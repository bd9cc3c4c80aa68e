//! What an event itself changes in the row, beside the state.

use nightshift_core::id::Fence;
use nightshift_core::task::{TaskEvent, TaskState};
use nightshift_core::time::Timestamp;

use super::TaskRow;

impl TaskRow {
    pub(super) fn enter(&mut self, state: &TaskState, event: &TaskEvent, now: Timestamp) {
        self.state = state.clone();
        self.state_at = now;
        if self.running_fence() == Fence(0) {
            self.lease_holder = None;
            self.lease_until = None;
        }
        match event {
            TaskEvent::Leased { fence } => {
                self.fence = *fence;
                self.attempt_fence = *fence;
                self.attempt_no += 1;
                self.started_at = None;
                self.detail = None;
            }
            TaskEvent::Lost { .. } => self.lost_count += 1,
            // It never ran: no attempt is spent.
            TaskEvent::LeaseReturned { .. } => self.attempt_no -= 1,
            TaskEvent::Revised | TaskEvent::Retried => self.plan_again(),
            TaskEvent::CancelAsked { .. } => self.cancel_asked_at = Some(now),
            TaskEvent::Planned { .. }
            | TaskEvent::PlannedAndGranted { .. }
            | TaskEvent::PlanFailed { .. }
            | TaskEvent::Granted { .. }
            | TaskEvent::Rejected { .. }
            | TaskEvent::Expired
            | TaskEvent::LeaseRefused { .. }
            | TaskEvent::Completed { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Retryable { .. }
            | TaskEvent::StopConfirmed { .. }
            | TaskEvent::Frozen { .. }
            | TaskEvent::Thawed { .. } => {}
        }
        self.stamp(now);
    }

    fn stamp(&mut self, now: Timestamp) {
        if self.state == TaskState::Queued {
            self.queued_at = Some(now);
        }
        if self.state.is_terminal() {
            self.completed_at = Some(now);
        }
        if matches!(self.state, TaskState::Queued | TaskState::Planning) {
            self.run_at = now;
        }
    }

    fn plan_again(&mut self) {
        self.plan_no += 1;
        self.plan_hash = None;
        self.lost_count = 0;
        self.detail = None;
        self.queued_at = None;
        self.started_at = None;
        self.completed_at = None;
        self.cancel_asked_at = None;
    }

    /// The fence of the attempt that runs in this state; 0 where nothing runs.
    pub(crate) fn running_fence(&self) -> Fence {
        match &self.state {
            TaskState::Running { fence }
            | TaskState::Paused { fence }
            | TaskState::Cancelling { fence, .. } => *fence,
            TaskState::Planning
            | TaskState::Staged { .. }
            | TaskState::Queued
            | TaskState::Completed
            | TaskState::Failed { .. }
            | TaskState::Cancelled { .. }
            | TaskState::Expired => Fence(0),
        }
    }
}
