//! The end of all trouble: nothing fails any more, everybody waits until all is done.

use std::time::Duration;

use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{Outbox, TaskFilter, Tasks};
use nightshift_core::task::Task;

use super::Simulation;
use crate::life::Life;
use crate::turns::Pass;

/// Rounds in which everything must have come to rest.
const ROUNDS: usize = 3_000;
/// Waits between rounds without work: seconds first, in the end beyond every timer.
const WAITS: [u64; 5] = [2, 20, 310, 3_700, 90_000];

impl Simulation {
    pub(super) async fn heal(&mut self, mut life: Life) -> Life {
        self.note("all is healed");
        let mut idle = 0;
        for _ in 0..ROUNDS {
            if self.round(&mut life).await {
                idle = 0;
                continue;
            }
            if life.turns.has_died() {
                life = self.crash(life, "at last").await;
                continue;
            }
            let due = life
                .store
                .next_due(&Sender::alone(), self.outside.clock.timestamp())
                .await;
            let sent = due.expect("the outbox").is_none();
            if sent
                && tasks(&life)
                    .await
                    .iter()
                    .all(|task| task.state.is_terminal())
            {
                return life;
            }
            let wait = WAITS[idle.min(WAITS.len() - 1)];
            idle += 1;
            self.pass(Duration::from_secs(wait)).await;
        }
        self.wrong.push("it does not come to rest".to_owned());
        life
    }

    /// Every call that waits, every loop once, every delivery; whether anything was done.
    async fn round(&mut self, life: &mut Life) -> bool {
        let mut worked = self.let_all_go(life).await;
        for index in 0..life.loops.len() {
            if !life.ticking.contains(&index) {
                life.tick(index);
            }
            worked |= self.let_all_go(life).await;
        }
        let late = self.outside.remote.seen().on_the_way.len();
        for _ in 0..late {
            self.something_arrives_late();
        }
        for index in 0..self.acts.len() {
            if !self.acts[index].acknowledged && !self.acts[index].under_way {
                self.deliver(life, index);
                worked = true;
            }
        }
        worked
    }

    /// Whether a loop has worked or something else than a loop has gone on.
    async fn let_all_go(&mut self, life: &mut Life) -> bool {
        let mut worked = false;
        loop {
            life.turns.quiet().await;
            let before = self.trace.len();
            self.reap(life);
            worked |= self.trace[before..]
                .iter()
                .any(|line| line.contains("Ok(true)"));
            let Some((number, what)) = life.turns.parked().into_iter().next() else {
                return worked;
            };
            worked |= !what.starts_with("store");
            let chance = self.chance.next();
            self.note(format!("{what}: goes"));
            life.turns.release(number, Pass::Go(chance));
        }
    }
}

pub(crate) async fn tasks(life: &Life) -> Vec<Task> {
    let filter = TaskFilter {
        limit: 1000,
        ..TaskFilter::default()
    };
    life.store.tasks(&filter).await.expect("tasks").items
}
