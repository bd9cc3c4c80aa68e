//! What may happen to a store, in numbers that always mean something: an index counts modulo
//! what there is, so that every part of a failing sequence can be left out.

use proptest::prelude::*;

/// A fence as somebody shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fence {
    Current,
    Old,
}

/// The plan that somebody saw when they decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Nothing,
    Current,
    PlanBefore,
    OtherHash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The API: nobody is told.
    Nowhere,
    /// A thread of the task's own, below its first message.
    Own,
    /// A thread that others share.
    Thread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Completed,
    Failed,
    Retryable,
    StopConfirmed,
    LeaseReturned,
    Lost,
}

/// One delivery: the platform's id, what identifies the gesture, and the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) id: u8,
    pub(crate) gesture: Option<u8>,
    pub(crate) body: u8,
}

type Index = u8;
/// The delivery that asks for it.
type Cause = Option<Index>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Deliver(Vec<Arrival>),
    Answer {
        delivery: Index,
    },
    Create {
        place: Place,
        cause: Cause,
    },
    CreateWithKey {
        key: u8,
        body: u8,
    },
    LeasePlanning,
    RecordPlan {
        task: Index,
        fence: Fence,
        need: Option<u32>,
        text: u8,
    },
    FailPlanning {
        task: Index,
        fence: Fence,
    },
    ReturnPlanning {
        task: Index,
        fence: Fence,
        lost: bool,
    },
    Vote {
        task: Index,
        who: u8,
        approve: bool,
        seen: Seen,
        cause: Cause,
    },
    Revise {
        task: Index,
        seen: Seen,
        cause: Cause,
    },
    Cancel {
        task: Index,
        cause: Cause,
    },
    Retry {
        task: Index,
        cause: Cause,
    },
    Lease,
    Started {
        task: Index,
        fence: Fence,
    },
    Progress {
        task: Index,
        fence: Fence,
        step: u8,
    },
    Renew {
        fence: Fence,
        earlier_life: bool,
    },
    Finish {
        task: Index,
        fence: Fence,
        end: End,
    },
    Sweep,
    /// Dropped without a word, opened again, recovered.
    Crash,
    /// A change that is dropped before its commit.
    TornCancel {
        task: Index,
    },
    /// Seconds.
    Jump(i32),
    Say {
        whisper: bool,
    },
    Claim,
    /// `item` counts from the last one claimed.
    Sent {
        item: Index,
        named: bool,
    },
    Postpone {
        item: Index,
        seconds: u8,
        unsure: bool,
    },
    GiveUp {
        item: Index,
    },
    Block {
        seconds: u8,
    },
}

fn fence() -> impl Strategy<Value = Fence> {
    prop_oneof![5 => Just(Fence::Current), 1 => Just(Fence::Old)]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        3 => Just(Seen::Nothing),
        3 => Just(Seen::Current),
        1 => Just(Seen::PlanBefore),
        1 => Just(Seen::OtherHash),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        2 => Just(End::Completed),
        1 => Just(End::Failed),
        1 => Just(End::Retryable),
        1 => Just(End::StopConfirmed),
        1 => Just(End::LeaseReturned),
        1 => Just(End::Lost),
    ]
}

fn cause() -> impl Strategy<Value = Cause> {
    proptest::option::weighted(0.3, 0..4_u8)
}

fn task() -> impl Strategy<Value = Index> {
    0..3_u8
}

fn arrival() -> impl Strategy<Value = Arrival> {
    (0..4_u8, proptest::option::of(0..3_u8), 0..2_u8).prop_map(|(id, gesture, body)| Arrival {
        id,
        gesture,
        body,
    })
}

fn jump() -> impl Strategy<Value = i32> {
    prop_oneof![
        4 => Just(2),
        2 => Just(16),
        4 => Just(61),
        2 => Just(250),
        2 => Just(3_700),
        1 => Just(86_500),
        1 => Just(15 * 86_400),
    ]
}

