//! Removing what is old: a run is a list of kinds, worked off one bounded step at a time, so that
//! nothing else waits long.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nightshift_core::id::TaskId;
use nightshift_core::port::StoreError;
use nightshift_core::port::store::{KEEP_DELIVERIES, KEEP_IDEMPOTENCY, Prune, TimedRun};

use crate::App;

/// After a longer pause the clock is believed only when it still says so at the next run: one that
/// jumped ahead for a moment must not remove a year.
const DOUBTFUL: Duration = Duration::from_hours(7 * 24);

/// Directories removed in one step.
const DIRECTORIES: u32 = 20;

/// What is left of the present run: the kind, and how long it is kept.
#[derive(Default)]
pub(super) struct Retaining(Mutex<VecDeque<(Prune, Duration)>>);

impl Retaining {
    fn left(&self) -> MutexGuard<'_, VecDeque<(Prune, Duration)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to do.
    pub(super) fn begin(&self, app: &App, run: TimedRun) -> bool {
        let now = app.now();
        if run.last_at.is_some_and(|last| now.since(last) > DOUBTFUL) {
            tracing::info!("Nothing old is removed yet: the last run was long ago by this clock.");
            return false;
        }
        *self.left() = plan(app);
        true
    }

    /// One step of the present run; `false` when there is none.
    pub(super) async fn step(&self, app: &App) -> Result<bool, StoreError> {
        let next = self.left().front().copied();
        let Some((what, keep)) = next else {
            return Ok(false);
        };
        let mut more = false;
        if what == Prune::Leftovers {
            more = app.remove_files().await?;
        }
        let pruned = app.store().prune(what, keep, app.now()).await?;
        if pruned.rows > 0 {
            tracing::debug!(what = ?what, rows = pruned.rows, "Removed what was old.");
        }
        if !(more || pruned.more) {
            self.left().pop_front();
        }
        Ok(true)
    }
}

/// Every kind in the order of a run: what a removed task leaves comes after the tasks.
fn plan(app: &App) -> VecDeque<(Prune, Duration)> {
    let keep = &app.settings.retention;
    let silence = app.settings.timers.stranger_silence;
    let fixed = [
        (Prune::DeliveryKeys, KEEP_DELIVERIES),
        (Prune::Deliveries, KEEP_DELIVERIES),
        (Prune::IdempotencyKeys, KEEP_IDEMPOTENCY),
        (Prune::Questions, Duration::ZERO),
        (Prune::Strangers, silence.max(KEEP_DELIVERIES)),
    ];
    let chosen = [
        (Prune::Events, keep.events),
        (Prune::Messages, keep.messages),
        (Prune::PageMessages, keep.page),
        (Prune::Output, keep.output),
        (Prune::Tasks, keep.tasks),
    ];
    let chosen = chosen.into_iter().filter(|(_, keep)| !keep.is_zero());
    let rest = [(Prune::Leftovers, Duration::ZERO)];
    fixed.into_iter().chain(chosen).chain(rest).collect()
}

impl App {
    /// Removes the result files of removed tasks; whether there may be more.
    async fn remove_files(&self) -> Result<bool, StoreError> {
        let tasks = self.store().removed_tasks(DIRECTORIES).await?;
        if tasks.is_empty() {
            return Ok(false);
        }
        let mut gone = Vec::new();
        for task in &tasks {
            match self.remove_results(task).await {
                Ok(()) => gone.push(task.clone()),
                // The next run tries again; the others must not wait for it.
                Err(error) => {
                    tracing::warn!(task.id = %task, %error, "The result files of a removed task could not be removed.");
                }
            }
        }
        self.store().files_removed(&gone).await?;
        Ok(!gone.is_empty())
    }

    async fn remove_results(&self, task: &TaskId) -> io::Result<()> {
        let dir = self.settings.results_dir.join(task.as_str());
        match tokio::fs::remove_dir_all(dir).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
