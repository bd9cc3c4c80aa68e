//! Time and randomness, passed in.

use crate::id::Entropy;
use crate::time::Timestamp;

/// The only source of the current time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The only source of randomness for identifiers.
pub trait Ids: Send + Sync {
    /// - Production: from the operating system; nobody can guess the next one.
    /// - Tests: seeded, so that a run can be repeated.
    fn entropy(&self) -> Entropy;
}
