//! Time and randomness, passed in.

use crate::id::Entropy;
use crate::port::store::ClockMark;
use crate::time::Timestamp;

/// The only source of the current time.
pub trait Clock: Send + Sync {
    ///
    /// - Never goes back, and passes as real time does, a machine's sleep included: a clock that
    ///   somebody sets neither ends a lease nor prolongs one.
    fn now(&self) -> Timestamp;

    /// What the machine's clock says: for comparison with the clocks of others alone (the time in
    /// a signature). It jumps when it is set.
    fn wall(&self) -> Timestamp {
        self.now()
    }

    /// The time that all servers share is so many milliseconds ahead of the machine's clock: `now`
    /// draws near to it.
    fn refer(&self, _ahead: i64) {}

    /// `now`, with the machine's uptime at that moment.
    fn mark(&self) -> ClockMark {
        ClockMark {
            at: self.now(),
            uptime: None,
        }
    }
}

/// The only source of randomness for identifiers.
pub trait Ids: Send + Sync {
    /// - Production: from the operating system; nobody can guess the next one.
    /// - Tests: seeded, so that a run can be repeated.
    fn entropy(&self) -> Entropy;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(43_200_000)
        }
    }

    #[test]
    fn a_clock_that_nobody_sets_agrees_with_the_machine_and_knows_no_uptime() {
        assert_eq!(Noon.wall(), Noon.now());
        let mark = Noon.mark();
        assert_eq!((mark.at, mark.uptime), (Noon.now(), None));
    }
}
