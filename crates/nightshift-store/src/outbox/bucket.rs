//! A token bucket as one number: when it is full again. All whole milliseconds, nothing drifts.

/// A clock that went back further than this was set: what it said before does not count.
const CLOCK_STEP_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    /// `None` until it is written.
    pub(super) id: Option<i64>,
    pub(super) every: i64,
    pub(super) burst: i64,
    pub(super) full_at: i64,
    pub(super) spent_at: i64,
    /// Tokens so far: the number of the last one.
    pub(super) spent: i64,
    pub(super) changed: bool,
}

impl Bucket {
    pub(super) fn full(every: i64, burst: i64) -> Self {
        Self {
            id: None,
            every,
            burst,
            full_at: 0,
            spent_at: 0,
            spent: 0,
            changed: false,
        }
    }

    pub(super) fn is_from_the_future(&self, now: i64) -> bool {
        self.spent_at - now > CLOCK_STEP_MS
    }

    /// When there is a token.
    pub(super) fn ready_at(&self) -> i64 {
        ready_at(self.full_at, self.every, self.burst)
    }

    pub(super) fn tokens(&self, now: i64) -> i64 {
        let missing = (self.full_at - now).max(0);
        ((self.burst * self.every - missing) / self.every).max(0)
    }

    pub(super) fn spend(&mut self, now: i64) {
        self.full_at = self.full_at.max(now) + self.every;
        self.spent_at = now;
        self.spent += 1;
        self.changed = true;
    }
}

pub(super) fn ready_at(full_at: i64, every: i64, burst: i64) -> i64 {
    full_at.saturating_sub((burst - 1).saturating_mul(every))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_at_a_time() {
        let mut bucket = Bucket::full(1000, 3);
        assert_eq!(bucket.tokens(50_000), 3);
        for _ in 0..3 {
            assert!(bucket.ready_at() <= 50_000);
            bucket.spend(50_000);
        }
        assert_eq!((bucket.tokens(50_000), bucket.ready_at()), (0, 51_000));
        assert_eq!(bucket.tokens(50_999), 0);
        assert_eq!(bucket.tokens(51_000), 1);
        assert_eq!(bucket.tokens(90_000), 3);
    }

    proptest! {
        /// Whenever it says that there is a token, no window holds more than rate · t + burst.
        #[test]
        fn no_window_holds_more_than_the_rate_and_the_burst(
            every in 1..5000_i64, burst in 1..20_i64,
            waits in prop::collection::vec(0..6000_i64, 1..200),
        ) {
            let mut bucket = Bucket::full(every, burst);
            let (mut now, mut spent) = (1_000_000_i64, Vec::new());
            for wait in waits {
                now += wait;
                prop_assert_eq!(bucket.tokens(now) > 0, bucket.ready_at() <= now);
                if bucket.ready_at() <= now {
                    bucket.spend(now);
                    spent.push(now);
                }
            }
            for (i, from) in spent.iter().enumerate() {
                for (j, to) in spent.iter().enumerate().skip(i) {
                    prop_assert!(((j - i) as i64 + 1 - burst) * every <= to - from);
                }
            }
        }
    }
}
