//! What planners, executors and time do.

use super::{Asked, DEADLINE, DECIDE_WITHIN, LEASE, Model, PLANNING, START_WITHIN, State, one};
use crate::command::{End, Fence};
use crate::outbox::Kind;

impl Model {
    pub(super) fn enter(&mut self, index: usize, state: State) {
        let now = self.now;
        let task = &mut self.tasks[index];
        task.state = state;
        task.since = now;
        if !matches!(state, State::Running | State::Cancelling) {
            task.lease = None;
            task.start_by = None;
            task.deadline = None;
        }
        if matches!(state, State::Queued | State::Planning) {
            task.run_at = now;
        }
        if state == State::Queued {
            task.queued_at = now;
        }
    }

    pub(super) fn tell(&mut self, index: usize, kinds: &[Kind]) {
        let task = &self.tasks[index];
        for kind in kinds {
            self.outbox
                .tell(task.place, index, task.plan_no, *kind, self.now);
        }
    }

    pub(super) fn lease_planning(&mut self) -> Vec<String> {
        loop {
            let now = self.now;
            let free = |lease: Option<(u32, i64)>| lease.is_none_or(|(_, until)| until <= now);
            let waits = self.tasks.iter().enumerate().filter(|(_, task)| {
                task.state == State::Planning && task.run_at <= now && free(task.lease)
            });
            let Some((index, _)) = waits.min_by_key(|(_, task)| task.since) else {
                return one("nothing");
            };
            // Nobody gave it back: its planner is lost.
            if self.tasks[index].lease.is_some() {
                self.lose_planner(index);
                continue;
            }
            let task = &mut self.tasks[index];
            task.fence += 1;
            task.lease = Some((self.life, now + PLANNING));
            return one(format!("{index} under {}", task.fence));
        }
    }

    fn lose_planner(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        task.losses += 1;
        task.lease = None;
        if task.losses >= 3 {
            self.enter(index, State::Failed("planner"));
            self.tell(index, &[Kind::Final, Kind::Card]);
            self.outbox.given_up(index, self.now);
        }
    }

