//! Where in an index the rows begin that count.
//!
//! While anybody holds an old snapshot, PostgreSQL can remove no dead row, and an index of what
//! waits keeps an entry of everything that ever waited: whoever looks for the first one reads all of
//! them, longer with each task. So a server remembers where it found the first, and begins there.
//! Now and then it looks from the beginning: nothing is overlooked for longer than that.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nightshift_core::time::Timestamp;

use crate::error::Result;
use crate::statement::Scalar;
use crate::transaction::Tx;

/// A queue is looked through from its beginning so often.
const QUEUE_EVERY: Duration = Duration::from_secs(2);
/// The same for deadlines, which are set in good time and by nobody who could be late.
const DEADLINES_EVERY: Duration = Duration::from_mins(1);

/// A change carries the time at which it began, and may become visible so much later. The few that
/// wait longer, for a lock, are found when the queue is looked through.
const QUEUED_LATE: Duration = Duration::from_secs(1);
/// The same where that is seldom: longer than any change waits for a lock.
const SET_LATE: Duration = Duration::from_secs(20);

/// Of one server.
#[derive(Default)]
pub(crate) struct LowWater(Mutex<BTreeMap<String, Mark>>);

/// Milliseconds of the store's clock.
#[derive(Debug, Clone, Copy)]
struct Mark {
    from: i64,
    looked_at: i64,
}

impl Mark {
    /// A clock that was set back has seen nothing yet.
    fn is_fresh(self, now: Timestamp, every: Duration) -> bool {
        let age = now.millis() - self.looked_at;
        (0..every.as_millis() as i64).contains(&age)
    }
}

impl LowWater {
    /// The mark of a queue; when it is time to look again, who asks looks, and the others go on
    /// with the old one.
    fn of(&self, queue: &str, now: Timestamp) -> Option<i64> {
        let mut marks = self.marks();
        let mark = marks.get_mut(queue)?;
        let fresh = mark.is_fresh(now, QUEUE_EVERY);
        if !fresh {
            mark.looked_at = now.millis();
        }
        fresh.then_some(mark.from)
    }

    /// `first` is the time of the first row that waits.
    fn found(&self, queue: &str, first: Option<i64>, now: Timestamp) -> i64 {
        let from = first.unwrap_or(i64::MAX).min(before(now, QUEUED_LATE));
        self.set(queue, from, now.millis());
        from
    }

    fn set(&self, of: &str, from: i64, looked_at: i64) {
        self.marks().insert(of.to_owned(), Mark { from, looked_at });
    }

    /// From where deadlines are looked at.
    fn deadlines(&self, of: &str, now: Timestamp) -> i64 {
        let marks = self.marks();
        let fresh = marks
            .get(of)
            .filter(|mark| mark.is_fresh(now, DEADLINES_EVERY));
        fresh.map_or(i64::MIN, |mark| mark.from)
    }

    /// All deadlines of these kinds that are over were seen to, and it is in the store.
    pub(crate) fn seen_to(&self, kinds: &[&'static str], now: Timestamp) {
        for of in kinds {
            let known = self.marks().get(*of).copied();
            let looked_at = match known {
                Some(mark) if mark.is_fresh(now, DEADLINES_EVERY) => mark.looked_at,
                _ => now.millis(),
            };
            self.set(of, before(now, SET_LATE), looked_at);
        }
    }

    fn marks(&self) -> MutexGuard<'_, BTreeMap<String, Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn before(at: Timestamp, late: Duration) -> i64 {
    at.millis().saturating_sub(late.as_millis() as i64)
}

impl Tx<'_> {
    /// No row of this queue that waits has an earlier time; `None` on an engine that leaves no
    /// dead rows. `first` asks for the time of the first.
    pub(crate) async fn low_water(
        &mut self,
        queue: &str,
        first: Scalar<i64>,
    ) -> Result<Option<i64>> {
        let Some(marks) = self.low_water else {
            return Ok(None);
        };
        if let Some(from) = marks.of(queue, self.now) {
            return Ok(Some(from));
        }
        let first = first.fetch_optional(self.conn()).await?;
        Ok(Some(marks.found(queue, first, self.now)))
    }

    /// No deadline of this kind before it is open; `None` as above.
    pub(crate) fn open_since(&self, deadlines: &str) -> Option<i64> {
        let marks = self.low_water?;
        Some(marks.deadlines(deadlines, self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_queue_is_looked_through_again_after_a_while_by_one() {
        let marks = LowWater::default();
        assert_eq!(marks.of("local", at(100)), None);
        assert_eq!(marks.found("local", Some(90_000), at(100)), 90_000);
        assert_eq!(marks.of("local", at(101)), Some(90_000));
        assert_eq!(marks.of("local", at(102)), None);
        assert_eq!(marks.of("local", at(102)), Some(90_000));
        assert_eq!(marks.of("docker", at(102)), None);
    }

    #[test]
    fn what_is_not_visible_yet_is_not_left_behind() {
        let marks = LowWater::default();
        assert_eq!(marks.found("local", None, at(100)), 99_000);
        assert_eq!(marks.found("local", Some(99_999), at(100)), 99_000);
    }

    #[test]
    fn a_clock_that_was_set_back_looks_again() {
        let marks = LowWater::default();
        marks.found("local", Some(90_000), at(100));
        assert_eq!(marks.of("local", at(99)), None);
        marks.seen_to(&["leases"], at(100));
        assert_eq!(marks.deadlines("leases", at(99)), i64::MIN);
    }

    #[test]
    fn deadlines_are_all_looked_at_once_a_minute() {
        let marks = LowWater::default();
        assert_eq!(marks.deadlines("leases", at(100)), i64::MIN);
        marks.seen_to(&["leases"], at(100));
        assert_eq!(marks.deadlines("leases", at(101)), 80_000);
        marks.seen_to(&["leases"], at(130));
        assert_eq!(marks.deadlines("leases", at(131)), 110_000);
        assert_eq!(marks.deadlines("leases", at(160)), i64::MIN);
    }
}
