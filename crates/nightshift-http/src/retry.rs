//! Status and headers → advice on trying again.

use std::time::Duration;

use nightshift_core::error::Retry;

/// Longer waits are taken as this: a mistyped header must not stop deliveries for years.
const LONGEST: Duration = Duration::from_hours(24);

/// Advice for an answer with this status and `Retry-After` header.
pub fn retry(status: u16, retry_after: Option<Duration>) -> Retry {
    match (status, retry_after) {
        (408 | 425 | 429 | 500..=599, Some(wait)) => Retry::After(wait),
        (408 | 425 | 429 | 500..=599, None) => Retry::Soon,
        _ => Retry::Never,
    }
}

/// Reads `Retry-After` in seconds, with or without decimals. A date is not read, because there is
/// no clock here: the caller's own backoff does.
pub(crate) fn retry_after(header: &str) -> Option<Duration> {
    let seconds: f64 = header.trim().parse().ok()?;
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST);
    (seconds >= 0.0).then_some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_wait_is_honoured_and_bounded() {
        assert_eq!(retry_after("3"), Some(Duration::from_secs(3)));
        assert_eq!(retry_after(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("1e300"), Some(LONGEST));
        for bad in ["", "-1", "soon", "NaN", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(retry_after(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let wait = Duration::from_secs(7);
        assert_eq!(retry(429, Some(wait)), Retry::After(wait));
        assert_eq!(retry(503, None), Retry::Soon);
        assert_eq!(retry(400, Some(wait)), Retry::Never);
        assert_eq!(retry(200, None), Retry::Never);
    }
}
