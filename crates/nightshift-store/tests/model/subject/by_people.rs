//! What people do, as calls.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use nightshift_core::authorise::Action;
use nightshift_core::id::TaskId;
use nightshift_core::plan::PlanHash;
use nightshift_core::port::store::{Accepted, Cause, Created, Idempotency, Tasks, VoteCast};
use nightshift_core::time::Timestamp;

use super::{Subject, ana, given};
use crate::broken::Break;
use crate::command::{Arrival, Command, Place, Seen};
use crate::model::{Model, one};

impl Subject {
    pub(super) fn by_people(
        &mut self,
        model: &Model,
        command: &Command,
        now: Timestamp,
    ) -> Vec<String> {
        match command {
            Command::Deliver(arrivals) => return self.deliver(arrivals, now),
            Command::Answer { delivery } => {
                let cause = self.cause(Some(*delivery));
                if cause.delivery.is_some() {
                    self.run(async |store| store.answer(&cause, &[], None, now).await)
                        .unwrap();
                }
                return Vec::new();
            }
            Command::Create { place, cause } => return self.create(*place, *cause, now),
            Command::CreateWithKey { key, body } => return self.create_with_key(*key, *body, now),
            _ => {}
        }
        if self.tasks.is_empty() {
            return match command {
                Command::TornCancel { .. } => Vec::new(),
                _ => one("no task"),
            };
        }
        self.change(model, command, now)
    }

    fn cause(&self, delivery: Option<u8>) -> Cause {
        let there = delivery.filter(|_| !self.deliveries.is_empty());
        let index = there.map(|delivery| usize::from(delivery) % self.deliveries.len());
        Cause {
            actor: Some(ana()),
            delivery: index.map(|index| self.deliveries[index].clone()),
        }
    }

    fn task(&self, index: u8) -> TaskId {
        self.tasks[usize::from(index) % self.tasks.len()].clone()
    }

    fn deliver(&mut self, arrivals: &[Arrival], now: Timestamp) -> Vec<String> {
        let mut batch: Vec<_> = arrivals
            .iter()
            .map(|arrival| given::delivery(*arrival, now))
            .collect();
        if self.is(Break::NoDeduplication) {
            for key in batch.iter_mut().flat_map(|new| &mut new.keys) {
                self.messages += 1;
                key.push_str(&format!("-{}", self.messages));
            }
        }
        let (outcomes, open) = self.run(async |store| {
            let outcomes = store.accept(&batch).await.unwrap();
            (outcomes, store.open_deliveries(None, 1000).await.unwrap())
        });
        let new = open.into_iter().map(|delivery| delivery.id);
        let new: Vec<_> = new.filter(|id| !self.deliveries.contains(id)).collect();
        self.deliveries.extend(new);
        let word = |outcome| match outcome {
            Accepted::New => "new",
            Accepted::Duplicate => "duplicate",
            Accepted::Conflict => "conflict",
        };
        outcomes.into_iter().map(|o| word(o).to_owned()).collect()
    }

    fn create(&mut self, place: Place, cause: Option<u8>, now: Timestamp) -> Vec<String> {
        let new = given::ask(place, None, now);
        let cause = self.cause(cause);
        let created = self.run(async |store| store.create_task(&new, &cause, now).await);
        self.created(created.unwrap())
    }

    fn create_with_key(&mut self, key: u8, body: u8, now: Timestamp) -> Vec<String> {
        let key = Idempotency {
            key: format!("key-{key}"),
            body_hash: [body; 32],
        };
        let new = given::ask(Place::Nowhere, Some(key), now);
        let cause = Cause::by(ana());
        let created = self.run(async |store| store.create_task(&new, &cause, now).await);
        self.created(created.unwrap())
    }

    fn created(&mut self, created: Created) -> Vec<String> {
        one(match created {
            Created::New(task) => {
                self.tasks.push(task.id);
                "created".to_owned()
            }
            Created::Replayed(task) => format!("replayed {}", self.index_of(&task.id)),
            Created::KeyReused => "key reused".to_owned(),
            Created::Settled => "settled".to_owned(),
        })
    }

