//! What the store is expected to do, in maps and vectors: written from the port's contract, not
//! from the table of moves, so that both can be wrong only independently.

mod people;
mod work;

pub(crate) use people::keys;

use std::collections::BTreeMap;

use crate::command::Command;
use crate::outbox::Outbox;

pub(crate) const SECOND: i64 = 1000;
pub(crate) const DAY: i64 = 86_400 * SECOND;
/// What the commands lease and ask for.
pub(crate) const LEASE: i64 = 60 * SECOND;
pub(crate) const PLANNING: i64 = 240 * SECOND;
pub(crate) const DECIDE_WITHIN: i64 = 3600 * SECOND;
pub(crate) const START_WITHIN: i64 = 15 * SECOND;
pub(crate) const DEADLINE: i64 = 200 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Planning,
    Staged,
    Queued,
    Running,
    Cancelling,
    Completed,
    Failed(&'static str),
    Cancelled(&'static str),
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Open,
    Granted,
    Denied,
    Expired,
    Superseded,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) state: State,
    pub(crate) fence: i64,
    pub(crate) losses: u32,
    pub(crate) plan_no: u32,
    pub(crate) place: Option<usize>,
    since: i64,
    run_at: i64,
    queued_at: i64,
    /// Which life of the server holds it, and until when.
    lease: Option<(u32, i64)>,
    start_by: Option<i64>,
    deadline: Option<i64>,
    asked: Option<(Asked, u32, i64)>,
    votes: BTreeMap<u8, bool>,
    step: Option<u8>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) now: i64,
    pub(crate) life: u32,
    pub(crate) tasks: Vec<Task>,
    /// What the last command is expected to answer.
    pub(crate) answer: Vec<String>,
    pub(crate) outbox: Outbox,
    /// Whether each accepted delivery was acted on.
    pub(crate) settled: Vec<bool>,
    /// Body and time of each key of a delivery that was seen.
    keys: BTreeMap<String, (u8, i64)>,
    /// Body, task and time of each key of a client.
    clients: BTreeMap<u8, (u8, usize, i64)>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            now: 1_800_000_000 * SECOND,
            life: 1,
            ..Self::default()
        }
    }

    /// The state after `command`; its answer is in `answer`.
    pub(crate) fn after(mut self, command: &Command) -> Self {
        self.now += 1;
        self.answer = self.act(command);
        self
    }

    pub(crate) fn open(&self) -> usize {
        self.settled.iter().filter(|settled| !**settled).count()
    }

    pub(crate) fn index(&self, task: u8) -> Option<usize> {
        (!self.tasks.is_empty()).then(|| usize::from(task) % self.tasks.len())
    }

    pub(crate) fn cause(&self, delivery: Option<u8>) -> Option<usize> {
        delivery
            .filter(|_| !self.settled.is_empty())
            .map(|delivery| usize::from(delivery) % self.settled.len())
    }

    fn act(&mut self, command: &Command) -> Vec<String> {
        match command {
            Command::Deliver(arrivals) => self.deliver(arrivals),
            Command::Answer { delivery } => self.answer_delivery(*delivery),
            Command::Create { place, cause } => self.create(*place, *cause),
            Command::CreateWithKey { key, body } => self.create_with_key(*key, *body),
            Command::Vote {
                task,
                who,
                approve,
                seen,
                cause,
            } => self.by_hand(*task, *cause, |model, task| {
                model.vote(task, *who, *approve, *seen)
            }),
            Command::Revise { task, seen, cause } => {
                self.by_hand(*task, *cause, |model, task| model.revise(task, *seen))
            }
            Command::Cancel { task, cause } => self.by_hand(*task, *cause, Self::cancel),
            Command::Retry { task, cause } => self.by_hand(*task, *cause, Self::retry),
            Command::LeasePlanning => self.lease_planning(),
            Command::RecordPlan {
                task, fence, need, ..
            } => self.record_plan(*task, *fence, *need),
            Command::FailPlanning { task, fence } => self.fail_planning(*task, *fence),
            Command::ReturnPlanning { task, fence, lost } => {
                self.return_planning(*task, *fence, *lost)
            }
            Command::Lease => self.lease(),
            Command::Started { task, fence } => self.started(*task, *fence),
            Command::Progress { task, fence, step } => self.progress(*task, *fence, *step),
            Command::Renew {
                fence,
                earlier_life,
            } => self.renew(*fence, *earlier_life),
            Command::Finish { task, fence, end } => self.finish(*task, *fence, *end),
            Command::Sweep => self.sweep(),
            Command::Crash => self.crash(),
            Command::TornCancel { .. } => Vec::new(),
            Command::Jump(seconds) => {
                self.now += i64::from(*seconds) * SECOND;
                Vec::new()
            }
            Command::Say { .. }
            | Command::Claim
            | Command::Sent { .. }
            | Command::Postpone { .. }
            | Command::GiveUp { .. }
            | Command::Block { .. } => self.outbox.act(command, self.now),
        }
    }
}

impl Task {
    /// The state of the question about the current plan, and the votes on it.
    pub(crate) fn asked(&self) -> Option<(Asked, usize)> {
        self.asked.map(|(asked, ..)| (asked, self.votes.len()))
    }
}

pub(crate) fn one(word: impl Into<String>) -> Vec<String> {
    vec![word.into()]
}
