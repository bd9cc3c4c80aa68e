//! What the writer measures, kept in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nightshift_core::port::store::{Measures, Spread};

/// Counts values by size: four buckets to each power of two, so that a value is known to a fifth.
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    largest: AtomicU64,
}

/// Values up to 2^32: an hour in microseconds.
const BUCKETS: usize = 4 * 32;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            largest: AtomicU64::new(0),
        }
    }
}

/// Below four each value has a bucket of its own; then the two bits below the highest count.
fn bucket(value: u64) -> usize {
    if value < 4 {
        return value as usize;
    }
    let power = value.ilog2();
    let quarter = (value >> (power - 2)) & 3;
    ((4 * (power - 1)) as usize + quarter as usize).min(BUCKETS - 1)
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    let power = bucket / 4 + 1;
    let quarter = bucket as u64 % 4;
    ((5 + quarter) << (power - 2)) - 1
}

impl Histogram {
    pub(crate) fn add(&self, value: u64) {
        self.buckets[bucket(value)].fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(value, Ordering::Relaxed);
    }

    fn spread(&self) -> Spread {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        let count: u64 = counts.iter().sum();
        let largest = self.largest.load(Ordering::Relaxed);
        let at = |percent: u64| {
            let mut below = 0;
            let found = counts.iter().position(|bucket| {
                below += bucket;
                below * 100 >= count * percent && below > 0
            });
            found.map_or(0, |bucket| upper(bucket).min(largest))
        };
        Spread {
            count,
            p50: at(50),
            p99: at(99),
            max: largest,
        }
    }
}

#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) batch: Histogram,
    commit_us: Histogram,
    wait_us: Histogram,
    folds: AtomicU64,
    log_bytes: AtomicU64,
}

impl Meter {
    pub(crate) fn committed(&self, took: Duration) {
        self.commit_us.add(took.as_micros() as u64);
    }

    pub(crate) fn waited(&self, took: Duration) {
        self.wait_us.add(took.as_micros() as u64);
    }

    pub(crate) fn folded(&self) {
        self.folds.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn log_is(&self, bytes: u64) {
        self.log_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Measures {
        Measures {
            batch: self.batch.spread(),
            commit_us: self.commit_us.spread(),
            wait_us: self.wait_us.spread(),
            folds: self.folds.load(Ordering::Relaxed),
            log_bytes: self.log_bytes.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_bucket_that_ends_at_or_above_it() {
        for value in (0..5000).chain([1 << 20, (1 << 32) - 1]) {
            let found = bucket(value);
            assert!(upper(found) >= value, "{value}");
            assert!(found == 0 || upper(found - 1) < value, "{value}");
        }
    }

    #[test]
    fn a_spread_tells_the_middle_and_the_tail() {
        let histogram = Histogram::default();
        assert_eq!(histogram.spread(), Spread::default());
        for _ in 0..98 {
            histogram.add(1);
        }
        histogram.add(3);
        histogram.add(1000);
        let expected = Spread {
            count: 100,
            p50: 1,
            p99: 3,
            max: 1000,
        };
        assert_eq!(histogram.spread(), expected);
    }
}
