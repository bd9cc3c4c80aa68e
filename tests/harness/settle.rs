//! Running every loop until all is quiet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nightshift_app::Tick;
use nightshift_core::port::Store;
use nightshift_core::port::replicas::Sender;

use crate::World;

/// Rounds after which a world that does not become quiet is a failure.
const MOST_ROUNDS: u32 = 20_000;
/// Paced messages are waited for by moving the clock, this far at most for one `settle`.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait for a job beside the ticks to end before looking again.
const LOOK: Duration = Duration::from_millis(2);

/// A real process that takes longer hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl World {
    /// Runs all loops until nothing is left to do at this time, then moves the clock to the next
    /// paced message, until none waits.
    pub async fn settle(&self) {
        let started = self.clock.timestamp();
        loop {
            self.quiet().await;
            let store: &dyn Store = self.store.as_ref();
            let now = self.clock.timestamp();
            match store.next_due(&Sender::alone(), now).await.expect("outbox") {
                Some(due) if due.since(started) < PATIENCE => {
                    self.clock
                        .advance(due.since(now).max(Duration::from_millis(1)));
                }
                _ => return,
            }
        }
    }

    /// Moves the clock, then settles.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// Runs all loops until nothing is left to do at this very time.
    pub async fn quiet(&self) {
        let mut calm = 0;
        for _ in 0..MOST_ROUNDS {
            let worked = self.round().await;
            // Running attempts are the test's to end: they do not count as busy.
            let busy = self
                .loops
                .iter()
                .any(|one| one.name() != "dispatch" && one.busy());
            if worked || busy || self.agent_is_talking() || self.an_end_is_unwritten().await {
                calm = 0;
            } else {
                calm += 1;
            }
            // Twice quiet: what a job did at its end has been seen by every loop.
            if calm >= 3 {
                return;
            }
            self.breathe().await;
        }
        panic!("the world does not become quiet");
    }

    /// One round of one loop, and no more: for tests that stop in the middle.
    pub async fn tick(&self, name: &str) {
        let one = self.loops.iter().find(|one| one.name() == name);
        let one = one.unwrap_or_else(|| panic!("no loop {name}"));
        one.tick()
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Runs the loops until `done`, by real time: for attempts that are processes.
    pub async fn until(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !done().await {
                self.quiet().await;
                self.breathe().await;
            }
        };
        tokio::time::timeout(LONGEST_WAIT, waiting)
            .await
            .unwrap_or_else(|_| panic!("{what}: not within {LONGEST_WAIT:?}"));
        self.settle().await;
    }

    /// Runs the loops while something else goes on: a client that waits for its answer.
    pub async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> T {
        let ended = AtomicBool::new(false);
        let work = async {
            let done = work.await;
            ended.store(true, Ordering::SeqCst);
            done
        };
        let loops = async {
            while !ended.load(Ordering::SeqCst) {
                self.round().await;
                self.breathe().await;
            }
        };
        tokio::join!(work, loops).0
    }

    /// Runs the loops until `done`, however busy the world is: for tests that stop in the middle.
    pub async fn until_seen(&self, what: &str, done: impl Fn() -> bool) {
        let waiting = async {
            while !done() {
                self.round().await;
                self.breathe().await;
            }
        };
        tokio::time::timeout(LONGEST_WAIT, waiting)
            .await
            .unwrap_or_else(|_| panic!("{what}: not within {LONGEST_WAIT:?}"));
    }

    /// One round of every loop; whether one of them did something.
    async fn round(&self) -> bool {
        let mut worked = false;
        for one in &self.loops {
            match one.tick().await {
                Ok(Tick::Worked) => worked = true,
                Ok(Tick::Idle(_)) => {}
                Err(error) => panic!("the loop {} failed: {error}", one.name()),
            }
        }
        worked
    }

    /// Lets jobs beside the ticks go on.
    async fn breathe(&self) {
        let mut activity = self.app.wake.activity();
        activity.mark_unchanged();
        let _ = tokio::time::timeout(LOOK, activity.changed()).await;
    }

    /// Whether an attempt has ended whose end is not in the store.
    async fn an_end_is_unwritten(&self) -> bool {
        for run in self.agent.runs() {
            if !run.unwritten.load(Ordering::SeqCst) {
                continue;
            }
            let attempt = self.now(&run.job.task).await.attempt.expect("an attempt");
            if attempt.fence == run.job.fence && attempt.finished_at.is_none() {
                return true;
            }
            run.unwritten.store(false, Ordering::SeqCst);
        }
        false
    }

    fn agent_is_talking(&self) -> bool {
        self.agent.runs().iter().any(crate::Run::has_unread)
    }
}
