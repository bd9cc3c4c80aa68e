//! Whether work is taken: not before recovery, not while draining, not while the store fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nightshift_core::port::Store;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The life of the door, from start to drain.
#[derive(Default)]
pub struct Readiness {
    recovered: AtomicBool,
    closing: CancellationToken,
    /// Requests that may change something and are being answered.
    accepted: TaskTracker,
}

/// Held while a request that may change something is answered.
pub(crate) struct Entered(#[expect(dead_code, reason = "held for its drop")] TaskTrackerToken);

impl Readiness {
    /// What an earlier life left is brought back: `/readyz` may say yes.
    pub fn recovered(&self) {
        self.recovered.store(true, Ordering::Release);
    }

    pub fn is_recovered(&self) -> bool {
        self.recovered.load(Ordering::Acquire)
    }

    /// From now on nothing new is taken: readiness off, 503 for what would change something,
    /// streams end. Repeating it changes nothing.
    pub fn drain(&self) {
        self.closing.cancel();
        self.accepted.close();
    }

    pub fn is_draining(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Resolves after [`Self::drain`] once every request taken before is answered: then the loops
    /// that answer them may stop.
    pub async fn quiet(&self) {
        self.closing.cancelled().await;
        self.accepted.wait().await;
    }

    /// Ends what would otherwise go on for ever: streams and idle connections.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// `None` while draining.
    pub(crate) fn enter(&self) -> Option<Entered> {
        // The token first: a drain that begins in between waits for it.
        let token = self.accepted.token();
        (!self.is_draining()).then_some(Entered(token))
    }
}

/// Measurements younger than this are answered again: probes cannot load the disk.
const FRESH: Duration = Duration::from_secs(1);
/// A store that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last measurement of the store, for all who ask at the same time.
#[derive(Default)]
pub(crate) struct StoreProbe(Mutex<Option<(Instant, Result<(), String>)>>);

impl StoreProbe {
    /// Writes and reads back, at most once a second.
    pub(crate) async fn check(&self, store: &dyn Store) -> Result<(), String> {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = match tokio::time::timeout(PATIENCE, store.check()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "The store failed its check; not ready.");
                Err(error.to_string())
            }
            Err(_) => Err("no answer in time".to_owned()),
        };
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_waits_for_what_was_taken_and_takes_nothing_new() {
        let ready = Readiness::default();
        let taken = ready.enter().expect("not draining");
        ready.drain();
        assert!(ready.enter().is_none());
        let mut quiet = Box::pin(ready.quiet());
        assert!(futures_util::poll!(&mut quiet).is_pending());
        drop(taken);
        quiet.await;
    }
}
