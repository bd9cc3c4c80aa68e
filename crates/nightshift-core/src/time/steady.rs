//! A time that nobody can set: it starts with the machine's clock and then passes as real time
//! does. Where the machine's clock is set meanwhile, it draws near to it slowly.

use std::time::Duration;

use super::Timestamp;
use crate::port::store::{KeptClock, Uptime};

/// Our own time.
///
/// - It never goes back and never leaps; it runs a twentieth faster or slower at most.
#[derive(Debug, Clone)]
pub struct Steady {
    nanos: i128,
    uptime: Duration,
}

/// Real time over the most that is made up for in it: three minutes in an hour.
const PART: i128 = 20;

const NANOS_PER_MILLI: i128 = 1_000_000;

impl Steady {
    /// `uptime` is the machine's, its sleep included.
    pub fn begin(at: Timestamp, uptime: Duration) -> Self {
        Self {
            nanos: i128::from(at.millis()) * NANOS_PER_MILLI,
            uptime,
        }
    }

    /// The time, when the machine has run for `uptime` and its clock says `wall`.
    pub fn read(&mut self, uptime: Duration, wall_nanos: i128) -> Timestamp {
        let passed = uptime.saturating_sub(self.uptime).as_nanos() as i128;
        self.uptime = self.uptime.max(uptime);
        let expected = self.nanos + passed;
        let most = passed / PART;
        self.nanos = expected + (wall_nanos - expected).clamp(-most, most);
        Timestamp::from_millis(i64::try_from(self.nanos / NANOS_PER_MILLI).unwrap_or(i64::MAX))
    }
}

/// The time with which a life begins.
///
/// - In the same run of the machine as the life before it is known how much real time has passed:
///   the machine's clock has no say.
/// - After a restart of the machine its clock is all there is.
/// - Never before anything that has happened.
pub fn resume(kept: &KeptClock, uptime: Option<Uptime>, wall: Timestamp) -> Timestamp {
    let mark = kept.mark;
    let passed = mark.and_then(|mark| {
        let (before, now) = (mark.uptime?, uptime?);
        let since = now.since.checked_sub(before.since)?;
        (before.boot == now.boot).then(|| mark.at.after(since))
    });
    let floor = mark.map(|mark| mark.at).max(kept.newest_event);
    let begin = passed.unwrap_or(wall);
    floor.map_or(begin, |floor| begin.max(floor))
}

#[cfg(test)]
mod tests;
