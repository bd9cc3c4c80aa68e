//! The real time and real randomness: their only readers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nightshift_core::id::Entropy;
use nightshift_core::port::store::{ClockMark, KeptClock, Uptime};
use nightshift_core::port::{Clock, Ids};
use nightshift_core::time::Timestamp;
use nightshift_core::time::steady::{Steady, resume};
use nix::time::{ClockId, clock_gettime};
use rand::TryRngCore;

/// Our time: never back, never a leap, whatever is done to the machine's clock.
pub(crate) struct SystemClock {
    steady: Mutex<Steady>,
    boot: Option<i64>,
    /// How far the time that all servers share is ahead of the machine's, in milliseconds.
    ahead: AtomicI64,
}

impl SystemClock {
    /// Goes on where the life before ended.
    pub(crate) fn resume(kept: &KeptClock) -> Self {
        let boot = boot();
        let since = uptime();
        let begin = resume(
            kept,
            boot.map(|boot| Uptime { boot, since }),
            machine_time(),
        );
        Self {
            steady: Mutex::new(Steady::begin(begin, since)),
            boot,
            ahead: AtomicI64::new(0),
        }
    }

    /// Begins with the time of all servers on one database, which is `ahead` of the machine's.
    pub(crate) fn shared(begin: Timestamp, ahead: i64) -> Self {
        Self {
            steady: Mutex::new(Steady::begin(begin, uptime())),
            boot: None,
            ahead: AtomicI64::new(ahead),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.mark().at
    }

    fn wall(&self) -> Timestamp {
        machine_time()
    }

    fn refer(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Release);
    }

    fn mark(&self) -> ClockMark {
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        let since = uptime();
        let ahead = i128::from(self.ahead.load(Ordering::Acquire));
        ClockMark {
            at: steady.read(since, wall() + ahead * NANOS_PER_MILLI),
            uptime: self.boot.map(|boot| Uptime { boot, since }),
        }
    }
}

const NANOS_PER_MILLI: i128 = 1_000_000;

/// The machine's time, for what is written beside other programs' lines.
pub(crate) fn machine_time() -> Timestamp {
    Timestamp::from_millis((wall() / 1_000_000) as i64)
}

/// Nanoseconds since 1970, as the machine has it.
fn wall() -> i128 {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    let now = jiff::Timestamp::now();
    now.as_nanosecond()
}

/// Counts the machine's sleep, and cannot be set.
#[cfg(target_os = "linux")]
const UPTIME: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const UPTIME: ClockId = ClockId::CLOCK_MONOTONIC;

fn uptime() -> Duration {
    let time = clock_gettime(UPTIME).expect("invariant: every supported kernel has this clock");
    Duration::from(time)
}

/// Names this run of the machine.
fn boot() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(15)
        .collect();
    i64::from_str_radix(&digits, 16)
        .ok()
        .filter(|boot| *boot != 0)
}

/// Identifiers from the operating system's generator.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    fn entropy(&self) -> Entropy {
        let mut bytes = Entropy::default();
        rand::rngs::OsRng
            .try_fill_bytes(&mut bytes)
            .expect("invariant: the operating system has randomness");
        bytes
    }
}
