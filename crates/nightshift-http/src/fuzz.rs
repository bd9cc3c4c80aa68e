//! What other servers' headers may say, for the fuzz targets.

use std::time::Duration;

/// A `Retry-After` header.
pub fn retry_after(header: &str) -> Option<Duration> {
    crate::retry::retry_after(header)
}
