use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::id::TaskId;
use crate::time::Timestamp;

/// Longer than any platform delivers again.
pub const KEEP_DELIVERIES: Duration = Duration::from_hours(14 * 24);

/// How long a client may repeat a request under its `Idempotency-Key`.
pub const KEEP_IDEMPOTENCY: Duration = Duration::from_hours(24);

/// A run of timed work that is the caller's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedRun {
    /// The run before; `None` for the first one ever.
    pub last_at: Option<Timestamp>,
    /// Runs that were due since then and did not happen: this one stands for them all.
    pub missed: u32,
}

/// What is removed when it is old enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prune {
    /// The keys that repeated deliveries are recognised by.
    DeliveryKeys,
    /// Deliveries that were acted on.
    Deliveries,
    /// The keys that repeated requests of the API are recognised by.
    IdempotencyKeys,
    /// Questions that nobody answered in time.
    Questions,
    /// Strangers who heard their one word.
    Strangers,
    /// Events about no task.
    Events,
    /// Messages about no task that were sent or given up.
    Messages,
    /// Messages of the built-in page, whole threads.
    PageMessages,
    /// Output of attempts, of tasks at their end.
    Output,
    /// Tasks at their end, with all that is known of them but the audit.
    Tasks,
    /// What removed tasks left, once their files are gone; the time does not count.
    Leftovers,
}

/// One step of removing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub rows: u64,
    /// The step was full: there may be more.
    pub more: bool,
}

/// Work of our own that happens by the clock.
#[async_trait]
pub trait Timed: Send + Sync {
    /// Claims the run of `work` that is due: of many who ask, one gets it.
    ///
    /// - Runs that were missed are one run.
    /// - A run planned further away than `every` was planned under another clock: it is due.
    async fn claim_run(
        &self,
        work: &str,
        every: Duration,
        now: Timestamp,
    ) -> Result<Option<TimedRun>, StoreError>;

    /// Reminds of open requests in the second half of their time that expire within `before`;
    /// each once, in the conversation of its task. Returns how many.
    async fn remind(&self, before: Duration, now: Timestamp) -> Result<u32, StoreError>;

    /// Removes what is not younger than `keep`, a bounded number of rows.
    ///
    /// - Never what a task that is not at its end needs, a message that is not sent, or the audit.
    async fn prune(
        &self,
        what: Prune,
        keep: Duration,
        now: Timestamp,
    ) -> Result<Pruned, StoreError>;

    /// Removed tasks whose files are still there.
    async fn removed_tasks(&self, limit: u32) -> Result<Vec<TaskId>, StoreError>;

    /// Their files are gone, too.
    async fn files_removed(&self, tasks: &[TaskId]) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_known_again_for_a_fortnight() {
        let day = 24 * 60 * 60 * 1000;
        let arrived = Timestamp::from_millis(3 * day);
        assert_eq!(arrived.after(KEEP_DELIVERIES).millis(), 17 * day);
    }
}
