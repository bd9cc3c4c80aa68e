//! What the calls are given: plans, permits, endings.

use nightshift_core::approval::{Decision, Rule};
use nightshift_core::authorise::{Action, Actor, Permit, Resource, authorise};
use nightshift_core::chat::{Delivery, Gesture, Inbound};
use nightshift_core::id::{self, TaskId, UserId};
use nightshift_core::plan::{Ceiling, Draft, Estimate, Limits, Plan};
use nightshift_core::port::store::{
    Finish, Idempotency, MoveOutcome, NewDelivery, NewTask, VoteOutcome,
};
use nightshift_core::task::{Failure, TaskEvent, TaskKind, TaskResult, Usage, Wishes};
use nightshift_core::time::Timestamp;
use nightshift_core::user::{Kind, Role, User};

use super::{account, ana, chat, room};
use crate::command::{Arrival, End, Place};
use crate::model;

pub(super) fn delivery(arrival: Arrival, at: Timestamp) -> NewDelivery {
    NewDelivery::new(
        chat(),
        Delivery {
            keys: model::keys(arrival),
            body_hash: [arrival.body; 32],
            inbound: Inbound {
                from: account(),
                display_name: None,
                at: room(None),
                gesture: Gesture::Say {
                    text: "please".to_owned(),
                },
                reply_handle: None,
                form_handle: None,
            },
        },
        at,
    )
}

pub(super) fn ask(place: Place, idempotency: Option<Idempotency>, now: Timestamp) -> NewTask {
    let origin = match place {
        Place::Nowhere => None,
        Place::Own => Some(room(None)),
        Place::Thread => Some(room(Some("root"))),
    };
    NewTask {
        kind: TaskKind::Agent,
        description: "please".to_owned(),
        wishes: Wishes::default(),
        owner: ana(),
        asker: origin.as_ref().map(|_| account()),
        origin,
        idempotency,
        show_planning_at: Timestamp::from_millis(now.millis() + model::SECOND),
    }
}

pub(super) fn plan(text: u8) -> Plan {
    let draft = Draft {
        summary: format!("plan {text}"),
        prompt: "do it".to_owned(),
        agent: Some("stub".to_owned()),
        model: None,
        executor: "local".to_owned(),
        workspace: "/w".to_owned(),
        writable_dirs: Vec::new(),
        tools: Vec::new(),
        network: "none".to_owned(),
        estimate: Estimate::default(),
        ceiling: Ceiling {
            tokens: 1000,
            usd: 1.0,
        },
        timeout_s: 60,
        risk: "low".to_owned(),
        reasoning: String::new(),
        argv: Vec::new(),
    };
    let limits = Limits {
        max_tokens: 100_000,
        max_usd: 10.0,
        default_timeout_s: 60,
        max_timeout_s: 600,
    };
    Plan::check(draft, &limits).unwrap()
}

pub(super) fn permit(who: u8, action: Action) -> Permit {
    let user = User {
        id: UserId::new(format!("user_{who}")),
        role: Role::Approver,
        kind: Kind::Person,
    };
    let resource = Resource::Task {
        owner: &ana(),
        rule: &Rule::default(),
    };
    authorise(&Actor::User(user), action, &resource).unwrap()
}

pub(super) fn decision(approve: bool) -> (Decision, Action) {
    if approve {
        (Decision::Approve, Action::Approve)
    } else {
        (Decision::Reject, Action::Reject)
    }
}

pub(super) fn finish(task: &TaskId, fence: id::Fence, end: End) -> Finish {
    let event = match end {
        End::Completed => TaskEvent::Completed { fence },
        End::Failed => TaskEvent::Failed {
            fence,
            reason: Failure::ExitCode,
        },
        End::Retryable => TaskEvent::Retryable { fence },
        End::StopConfirmed => TaskEvent::StopConfirmed { fence },
        End::LeaseReturned => TaskEvent::LeaseReturned { fence },
        // Which loss is the last the store knows.
        End::Lost => TaskEvent::Lost { fence, last: false },
    };
    Finish {
        task: task.clone(),
        fence,
        event,
        detail: None,
        result: TaskResult::default(),
        usage: Usage::default(),
        parts: Vec::new(),
        log_bytes: 0,
    }
}

pub(super) fn moved(outcome: &MoveOutcome) -> &'static str {
    match outcome {
        MoveOutcome::Moved(_) => "moved",
        MoveOutcome::WrongState(_) => "wrong state",
        MoveOutcome::Stale(_) => "stale",
        MoveOutcome::NotFound => "not found",
        MoveOutcome::Settled => "settled",
    }
}

pub(super) fn voted(outcome: &VoteOutcome) -> &'static str {
    match outcome {
        VoteOutcome::Granted(_) => "granted",
        VoteOutcome::Rejected(_) => "rejected",
        VoteOutcome::Counted(_) => "counted",
        VoteOutcome::AlreadyCounted(_) => "already counted",
        VoteOutcome::Decided(_) => "decided",
        VoteOutcome::Stale(_) => "stale",
        VoteOutcome::WrongState(_) => "wrong state",
        VoteOutcome::NotFound => "not found",
        VoteOutcome::Settled => "settled",
    }
}
