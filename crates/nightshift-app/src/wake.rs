//! Hints between loops. A hint is never the truth: who misses one polls.

use std::sync::atomic::AtomicBool;

use tokio::sync::{Notify, watch};

/// Wakes the loops, and tells readers that something new can be read.
pub struct Wake {
    /// Deliveries wait to be stored.
    pub arrivals: Notify,
    /// Deliveries wait to be acted on.
    pub deliveries: Notify,
    /// Tasks wait for a plan.
    pub planning: Notify,
    /// Tasks wait to start, or running ones were asked to stop.
    pub attempts: Notify,
    /// A running attempt was asked to stop: its heartbeat should not wait for its turn.
    pub stops: AtomicBool,
    /// Messages wait to be sent.
    pub outbox: Notify,
    activity: watch::Sender<u64>,
}

impl Default for Wake {
    fn default() -> Self {
        Self {
            arrivals: Notify::new(),
            deliveries: Notify::new(),
            planning: Notify::new(),
            attempts: Notify::new(),
            stops: AtomicBool::new(false),
            outbox: Notify::new(),
            activity: watch::Sender::new(0),
        }
    }
}

impl Wake {
    /// Something was committed that a page, a stream or any loop may want to see.
    pub fn all(&self) {
        self.planning.notify_one();
        self.attempts.notify_one();
        self.outbox.notify_one();
        self.changed();
    }

    /// Events, messages or logs can be read that could not before.
    pub fn changed(&self) {
        self.activity
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Resolves on `changed` at each change; for server-sent events.
    pub fn activity(&self) -> watch::Receiver<u64> {
        self.activity.subscribe()
    }
}
