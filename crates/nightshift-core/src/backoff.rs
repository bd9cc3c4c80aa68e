//! The wait before the next try of something that failed: longer each time, and never the same
//! for all who failed at once.

use std::time::Duration;

use crate::id::Entropy;

/// Exponential, with full jitter: any time from nothing to the step's whole length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Length of the first step; doubled at each.
    pub first: Duration,
    /// No step is longer.
    pub longest: Duration,
}

impl Backoff {
    /// Doublings after which every step is the longest one anyway.
    const MOST_DOUBLINGS: u32 = 20;

    /// The longest wait after so many failures, of which there is one at least.
    pub fn step(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(Self::MOST_DOUBLINGS);
        self.first
            .saturating_mul(1 << doublings)
            .min(self.longest.max(self.first))
    }

    /// A wait somewhere in the step.
    pub fn wait(&self, failures: u32, chance: &Entropy) -> Duration {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&chance[..8]);
        let millis = u64::try_from(self.step(failures).as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(u64::from_le_bytes(bytes) % (millis + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(5),
        longest: Duration::from_secs(300),
    };

    fn chance(n: u64) -> Entropy {
        let mut bytes = Entropy::default();
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
        bytes
    }

    #[test]
    fn a_step_doubles_up_to_the_longest() {
        let steps: Vec<u64> = [0, 1, 2, 3, 6, 7, 8, u32::MAX]
            .into_iter()
            .map(|failures| BACKOFF.step(failures).as_secs())
            .collect();
        assert_eq!(steps, [5, 5, 10, 20, 160, 300, 300, 300]);
    }

    #[test]
    fn waits_fill_the_whole_step_and_never_leave_it() {
        let waits: Vec<u128> = (0..1000)
            .map(|n| BACKOFF.wait(2, &chance(n)).as_millis())
            .collect();
        assert!(waits.iter().all(|wait| *wait <= 10_000));
        for tenth in 0..10 {
            let there = waits.iter().filter(|wait| **wait / 1000 == tenth).count();
            assert!(there > 50, "{there} of 1000 waits in second {tenth}");
        }
    }

    #[test]
    fn the_same_chance_is_the_same_wait() {
        assert_eq!(BACKOFF.wait(3, &chance(7)), BACKOFF.wait(3, &chance(7)));
    }

    #[test]
    fn a_wait_may_be_the_whole_step_or_nothing() {
        let short = Backoff {
            first: Duration::from_millis(1),
            ..BACKOFF
        };
        let waits: Vec<u128> = (0..4)
            .map(|n| short.wait(1, &[n; 16]).as_millis())
            .collect();
        assert_eq!(waits, [0, 1, 0, 1]);
    }

    #[test]
    fn a_step_of_no_length_is_no_wait() {
        let none = Backoff {
            first: Duration::ZERO,
            longest: Duration::ZERO,
        };
        assert_eq!(none.wait(3, &chance(7)), Duration::ZERO);
    }

    #[test]
    fn a_step_that_no_clock_can_count_is_waited_in_all_the_same() {
        let endless = Backoff {
            first: Duration::MAX,
            longest: Duration::MAX,
        };
        assert_eq!(endless.wait(1, &[0; 16]), Duration::ZERO);
        assert_eq!(endless.wait(1, &[1; 16]).as_millis(), 0x0101_0101_0101_0101);
    }

    #[test]
    fn a_first_step_beyond_the_longest_is_kept() {
        let slow = Backoff {
            first: Duration::from_secs(600),
            ..BACKOFF
        };
        assert_eq!(slow.step(9).as_secs(), 600);
    }
}
