//! Hints between loops, and between servers on one database. A hint is never the truth: who misses
//! one polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nightshift_core::port::Replicas;
use nightshift_core::port::replicas::Hints;
use tokio::sync::{Notify, watch};

/// Wakes the loops, here and on the other servers, and tells readers that something new can be
/// read.
pub struct Wake {
    /// Deliveries wait to be stored.
    pub(crate) arrivals: Notify,
    /// Deliveries wait to be acted on.
    pub(crate) deliveries: Notify,
    /// Tasks wait for a plan.
    pub(crate) planning: Notify,
    /// Tasks wait to start, or running ones were asked to stop.
    pub(crate) attempts: Notify,
    /// A running attempt was asked to stop: its heartbeat should not wait for its turn.
    stops: AtomicBool,
    /// Messages wait to be sent.
    pub(crate) outbox: Notify,
    activity: watch::Sender<u64>,
    others: Option<Arc<dyn Replicas>>,
}

impl Wake {
    pub(crate) fn new(others: Option<Arc<dyn Replicas>>) -> Self {
        Self {
            arrivals: Notify::new(),
            deliveries: Notify::new(),
            planning: Notify::new(),
            attempts: Notify::new(),
            stops: AtomicBool::new(false),
            outbox: Notify::new(),
            activity: watch::Sender::new(0),
            others,
        }
    }

    /// Something was committed that a page, a stream or any loop may want to see.
    pub fn all(&self) {
        let loops = Hints::PLANNING.and(Hints::ATTEMPTS).and(Hints::OUTBOX);
        self.tell(loops.and(Hints::CHANGES));
    }

    /// Events, messages or logs can be read that could not before.
    pub fn changed(&self) {
        self.tell(Hints::CHANGES);
    }

    /// Messages were queued.
    pub(crate) fn messages(&self) {
        self.tell(Hints::OUTBOX.and(Hints::CHANGES));
    }

    /// Deliveries were accepted.
    pub(crate) fn delivered(&self) {
        self.tell(Hints::DELIVERIES.and(Hints::CHANGES));
    }

    /// Running attempts were asked to stop.
    pub(crate) fn stop_asked(&self) {
        self.tell(Hints::STOPS);
    }

    /// Whether some were, since the last time; see [`Wake::stop_asked`].
    pub(crate) fn take_stop(&self) -> bool {
        self.stops.swap(false, Ordering::AcqRel)
    }

    fn tell(&self, what: Hints) {
        self.wake(what);
        if let Some(others) = &self.others {
            others.hint(what);
        }
    }

    /// The loops of this server alone.
    pub(crate) fn wake(&self, what: Hints) {
        for (hint, sleeper) in [
            (Hints::DELIVERIES, &self.deliveries),
            (Hints::PLANNING, &self.planning),
            (Hints::ATTEMPTS, &self.attempts),
            (Hints::OUTBOX, &self.outbox),
        ] {
            if what.has(hint) {
                sleeper.notify_one();
            }
        }
        if what.has(Hints::STOPS) {
            self.stops.store(true, Ordering::Release);
            self.attempts.notify_one();
        }
        if what.has(Hints::CHANGES) {
            self.activity
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Resolves on `changed` at each change; for server-sent events.
    pub fn activity(&self) -> watch::Receiver<u64> {
        self.activity.subscribe()
    }
}
