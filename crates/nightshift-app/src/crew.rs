//! Work beside the ticks of a loop: bounded, tracked, never detached.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

/// A bounded set of running jobs that wakes its loop when one ends.
pub struct Crew {
    jobs: Mutex<JoinSet<()>>,
    size: usize,
    /// Notified when a job ends.
    pub done: Arc<Notify>,
}

impl Crew {
    pub fn new(size: usize) -> Self {
        Self {
            jobs: Mutex::new(JoinSet::new()),
            size,
            done: Arc::new(Notify::new()),
        }
    }

    /// Places that are free now.
    pub fn free(&self) -> usize {
        self.size.saturating_sub(self.reaped().len())
    }

    pub fn busy(&self) -> bool {
        !self.reaped().is_empty()
    }

    pub fn start(&self, job: impl Future<Output = ()> + Send + 'static) {
        let done = self.done.clone();
        self.reaped().spawn(async move {
            job.await;
            done.notify_one();
        });
    }

    /// Waits for all jobs.
    pub async fn finish(&self) {
        let mut jobs = std::mem::take(&mut *self.reaped());
        while let Some(ended) = jobs.join_next().await {
            report(ended);
        }
    }

    /// Waits for all jobs, so long at most; drops those that are not done by then. `false` when
    /// there were some.
    pub async fn finish_within(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.finish()).await.is_ok()
    }

    fn reaped(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = jobs.try_join_next() {
            report(ended);
        }
        jobs
    }
}

/// A panic ends one job, not the service: what it held is recovered by its lease.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "A job panicked; its lease will bring it back.");
    }
}
