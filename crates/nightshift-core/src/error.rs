//! What the errors of all ports share: a kind to branch on and advice on retrying.

use std::time::Duration;

/// Whether and when the same call may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail again.
    Never,
    /// With the caller's own backoff.
    Soon,
    /// Not before this has passed (a platform's `Retry-After`).
    After(Duration),
}

/// A boxed source, kept for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;
