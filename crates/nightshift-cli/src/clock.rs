//! The real time and real randomness: their only readers.

use nightshift_core::id::Entropy;
use nightshift_core::port::{Clock, Ids};
use nightshift_core::time::Timestamp;
use rand::TryRngCore;

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
        let now = jiff::Timestamp::now();
        Timestamp::from_millis(now.as_millisecond())
    }
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
