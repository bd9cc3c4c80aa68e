//! Our own work by the clock: what nobody decided expires, what was lost comes back, people are
//! reminded, what is old is removed.
//!
//! Expiry and losses are moves, each decided by its own row: who looks twice, or from two servers,
//! changes nothing. The [`WORKS`] are claimed run by run.

mod retention;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::port::store::{Swept, TimedRun};

use crate::lead::SWEEPING;
use crate::lifecycle::{Loop, Tick, TickError, TickResult};
use crate::{App, Problem};
use retention::Retaining;

/// Between two sweeps: far below every timer that it serves.
const EVERY: Duration = Duration::from_secs(1);

/// Work that one run does for all servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Remind,
    Retain,
}

/// Every such work, by the name it is claimed under, and the time between two runs.
const WORKS: [(Work, &str, Duration); 2] = [
    // A person does not feel a minute.
    (Work::Remind, "remind", Duration::from_mins(1)),
    (Work::Retain, "retain", Duration::from_hours(1)),
];

pub struct Sweep {
    app: Arc<App>,
    retaining: Retaining,
}

impl Sweep {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            retaining: Retaining::default(),
        }
    }

    async fn sweep(&self) -> Result<bool, TickError> {
        let swept = self.app.store().sweep(self.app.now()).await?;
        if swept == Swept::default() {
            return Ok(false);
        }
        tracing::info!(
            task.expired = swept.expired,
            task.lost = swept.lost,
            task.returned = swept.returned,
            task.overdue = swept.overdue,
            "Swept."
        );
        // Who holds one of these is told at once, not at its next heartbeat.
        self.app.wake.stop_asked();
        self.app.wake.all();
        Ok(true)
    }

    /// Claims what is due; what was missed while nobody ran is done once.
    async fn works(&self) -> Result<bool, TickError> {
        let mut worked = false;
        for (work, name, every) in WORKS {
            let now = self.app.now();
            if let Some(run) = self.app.store().claim_run(name, every, now).await? {
                tracing::debug!(work = name, run.missed, "A run of timed work is ours.");
                worked |= self.begin(work, run).await?;
            }
        }
        Ok(worked)
    }

    async fn begin(&self, work: Work, run: TimedRun) -> Result<bool, Problem> {
        match work {
            Work::Remind => self.app.remind().await,
            Work::Retain => Ok(self.retaining.begin(&self.app, run)),
        }
    }
}

impl App {
    async fn remind(&self) -> Result<bool, Problem> {
        let before = self.settings.timers.approval_reminder;
        if before.is_zero() {
            return Ok(false);
        }
        let reminded = self.store().remind(before, self.now()).await?;
        if reminded == 0 {
            return Ok(false);
        }
        tracing::info!(task.reminded = reminded, "Reminded people of open plans.");
        self.wake.all();
        Ok(true)
    }
}

#[async_trait]
impl Loop for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    async fn tick(&self) -> TickResult {
        let now = self.app.now();
        if !self.app.leadership.leads(SWEEPING, now) {
            return Ok(Tick::Idle(EVERY));
        }
        // Expiry first: of what is over nobody is reminded.
        let swept = self.sweep().await?;
        let worked = self.works().await?;
        let removed = self.retaining.step(&self.app).await?;
        Ok(if swept || worked || removed {
            Tick::Worked
        } else {
            Tick::Idle(EVERY)
        })
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}
