//! How long an attempt may go on without a word from the store.
//!
//! Who cannot renew a lease stops its own work before the lease ends: by then somebody else may
//! be doing it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nightshift_core::time::Timestamp;
use tokio::time::Instant;

/// Before the end of a lease, and the part of a short one.
const MARGIN: Duration = Duration::from_secs(10);
const MARGIN_PART: u32 = 6;

/// A renewal that takes longer is stuck.
const STUCK: Duration = Duration::from_secs(1);

/// Between two looks at the clock: it may have slept.
const LOOK: Duration = Duration::from_millis(500);

/// How far the renewals have come, for all attempts of this server.
#[derive(Default)]
pub(super) struct Renewals(Mutex<Standing>);

#[derive(Debug, Clone, Copy, Default)]
enum Standing {
    #[default]
    Accepted,
    Asking(Instant),
    Refused,
}

impl Renewals {
    pub(super) fn asking(&self) {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // After a refusal the next try is the same trouble until it is accepted.
        if !matches!(*standing, Standing::Refused) {
            *standing = Standing::Asking(Instant::now());
        }
    }

    pub(super) fn accepted(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Standing::Accepted;
    }

    pub(super) fn refused(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Standing::Refused;
    }

    fn in_trouble(&self) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Standing::Accepted => false,
            Standing::Asking(since) => since.elapsed() > STUCK,
            Standing::Refused => true,
        }
    }
}

/// The lease of one attempt, as its holder counts it.
pub(super) struct Hold {
    /// In milliseconds, of our own time.
    limit: AtomicI64,
    margin: Duration,
    renewals: Arc<Renewals>,
}

impl Hold {
    /// `asked_at` is from before the lease was asked for.
    pub(super) fn new(renewals: Arc<Renewals>, asked_at: Timestamp, lease: Duration) -> Self {
        let hold = Self {
            limit: AtomicI64::new(0),
            margin: MARGIN.min(lease / MARGIN_PART),
            renewals,
        };
        hold.renewed(asked_at, lease);
        hold
    }

    /// The store has accepted a renewal that was asked for at `asked_at`.
    pub(super) fn renewed(&self, asked_at: Timestamp, lease: Duration) {
        let limit = asked_at.after(lease).before(self.margin);
        self.limit.fetch_max(limit.millis(), Ordering::AcqRel);
    }

    /// Resolves when the attempt must not go on.
    ///
    /// - Not before the limit, and not while renewals are taken.
    /// - A process that was stopped itself finds the limit passed when it wakes: it asks first,
    ///   for as long as the margin, and only then gives up.
    pub(super) async fn cut_off(&self, now: impl Fn() -> Timestamp + Send) {
        let mut unheard = Duration::ZERO;
        loop {
            let limit = Timestamp::from_millis(self.limit.load(Ordering::Acquire));
            let left = limit.since(now());
            if left.is_zero() {
                if self.renewals.in_trouble() || unheard >= self.margin {
                    return;
                }
                unheard += LOOK;
                tokio::time::sleep(LOOK).await;
            } else {
                unheard = Duration::ZERO;
                tokio::time::sleep(left.min(LOOK)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
