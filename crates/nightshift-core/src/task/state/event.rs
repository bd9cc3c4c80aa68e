//! What can happen to a task: who says it, under which guard, and what every such move writes.

use super::{AttemptStep, Failure};
use crate::id::{Fence, RequestId, UserId};

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

impl TaskEvent {
    /// Its word in documents and tests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::PlannedAndGranted { .. } => "planned_and_granted",
            Self::PlanFailed { .. } => "plan_failed",
            Self::Revised => "revised",
            Self::Granted { .. } => "granted",
            Self::Rejected { .. } => "rejected",
            Self::Expired => "expired",
            Self::Leased { .. } => "leased",
            Self::LeaseRefused { .. } => "lease_refused",
            Self::LeaseReturned { .. } => "lease_returned",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Retryable { .. } => "retryable",
            Self::Lost { last: false, .. } => "lost",
            Self::Lost { last: true, .. } => "lost_last",
            Self::CancelAsked { .. } => "cancel_asked",
            Self::StopConfirmed { .. } => "stop_confirmed",
            Self::Frozen { .. } => "frozen",
            Self::Thawed { .. } => "thawed",
            Self::Retried => "retried",
        }
    }

    /// What must hold for it to count, beside the state; checked by the update that makes the move.
    pub fn guard(&self) -> &'static str {
        match self {
            Self::Planned { .. } | Self::PlannedAndGranted { .. } | Self::PlanFailed { .. } => {
                "the planner holds the fence"
            }
            Self::Revised | Self::CancelAsked { .. } | Self::Retried => "who asks may",
            Self::Granted { .. } => "the open request, its plan hash, votes enough, not expired",
            Self::Rejected { .. } => "the open request, not expired",
            Self::Expired => "its time has passed",
            Self::Leased { .. } => "granted under the same plan hash, due, no cancel asked",
            Self::LeaseRefused { .. } => "it cannot start",
            Self::LeaseReturned { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Retryable { .. }
            | Self::StopConfirmed { .. }
            | Self::Frozen { .. }
            | Self::Thawed { .. } => "the attempt holds the fence",
            Self::Lost { last: false, .. } => "the fence is current, the lease ran out",
            Self::Lost { last: true, .. } => {
                "the fence is current, the lease ran out once too often"
            }
        }
    }

    /// What it does to the attempt, from whichever state it moves.
    pub(super) fn attempt(&self) -> Option<AttemptStep> {
        match self {
            Self::Leased { .. } => Some(AttemptStep::Leased),
            Self::LeaseReturned { .. } => Some(AttemptStep::Returned),
            Self::Completed { .. } => Some(AttemptStep::Completed),
            Self::Failed { reason, .. } => Some(AttemptStep::Failed(*reason)),
            Self::Retryable { .. } => Some(AttemptStep::Retryable),
            Self::Lost { .. } => Some(AttemptStep::Lost),
            Self::StopConfirmed { .. } => Some(AttemptStep::Stopped),
            Self::Planned { .. }
            | Self::PlannedAndGranted { .. }
            | Self::PlanFailed { .. }
            | Self::Revised
            | Self::Granted { .. }
            | Self::Rejected { .. }
            | Self::Expired
            | Self::LeaseRefused { .. }
            | Self::CancelAsked { .. }
            | Self::Frozen { .. }
            | Self::Thawed { .. }
            | Self::Retried => None,
        }
    }

    /// The action in the audit, where somebody answers for it.
    pub(super) fn audit(&self) -> Option<&'static str> {
        match self {
            Self::PlannedAndGranted { .. } => Some("auto_approve"),
            Self::Revised => Some("revise"),
            Self::Granted { .. } => Some("approve"),
            Self::Rejected { .. } => Some("reject"),
            Self::CancelAsked { .. } => Some("cancel"),
            Self::Retried => Some("retry"),
            Self::Planned { .. }
            | Self::PlanFailed { .. }
            | Self::Expired
            | Self::Leased { .. }
            | Self::LeaseRefused { .. }
            | Self::LeaseReturned { .. }
            | Self::Completed { .. }
            | Self::Failed { .. }
            | Self::Retryable { .. }
            | Self::Lost { .. }
            | Self::StopConfirmed { .. }
            | Self::Frozen { .. }
            | Self::Thawed { .. } => None,
        }
    }
}
