//! What planners, executors and time do, as calls.

use nightshift_core::id::Fence as Number;
use nightshift_core::port::store::{FinishOutcome, LeaseTerms, LeaseWord, PlanRecord, Unplanned};
use nightshift_core::task::Usage;
use nightshift_core::time::Timestamp;

use super::{Subject, given};
use crate::broken::Break;
use crate::command::{Command, Fence};
use crate::model::{DEADLINE, DECIDE_WITHIN, LEASE, Model, PLANNING, START_WITHIN, one};

fn word(word: LeaseWord) -> &'static str {
    match word {
        LeaseWord::Keep => "keep",
        LeaseWord::Stop => "stop",
        LeaseWord::Fenced => "fenced",
    }
}

fn later(now: Timestamp, by: i64) -> Timestamp {
    Timestamp::from_millis(now.millis() + by)
}

impl Subject {
    pub(super) fn by_workers(
        &mut self,
        model: &Model,
        command: &Command,
        now: Timestamp,
    ) -> Vec<String> {
        let holder = format!("server/life-{}", model.life);
        match command {
            Command::LeasePlanning => self.lease_planning(&holder, now),
            Command::Lease => self.lease(&holder, now),
            Command::Renew {
                fence,
                earlier_life,
            } => {
                let earlier = *earlier_life && !self.is(Break::AnyHolder);
                let holder = format!("server/life-{}", model.life - u32::from(earlier));
                self.renew(&holder, *fence, now)
            }
            Command::Sweep if self.is(Break::NoSweep) => {
                one("0 expired, 0 returned, 0 overdue, 0 lost")
            }
            Command::Sweep => {
                let swept = self.run(async |store| store.sweep(now).await.unwrap());
                one(format!(
                    "{} expired, {} returned, {} overdue, {} lost",
                    swept.expired, swept.returned, swept.overdue, swept.lost
                ))
            }
            Command::Crash => {
                self.reopen();
                if self.is(Break::NoRecovery) {
                    return one("0 lost");
                }
                let grace = later(now, LEASE);
                let swept = self.run(async |store| store.recover(&holder, grace, now).await);
                one(format!("{} lost", swept.unwrap().lost))
            }
            _ if self.tasks.is_empty() => one("no task"),
            _ => self.of_one(command, now),
        }
    }

    fn lease_planning(&self, holder: &str, now: Timestamp) -> Vec<String> {
        let until = later(now, PLANNING);
        let lease = self.run(async |store| store.lease_planning(holder, now, until).await);
        one(match lease.unwrap() {
            None => "nothing".to_owned(),
            Some(lease) => format!("{} under {}", self.index_of(&lease.task.id), lease.fence.0),
        })
    }

    fn lease(&self, holder: &str, now: Timestamp) -> Vec<String> {
        let terms = LeaseTerms {
            until: later(now, LEASE),
            start_by: later(now, START_WITHIN),
        };
        let leased = self.run(async |store| store.lease_next("local", holder, terms, now).await);
        one(match leased.unwrap() {
            None => "nothing".to_owned(),
            Some(leased) => format!(
                "{} under {}",
                self.index_of(&leased.task.id),
                leased.fence.0
            ),
        })
    }

    fn renew(&self, holder: &str, fence: Fence, now: Timestamp) -> Vec<String> {
        let tasks = self.tasks.iter().enumerate();
        let held: Vec<_> = tasks
            .map(|(index, task)| (task.clone(), self.number(index, fence)))
            .collect();
        let until = later(now, LEASE);
        let words = self.run(async |store| store.renew(holder, &held, now, until).await.unwrap());
        words.into_iter().map(|w| word(w).to_owned()).collect()
    }

    fn number(&self, index: usize, fence: Fence) -> Number {
        let task = &self.tasks[index];
        let current = self.run(async |store| store.task(task).await.unwrap().unwrap().fence);
        match fence {
            Fence::Old if !self.is(Break::AnyFence) => Number(current.0 - 1),
            Fence::Old | Fence::Current => current,
        }
    }

    fn of_one(&self, command: &Command, now: Timestamp) -> Vec<String> {
        let (Command::RecordPlan { task, fence, .. }
        | Command::FailPlanning { task, fence }
        | Command::ReturnPlanning { task, fence, .. }
        | Command::Started { task, fence }
        | Command::Progress { task, fence, .. }
        | Command::Finish { task, fence, .. }) = command
        else {
            unreachable!("{command:?} is not about one task");
        };
        let index = usize::from(*task) % self.tasks.len();
        let (task, fence) = (self.tasks[index].clone(), self.number(index, *fence));
        if let Command::ReturnPlanning { lost, .. } = command {
            let why = if *lost {
                Unplanned::Lost
            } else {
                Unplanned::HandedBack
            };
            let returned =
                self.run(async |store| store.return_planning(&task, fence, why, now).await);
            returned.unwrap();
            return Vec::new();
        }
        let answer = self.run(async |store| match command {
            Command::RecordPlan { need, text, .. } => {
                let record = PlanRecord {
                    task,
                    fence,
                    plan: given::plan(*text),
                    need: need.filter(|_| !self.is(Break::NoApproval)),
                    expires_at: later(now, DECIDE_WITHIN),
                };
                given::moved(&store.record_plan(&record, now).await.unwrap())
            }
            Command::FailPlanning { .. } => {
                let failed = store.fail_planning(&task, fence, "no idea", now).await;
                given::moved(&failed.unwrap())
            }
            Command::Started { .. } => {
                let deadline = later(now, DEADLINE);
                let started = store.attempt_started(&task, fence, "bwrap", deadline, now);
                word(started.await.unwrap())
            }
            Command::Progress { step, .. } => {
                let step = format!("step {step}");
                let told =
                    store.attempt_progress(&task, fence, Some(&step), Usage::default(), None, now);
                word(told.await.unwrap())
            }
            Command::Finish { end, .. } => {
                let finish = given::finish(&task, fence, *end);
                match store.finish(&finish, now).await.unwrap() {
                    FinishOutcome::Finished(_) => "finished",
                    FinishOutcome::Fenced => "fenced",
                }
            }
            other => unreachable!("{other:?}"),
        });
        one(answer)
    }
}
