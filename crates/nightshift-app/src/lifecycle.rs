//! Background loops: one shape, so that tests can tick them and the server can stop them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// What a tick found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Something was done; there may be more.
    Worked,
    /// Nothing to do before this has passed, unless woken.
    Idle(Duration),
}

/// Longest wait of an idle loop: hints may be missed, the table is the truth.
pub const POLL: Duration = Duration::from_secs(1);

/// Wait after a tick that failed.
const AFTER_ERROR: Duration = Duration::from_millis(500);

#[async_trait]
pub trait Loop: Send + Sync {
    fn name(&self) -> &'static str;

    /// One round.
    ///
    /// - Does a bounded amount of work and returns.
    /// - An error is logged and the round repeated later; it must leave nothing half done.
    async fn tick(&self) -> TickResult;

    /// Resolves when there may be work before the poll.
    async fn woken(&self);

    /// Work that goes on beside the ticks (running attempts, plans being made).
    fn busy(&self) -> bool {
        false
    }

    /// Called once when the service stops: finish or hand back what is in hand.
    async fn drain(&self) {}
}

/// The error of a tick: logged, never branched on.
pub type TickError = Box<dyn std::error::Error + Send + Sync>;
pub type TickResult = Result<Tick, TickError>;

/// Runs a loop until it is stopped. A panic in a tick is contained by the caller's task.
pub async fn run(this: Arc<dyn Loop>, stop: CancellationToken) {
    let mut failures = 0_u64;
    loop {
        let ticked = this.tick().await;
        if ticked.is_ok() && failures > 0 {
            tracing::info!(
                loop.name = this.name(),
                loop.failures = failures,
                "A background loop works again."
            );
            failures = 0;
        }
        let pause = match ticked {
            Ok(Tick::Worked) => Duration::ZERO,
            Ok(Tick::Idle(next)) => next.min(POLL),
            Err(error) => {
                failures += 1;
                // Told ever more seldom: an hour of a full disk must not fill the log as well.
                if failures.is_power_of_two() {
                    tracing::error!(
                        loop.name = this.name(),
                        loop.failures = failures,
                        error,
                        "A background loop failed; it goes on."
                    );
                }
                AFTER_ERROR
            }
        };
        if stop.is_cancelled() {
            break;
        }
        if pause.is_zero() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = this.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    this.drain().await;
}
