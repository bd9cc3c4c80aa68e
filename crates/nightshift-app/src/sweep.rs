//! Our own timed work: what nobody decided expires, what was lost comes back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::App;
use crate::lifecycle::{Loop, Tick, TickResult};

/// Between two sweeps: far below every timer that it serves.
const EVERY: Duration = Duration::from_secs(1);

pub struct Sweep {
    app: Arc<App>,
}

impl Sweep {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[async_trait]
impl Loop for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    async fn tick(&self) -> TickResult {
        let swept = self.app.store().sweep(self.app.now()).await?;
        if swept.expired + swept.lost > 0 {
            tracing::info!(
                task.expired = swept.expired,
                task.lost = swept.lost,
                "Swept."
            );
            self.app.wake.all();
            return Ok(Tick::Worked);
        }
        Ok(Tick::Idle(EVERY))
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}
