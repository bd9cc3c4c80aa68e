//! Slack's rate limits: a bucket per channel for posts, a sliding minute per method else.

use std::collections::{BTreeMap, VecDeque};

/// How fast the app may post.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Messages that may follow each other at once in one channel.
    pub post_burst: u32,
    /// Milliseconds after which a channel takes one more message: about 1/s by Slack's pages.
    pub post_every_ms: i64,
    /// Limits can be turned off for tests of something else.
    pub enforced: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            post_burst: 5,
            post_every_ms: 1000,
            enforced: true,
        }
    }
}

/// A minute, the window of Slack's tiers.
const WINDOW_MS: i64 = 60_000;
/// A call this little before the end of `Retry-After` counts as in time: clocks are read twice.
const GRACE_MS: i64 = 20;

#[derive(Debug, Default)]
pub(crate) struct Paces {
    /// Method and channel → (credit in ms, as of).
    buckets: BTreeMap<String, (i64, i64)>,
    /// Method → times of its calls in the last minute.
    windows: BTreeMap<String, VecDeque<i64>>,
    /// Scope → until when the app was told to wait.
    told: BTreeMap<String, i64>,
}

/// The call is too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast {
    pub(crate) retry_after_s: i64,
}

impl Paces {
    /// Takes one post in `scope`.
    pub(crate) fn post(&mut self, scope: &str, pace: Pace, now: i64) -> Result<(), TooFast> {
        let every = pace.post_every_ms;
        let full = i64::from(pace.post_burst) * every;
        let (credit, at) = *self.buckets.get(scope).unwrap_or(&(full, now));
        let credit = (credit + now - at).min(full);
        if credit < every {
            return Err(self.refuse(scope, now, every - credit));
        }
        self.buckets.insert(scope.to_owned(), (credit - every, now));
        Ok(())
    }

    /// Takes one call of a tier with `per_minute` calls.
    pub(crate) fn tier(&mut self, scope: &str, per_minute: usize, now: i64) -> Result<(), TooFast> {
        let window = self.windows.entry(scope.to_owned()).or_default();
        while window.front().is_some_and(|at| *at + WINDOW_MS <= now) {
            window.pop_front();
        }
        if window.len() < per_minute {
            window.push_back(now);
            return Ok(());
        }
        let wait = window.front().map_or(0, |at| at + WINDOW_MS - now);
        Err(self.refuse(scope, now, wait))
    }

    /// Remembers that the app was told to wait, for a 429 that a fault made.
    pub(crate) fn told(&mut self, scope: &str, until_ms: i64) {
        self.told.insert(scope.to_owned(), until_ms);
    }

    /// Whether the app calls although it was told to wait.
    pub(crate) fn ignores(&self, scope: &str, now: i64) -> bool {
        self.told
            .get(scope)
            .is_some_and(|until| now + GRACE_MS < *until)
    }

    fn refuse(&mut self, scope: &str, now: i64, wait_ms: i64) -> TooFast {
        let retry_after_s = (wait_ms + 999).div_euclid(1000).max(1);
        self.told.insert(scope.to_owned(), now + wait_ms);
        TooFast { retry_after_s }
    }
}
