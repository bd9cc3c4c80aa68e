//! Time that tests move, and identifiers that can be repeated.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use nightshift_core::id::Entropy;
use nightshift_core::port::{Clock, Ids};
use nightshift_core::time::Timestamp;
use sha2::{Digest, Sha256};

/// Starts at 2026-01-01 and moves only when told.
pub struct ManualClock {
    millis: AtomicI64,
    /// How far the machine's clock is ahead of the time that really passes.
    ahead: AtomicI64,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self {
            millis: AtomicI64::new(1_767_225_600_000),
            ahead: AtomicI64::new(0),
        }
    }
}

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        self.millis.fetch_add(
            i64::try_from(by.as_millis()).expect("a short time"),
            Ordering::SeqCst,
        );
    }

    /// Somebody sets the machine's clock; no time passes.
    pub fn set_machine_ahead(&self, millis: i64) {
        self.ahead.store(millis, Ordering::SeqCst);
    }

    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    pub fn millis(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.timestamp()
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.millis() + self.ahead.load(Ordering::SeqCst))
    }
}

/// The same identifiers in every run.
#[derive(Default)]
pub struct SeededIds {
    next: AtomicU64,
    seed: u64,
}

impl SeededIds {
    /// A restarted world must not give out the identifiers of its earlier life.
    pub fn of_life(seed: u64) -> Self {
        Self {
            next: AtomicU64::new(0),
            seed,
        }
    }
}

impl Ids for SeededIds {
    fn entropy(&self) -> Entropy {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let digest = Sha256::digest([self.seed.to_le_bytes(), number.to_le_bytes()].concat());
        let mut entropy = Entropy::default();
        entropy.copy_from_slice(&digest[..16]);
        entropy
    }
}
