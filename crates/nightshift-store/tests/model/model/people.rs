//! What people do: deliveries, tasks, votes, changes of mind.

use super::{Asked, DAY, Model, SECOND, State, Task, one};
use crate::command::{Arrival, Place, Seen};
use crate::outbox::Kind;

/// How long a key of a delivery, or of a client, is remembered.
const KEPT: i64 = 14 * DAY;
const CLIENTS_KEPT: i64 = DAY;

impl Model {
    pub(super) fn deliver(&mut self, arrivals: &[Arrival]) -> Vec<String> {
        arrivals.iter().map(|one| self.arrive(*one)).collect()
    }

    fn arrive(&mut self, one: Arrival) -> String {
        let now = self.now;
        let keys: Vec<String> = keys(one);
        let fresh = |seen: &&(u8, i64)| seen.1 > now - KEPT;
        let first = self.keys.get(&keys[0]).filter(fresh);
        if first.is_some_and(|(body, _)| *body != one.body) {
            return "conflict".to_owned();
        }
        let seen = |key: &String| self.keys.get(key).as_ref().is_some_and(fresh);
        let repeated = keys.iter().any(seen);
        for key in keys {
            let known = self.keys.get(&key).as_ref().is_some_and(fresh);
            if !known {
                self.keys.insert(key, (one.body, now));
            }
        }
        if repeated {
            return "duplicate".to_owned();
        }
        self.settled.push(false);
        "new".to_owned()
    }

    pub(super) fn answer_delivery(&mut self, delivery: u8) -> Vec<String> {
        if let Some(index) = self.cause(Some(delivery)) {
            self.settled[index] = true;
        }
        Vec::new()
    }

    pub(super) fn create(&mut self, place: Place, cause: Option<u8>) -> Vec<String> {
        let cause = self.cause(cause);
        if cause.is_some_and(|index| self.settled[index]) {
            return one("settled");
        }
        if let Some(index) = cause {
            self.settled[index] = true;
        }
        self.new_task(place);
        one("created")
    }

    pub(super) fn create_with_key(&mut self, key: u8, body: u8) -> Vec<String> {
        let known = self.clients.get(&key).copied();
        if let Some((earlier, task, _)) = known.filter(|seen| seen.2 > self.now - CLIENTS_KEPT) {
            return one(if earlier == body {
                format!("replayed {task}")
            } else {
                "key reused".to_owned()
            });
        }
        let task = self.tasks.len();
        self.clients.insert(key, (body, task, self.now));
        self.new_task(Place::Nowhere);
        one("created")
    }

    fn new_task(&mut self, place: Place) {
        let place = self.outbox.place(place);
        let task = self.tasks.len();
        self.tasks.push(Task {
            state: State::Planning,
            fence: 0,
            losses: 0,
            plan_no: 1,
            place,
            since: self.now,
            run_at: self.now,
            queued_at: 0,
            lease: None,
            start_by: None,
            deadline: None,
            asked: None,
            votes: [].into(),
            step: None,
        });
        let planning = self.now + SECOND;
        self.outbox.card(place, task, 1, planning);
    }

    /// A change that a delivery may ask for: it is settled with the change, or stays open.
    pub(super) fn by_hand(
        &mut self,
        task: u8,
        cause: Option<u8>,
        change: impl FnOnce(&mut Self, usize) -> Result<&'static str, &'static str>,
    ) -> Vec<String> {
        let Some(task) = self.index(task) else {
            return one("no task");
        };
        let cause = self.cause(cause);
        if cause.is_some_and(|index| self.settled[index]) {
            return one("settled");
        }
        let changed = change(self, task);
        if let (Ok(_), Some(index)) = (changed, cause) {
            self.settled[index] = true;
        }
        one(changed.unwrap_or_else(|refused| refused))
    }

    pub(super) fn vote(
        &mut self,
        index: usize,
        who: u8,
        approve: bool,
        seen: Seen,
    ) -> Result<&'static str, &'static str> {
        let now = self.now;
        let task = &mut self.tasks[index];
        let other = match seen {
            Seen::Nothing => false,
            // The hash of the current plan, where there is one; else some hash.
            Seen::Current => task.asked.is_none(),
            Seen::PlanBefore | Seen::OtherHash => true,
        };
        if other {
            return Err("stale");
        }
        let Some((asked, need, until)) = task.asked else {
            return Err("wrong state");
        };
        if asked != Asked::Open {
            return Err(match asked {
                _ if task.votes.contains_key(&who) => "already counted",
                Asked::Superseded => "wrong state",
                _ => "decided",
            });
        }
        if until <= now {
            return Err("decided");
        }
        if task.votes.contains_key(&who) {
            return Err("already counted");
        }
        task.votes.insert(who, approve);
        if !approve {
            task.asked = Some((Asked::Denied, need, until));
            self.enter(index, State::Cancelled("rejected"));
            self.tell(index, &[Kind::Final, Kind::Card]);
            return Ok("rejected");
        }
        let yes = task.votes.values().filter(|yes| **yes).count();
        if yes < need as usize {
            return Ok("counted");
        }
        task.asked = Some((Asked::Granted, need, until));
        self.enter(index, State::Queued);
        self.tell(index, &[Kind::Card]);
        Ok("granted")
    }

    pub(super) fn revise(
        &mut self,
        index: usize,
        seen: Seen,
    ) -> Result<&'static str, &'static str> {
        if seen == Seen::PlanBefore {
            return Err("stale");
        }
        if self.tasks[index].state != State::Staged {
            return Err("wrong state");
        }
        self.plan_again(index);
        Ok("moved")
    }

    pub(super) fn cancel(&mut self, index: usize) -> Result<&'static str, &'static str> {
        match self.tasks[index].state {
            State::Planning | State::Staged | State::Queued => {
                if let Some((asked @ Asked::Open, ..)) = &mut self.tasks[index].asked {
                    *asked = Asked::Superseded;
                }
                self.enter(index, State::Cancelled("cancelled"));
            }
            State::Running => self.enter(index, State::Cancelling),
            _ => return Err("wrong state"),
        }
        self.tell(index, &[Kind::Card]);
        Ok("moved")
    }

    pub(super) fn retry(&mut self, index: usize) -> Result<&'static str, &'static str> {
        match self.tasks[index].state {
            State::Failed(_) | State::Expired => self.plan_again(index),
            _ => return Err("wrong state"),
        }
        Ok("moved")
    }

    fn plan_again(&mut self, index: usize) {
        let now = self.now;
        self.tell(index, &[Kind::Card]);
        self.enter(index, State::Planning);
        let task = &mut self.tasks[index];
        task.plan_no += 1;
        task.losses = 0;
        task.asked = None;
        task.votes.clear();
        let (place, plan_no) = (task.place, task.plan_no);
        self.outbox.card(place, index, plan_no, now + SECOND);
    }
}

pub(crate) fn keys(one: Arrival) -> Vec<String> {
    let gesture = one.gesture.map(|gesture| format!("gesture-{gesture}"));
    std::iter::once(format!("id-{}", one.id))
        .chain(gesture)
        .collect()
}
