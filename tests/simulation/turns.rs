//! Who goes on next. Every call of the application to the outside waits here for its turn, and
//! one at a time gets it: so the order of all that happens is the scheduler's, and repeats.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

/// What becomes of a call whose turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// It happens; `u64` is for what else chance decides about it.
    Go(u64),
    /// It fails, in a way that is the callee's to choose.
    Trouble(u64),
    /// The process dies right before the commit.
    Torn,
    /// The process dies after the commit and before the answer.
    Unanswered,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    parked: BTreeMap<u64, (String, oneshot::Sender<Pass>)>,
    busy: usize,
    died: bool,
}

/// The turns of one life of the service.
#[derive(Default)]
pub(crate) struct Turns {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

impl Turns {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the scheduler says so.
    pub(crate) async fn pass(self: &Arc<Self>, what: String) -> Pass {
        let (sender, receiver) = oneshot::channel();
        let number = {
            let mut waiting = self.waiting();
            waiting.next += 1;
            let number = waiting.next;
            waiting.parked.insert(number, (what, sender));
            number
        };
        let _leaves = Leaves(self.clone(), number);
        match receiver.await {
            Ok(pass) => pass,
            Err(_) => std::future::pending().await,
        }
    }

    /// Those that wait, in the order in which they came.
    pub(crate) fn parked(&self) -> Vec<(u64, String)> {
        let waiting = self.waiting();
        let parked = waiting.parked.iter();
        parked.map(|(at, (what, _))| (*at, what.clone())).collect()
    }

    pub(crate) fn release(&self, number: u64, pass: Pass) {
        let released = self.waiting().parked.remove(&number);
        if let Some((_, sender)) = released {
            // Whoever is gone needs no turn.
            let _ = sender.send(pass);
        }
    }

    /// Something outside our sight goes on until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.waiting().busy += 1;
        Busy(self.clone())
    }

    /// The process is dead: it does nothing any more.
    pub(crate) async fn die(&self) -> ! {
        self.waiting().died = true;
        self.changed.notify_one();
        std::future::pending().await
    }

    pub(crate) fn has_died(&self) -> bool {
        self.waiting().died
    }

    /// Resolves when everybody waits for a turn, or has nothing to do.
    pub(crate) async fn quiet(&self) {
        loop {
            // Long enough for a word to be passed on from task to task.
            for _ in 0..12 {
                tokio::task::yield_now().await;
            }
            if self.waiting().busy == 0 {
                return;
            }
            self.changed.notified().await;
        }
    }
}

struct Leaves(Arc<Turns>, u64);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.waiting().parked.remove(&self.1);
    }
}

pub(crate) struct Busy(Arc<Turns>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.waiting().busy -= 1;
        self.0.changed.notify_one();
    }
}