    fn change(&mut self, model: &Model, command: &Command, now: Timestamp) -> Vec<String> {
        one(match command {
            Command::Vote {
                task,
                who,
                approve,
                seen,
                cause,
            } => {
                let vote = self.vote_perhaps(*task, *who, *approve, *seen);
                let cause = self.cause(*cause);
                given::voted(
                    &self.run(async |store| store.cast_vote(&vote, &cause, now).await.unwrap()),
                )
            }
            Command::Revise { task, seen, cause } => {
                let index = model.index(*task).unwrap();
                let current = self.plan_no(*task);
                let seen = match seen {
                    Seen::Nothing => None,
                    Seen::Current | Seen::OtherHash => Some(current),
                    Seen::PlanBefore => Some(current - 1),
                };
                let (task, cause) = (self.tasks[index].clone(), self.cause(*cause));
                let permit = given::permit(0, Action::Revise);
                given::moved(&self.run(async |store| {
                    let revised = store.revise(&task, seen, &permit, "better", &cause, now);
                    revised.await.unwrap()
                }))
            }
            Command::Cancel { task, cause } => {
                let (task, cause) = (self.task(*task), self.cause(*cause));
                let permit = given::permit(0, Action::Cancel);
                given::moved(
                    &self.run(async |store| {
                        store.cancel(&task, &permit, &cause, now).await.unwrap()
                    }),
                )
            }
            Command::Retry { task, cause } => {
                let (task, cause) = (self.task(*task), self.cause(*cause));
                let permit = given::permit(0, Action::Retry);
                given::moved(
                    &self
                        .run(async |store| store.retry(&task, &permit, &cause, now).await.unwrap()),
                )
            }
            Command::TornCancel { task } => {
                self.torn_cancel(*task, now);
                return Vec::new();
            }
            other => unreachable!("{other:?} is no change by a person"),
        })
    }

    fn plan_no(&self, task: u8) -> u32 {
        let task = self.task(task);
        self.run(async |store| store.task(&task).await.unwrap().unwrap().plan_no)
    }

    fn vote_perhaps(&mut self, task: u8, who: u8, approve: bool, seen: Seen) -> VoteCast {
        let mut vote = self.vote(task, who, approve, seen);
        if self.is(Break::AnyPlan) {
            (vote.plan_no, vote.plan_hash) = (None, None);
        }
        if self.is(Break::VotesOfAnybody) {
            self.messages += 1;
            let who = 10 + self.messages as u8 % 200;
            vote.permit = given::permit(who, given::decision(approve).1);
        }
        vote
    }

    fn vote(&self, task: u8, who: u8, approve: bool, seen: Seen) -> VoteCast {
        let task = self.task(task);
        let view = self.run(async |store| store.task(&task).await.unwrap().unwrap());
        let other = || PlanHash::from_text("sha256:other");
        let (plan_no, plan_hash) = match seen {
            Seen::Nothing => (None, None),
            Seen::Current => (
                Some(view.plan_no),
                Some(view.plan.map_or_else(other, |plan| plan.hash)),
            ),
            Seen::PlanBefore => (Some(view.plan_no - 1), None),
            Seen::OtherHash => (None, Some(other())),
        };
        let (decision, action) = given::decision(approve);
        VoteCast {
            task,
            permit: given::permit(who, action),
            decision,
            plan_hash,
            plan_no,
            why: None,
        }
    }

    /// Everything is written but the commit, and then the process is gone.
    fn torn_cancel(&self, task: u8, now: Timestamp) {
        let (task, store) = (self.task(task), self.store());
        let permit = given::permit(0, Action::Cancel);
        let cause = Cause::default();
        if !self.is(Break::Uncommitted) {
            self.tear.arm();
        }
        let torn = store.cancel(&task, &permit, &cause, now);
        let torn = AssertUnwindSafe(torn).catch_unwind();
        drop(self.runtime.block_on(torn));
        self.tear.disarm();
    }
}