fn by_people() -> BoxedStrategy<Command> {
    use Command::{Answer, Cancel, Create, CreateWithKey, Deliver, Retry, Revise, Vote};
    let place = prop_oneof![Just(Place::Nowhere), Just(Place::Own), Just(Place::Thread)];
    prop_oneof![
        3 => proptest::collection::vec(arrival(), 1..3).prop_map(Deliver),
        1 => (0..4_u8).prop_map(|delivery| Answer { delivery }),
        4 => (place, cause()).prop_map(|(place, cause)| Create { place, cause }),
        1 => (0..2_u8, 0..2_u8).prop_map(|(key, body)| CreateWithKey { key, body }),
        8 => (task(), 0..3_u8, prop::bool::weighted(0.8), seen(), cause()).prop_map(
            |(task, who, approve, seen, cause)| Vote { task, who, approve, seen, cause }),
        2 => (task(), seen(), cause()).prop_map(|(task, seen, cause)| Revise { task, seen, cause }),
        2 => (task(), cause()).prop_map(|(task, cause)| Cancel { task, cause }),
        2 => (task(), cause()).prop_map(|(task, cause)| Retry { task, cause }),
    ]
    .boxed()
}

fn by_workers() -> BoxedStrategy<Command> {
    use Command::{
        FailPlanning, Finish, Lease, LeasePlanning, Progress, RecordPlan, Renew, ReturnPlanning,
        Started,
    };
    prop_oneof![
        5 => Just(LeasePlanning),
        6 => (task(), fence(), proptest::option::weighted(0.7, 1..3_u32), 0..2_u8).prop_map(
            |(task, fence, need, text)| RecordPlan { task, fence, need, text }),
        1 => (task(), fence()).prop_map(|(task, fence)| FailPlanning { task, fence }),
        1 => (task(), fence(), any::<bool>()).prop_map(
            |(task, fence, lost)| ReturnPlanning { task, fence, lost }),
        5 => Just(Lease),
        2 => (task(), fence()).prop_map(|(task, fence)| Started { task, fence }),
        1 => (task(), fence(), 0..2_u8).prop_map(
            |(task, fence, step)| Progress { task, fence, step }),
        2 => (fence(), prop::bool::weighted(0.2)).prop_map(
            |(fence, earlier_life)| Renew { fence, earlier_life }),
        5 => (task(), fence(), end()).prop_map(|(task, fence, end)| Finish { task, fence, end }),
    ]
    .boxed()
}

fn by_time_and_luck() -> BoxedStrategy<Command> {
    use Command::{Crash, Jump, Sweep, TornCancel};
    prop_oneof![
        3 => Just(Sweep),
        1 => Just(Crash),
        1 => task().prop_map(|task| TornCancel { task }),
        4 => jump().prop_map(Jump),
    ]
    .boxed()
}

fn by_the_outbox() -> BoxedStrategy<Command> {
    use Command::{Block, Claim, GiveUp, Postpone, Say, Sent};
    prop_oneof![
        2 => any::<bool>().prop_map(|whisper| Say { whisper }),
        5 => Just(Claim),
        5 => (0..3_u8, prop::bool::weighted(0.9)).prop_map(|(item, named)| Sent { item, named }),
        2 => (0..3_u8, 0..20_u8, any::<bool>()).prop_map(
            |(item, seconds, unsure)| Postpone { item, seconds, unsure }),
        1 => (0..3_u8).prop_map(|item| GiveUp { item }),
        1 => (0..20_u8).prop_map(|seconds| Block { seconds }),
    ]
    .boxed()
}

pub(crate) fn any_command() -> BoxedStrategy<Command> {
    prop_oneof![
        5 => by_people(),
        6 => by_workers(),
        2 => by_time_and_luck(),
        4 => by_the_outbox(),
    ]
    .boxed()
}