    pub(super) fn return_planning(&mut self, task: u8, fence: Fence, lost: bool) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        if self.tasks[index].state == State::Planning && fence == Fence::Current {
            if lost {
                self.lose_planner(index);
            } else {
                self.tasks[index].lease = None;
            }
        }
        Vec::new()
    }

    pub(super) fn record_plan(&mut self, task: u8, fence: Fence, need: Option<u32>) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        let task = &mut self.tasks[index];
        if task.state != State::Planning || fence == Fence::Old {
            return one("stale");
        }
        let until = self.now + DECIDE_WITHIN;
        // The losses of planners are no losses of attempts.
        task.losses = 0;
        task.asked = Some(match need {
            Some(need) => (Asked::Open, need, until),
            None => (Asked::Granted, 0, until),
        });
        let state = if need.is_some() {
            State::Staged
        } else {
            State::Queued
        };
        self.enter(index, state);
        self.tell(index, &[Kind::Card]);
        one("moved")
    }

    pub(super) fn fail_planning(&mut self, task: u8, fence: Fence) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        if self.tasks[index].state != State::Planning || fence == Fence::Old {
            return one("stale");
        }
        self.enter(index, State::Failed("planner"));
        self.tell(index, &[Kind::Final, Kind::Card]);
        one("moved")
    }

    pub(super) fn lease(&mut self) -> Vec<String> {
        let now = self.now;
        let ready = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| task.state == State::Queued && task.run_at <= now);
        let Some((index, _)) = ready.min_by_key(|(_, task)| task.queued_at) else {
            return one("nothing");
        };
        self.enter(index, State::Running);
        let task = &mut self.tasks[index];
        task.fence += 1;
        task.step = None;
        task.start_by = Some(now + START_WITHIN);
        task.lease = Some((self.life, now + LEASE));
        let leased = format!("{index} under {}", task.fence);
        self.tell(index, &[Kind::Card]);
        one(leased)
    }

    fn word(&self, index: usize, fence: Fence) -> &'static str {
        match (self.tasks[index].state, fence) {
            (State::Running, Fence::Current) => "keep",
            (State::Cancelling, Fence::Current) => "stop",
            _ => "fenced",
        }
    }

    pub(super) fn started(&mut self, task: u8, fence: Fence) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        let word = self.word(index, fence);
        let task = &mut self.tasks[index];
        if word != "fenced" && task.start_by.take().is_some() {
            task.deadline = Some(self.now + DEADLINE);
        }
        one(word)
    }

    pub(super) fn progress(&mut self, task: u8, fence: Fence, step: u8) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        let word = self.word(index, fence);
        if word != "fenced" && self.tasks[index].step.replace(step) != Some(step) {
            self.tell(index, &[Kind::Card]);
        }
        one(word)
    }

    pub(super) fn renew(&mut self, fence: Fence, earlier_life: bool) -> Vec<String> {
        let holder = self.life - u32::from(earlier_life);
        let until = self.now + LEASE;
        let words = (0..self.tasks.len()).map(|index| {
            let word = self.word(index, fence);
            let held = self.tasks[index].lease.filter(|(life, _)| *life == holder);
            if word == "fenced" || held.is_none() {
                return "fenced".to_owned();
            }
            self.tasks[index].lease = Some((holder, until));
            word.to_owned()
        });
        words.collect()
    }

    pub(super) fn finish(&mut self, task: u8, fence: Fence, end: End) -> Vec<String> {
        let Some(index) = self.index(task) else {
            return one("no task");
        };
        let state = self.tasks[index].state;
        let runs = matches!(state, State::Running | State::Cancelling);
        if !runs || fence == Fence::Old {
            return one("fenced");
        }
        match (end, state) {
            (End::Completed, _) => self.end(index, State::Completed),
            (End::Failed, _) => self.end(index, State::Failed("exit_code")),
            (End::Lost, _) => self.lose(index),
            (_, State::Cancelling) => self.end(index, State::Cancelled("cancelled")),
            (End::Retryable, _) => {
                self.enter(index, State::Queued);
                self.tell(index, &[Kind::Card, Kind::Lost]);
            }
            (End::LeaseReturned, _) => self.give_back(index),
            (End::StopConfirmed, _) => return one("fenced"),
        }
        one("finished")
    }

    fn end(&mut self, index: usize, state: State) {
        self.enter(index, state);
        self.tell(index, &[Kind::Final, Kind::Card]);
    }

    fn give_back(&mut self, index: usize) {
        if self.tasks[index].state == State::Cancelling {
            return self.end(index, State::Cancelled("cancelled"));
        }
        self.enter(index, State::Queued);
        self.tell(index, &[Kind::Card]);
    }

    pub(super) fn sweep(&mut self) -> Vec<String> {
        let undecided = self.over(|model, index| match model.tasks[index].asked {
            Some((Asked::Open, _, until)) => Some(until),
            _ => None,
        });
        for index in &undecided {
            if let Some((asked, ..)) = &mut self.tasks[*index].asked {
                *asked = Asked::Expired;
            }
            self.end(*index, State::Expired);
        }
        let idle = self.over(|model, index| model.tasks[index].start_by);
        for index in &idle {
            self.give_back(*index);
        }
        let endless = self.over(|model, index| model.tasks[index].deadline);
        for index in &endless {
            match self.tasks[*index].state {
                State::Cancelling => self.lose(*index),
                _ => self.end(*index, State::Failed("timeout")),
            }
        }
        let silent = self.over(|model, index| {
            let lease = model.tasks[index].lease.filter(|_| model.runs(index));
            lease.map(|(_, until)| until)
        });
        for index in &silent {
            self.lose(*index);
        }
        one(format!(
            "{} expired, {} returned, {} overdue, {} lost",
            undecided.len(),
            idle.len(),
            endless.len(),
            silent.len()
        ))
    }

    /// The tasks whose time is over, the longest over first.
    fn over(&self, until: impl Fn(&Self, usize) -> Option<i64>) -> Vec<usize> {
        let times = (0..self.tasks.len()).filter_map(|index| Some((until(self, index)?, index)));
        let mut over: Vec<(i64, usize)> = times.filter(|(at, _)| *at <= self.now).collect();
        over.sort_unstable();
        over.into_iter().map(|(_, index)| index).collect()
    }

    pub(super) fn crash(&mut self) -> Vec<String> {
        self.life += 1;
        let mut lost = 0;
        for index in 0..self.tasks.len() {
            if self.runs(index) {
                self.lose(index);
                lost += 1;
            } else if self.tasks[index].lease.is_some() {
                self.lose_planner(index);
            }
        }
        self.outbox.doubt();
        one(format!("{lost} lost"))
    }

    fn runs(&self, index: usize) -> bool {
        matches!(self.tasks[index].state, State::Running | State::Cancelling)
    }

    fn lose(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        task.losses += 1;
        if task.state == State::Cancelling {
            return self.end(index, State::Cancelled("cancelled"));
        }
        if task.losses >= 3 {
            self.outbox.given_up(index, self.now);
            return self.end(index, State::Failed("lost"));
        }
        self.enter(index, State::Queued);
        self.tell(index, &[Kind::Card, Kind::Lost]);
    }
}
