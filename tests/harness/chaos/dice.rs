//! Chance that a printed seed repeats.

use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; the low bits of such a one are poor.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Whether something happens that happens once in `odds` times.
    pub fn once_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A seed that is another one in every run.
    pub fn fresh_seed() -> u64 {
        #[expect(clippy::disallowed_methods, reason = "another one in every run")]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .subsec_nanos()
            .into()
    }
}
