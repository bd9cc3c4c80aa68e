//! Our time beside the machine's: says when somebody has set that one, and keeps ours for the
//! next life.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::time::Timestamp;

use crate::App;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};

/// Clocks are always a little apart.
const TOLERANCE_MS: i64 = 5000;

/// Between two marks: what the next life may be wrong by while ours makes up for a leap is a
/// twentieth of it.
const KEEP_EVERY: Duration = Duration::from_mins(1);

pub struct ClockWatch {
    app: Arc<App>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// How far the machine's clock was ahead at the last look, in milliseconds.
    ahead: i64,
    kept_at: Option<Timestamp>,
}

impl ClockWatch {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            seen: Mutex::default(),
        }
    }

    fn look(&self) {
        let ahead = self.app.clock_ahead();
        let before = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut seen.ahead, ahead)
        };
        if before.abs() > TOLERANCE_MS && ahead.abs() <= TOLERANCE_MS {
            tracing::info!("The machine's clock and ours agree again.");
        } else if (ahead - before).abs() > TOLERANCE_MS {
            tell_of_leap(ahead - before, ahead);
        }
    }

    fn is_to_be_kept(&self, now: Timestamp) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.kept_at
            .is_none_or(|kept_at| now.since(kept_at) >= KEEP_EVERY)
    }
}

fn tell_of_leap(leap: i64, ahead: i64) {
    let way = if leap > 0 { "forward" } else { "back" };
    let amount = amount(leap);
    tracing::warn!(
        clock.leap_ms = leap,
        clock.ahead_ms = ahead,
        "The machine's clock was set {way} by {amount}. Nothing expires and nothing runs twice \
         because of it: our own time goes on, and draws near by three minutes an hour. Check NTP \
         with `timedatectl`."
    );
}

/// `1d 2h`, `3m 5s`: as much as an operator wants to know.
fn amount(millis: i64) -> String {
    let seconds = (millis.unsigned_abs() + 500) / 1000;
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in units {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    parts.join(" ")
}

impl App {
    /// How far the machine's clock is ahead of our time, in milliseconds.
    pub fn clock_ahead(&self) -> i64 {
        let clock = &self.ports.clock;
        let now = clock.now().millis();
        clock.wall().millis() - now
    }

    /// Whether the machine's clock and ours agree, as far as clocks do.
    pub fn clock_agrees(&self) -> bool {
        self.clock_ahead().abs() <= TOLERANCE_MS
    }
}

#[async_trait]
impl Loop for ClockWatch {
    fn name(&self) -> &'static str {
        "clock"
    }

    async fn tick(&self) -> TickResult {
        self.look();
        let mark = self.app.ports.clock.mark();
        if self.is_to_be_kept(mark.at) {
            self.app.store().keep_clock(mark).await?;
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.kept_at = Some(mark.at);
        }
        Ok(Tick::Idle(POLL))
    }

    /// The next life begins where this one ends.
    async fn drain(&self) {
        let mark = self.app.ports.clock.mark();
        if let Err(error) = self.app.store().keep_clock(mark).await {
            tracing::warn!(%error, "Our time could not be kept for the next start.");
        }
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn an_amount_is_as_long_as_it_must_be() {
        let said = [86_399_981, -90_061_000, 65_000, 5_000, 0].map(amount);
        assert_eq!(said, ["1d", "1d 1h", "1m 5s", "5s", ""]);
    }
}
