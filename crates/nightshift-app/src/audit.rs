//! The auditor: now and then the stored rows are asked whether they contradict each other. Always in
//! builds for development, else where the configuration wants it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use nightshift_core::time::Timestamp;

use crate::App;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};

/// What the last look found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Mutex<Vec<String>>);

impl Findings {
    fn read(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps what was found and returns what was not known before.
    fn replace(&self, found: Vec<String>) -> Vec<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = found.iter().filter(|it| !known.contains(it));
        let fresh = fresh.cloned().collect();
        *known = found;
        fresh
    }
}

impl App {
    /// One sentence for each invariant of the store that was found broken; none where nobody looks.
    pub fn broken_invariants(&self) -> Vec<String> {
        self.findings.read()
    }
}

pub struct Auditor {
    app: Arc<App>,
    looked: Mutex<Option<Timestamp>>,
}

impl Auditor {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            looked: Mutex::new(None),
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let every = self.app.settings.timers.self_check;
        if every.is_zero() {
            return false;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.is_none_or(|last| last.after(every) <= now);
        if due {
            *looked = Some(now);
        }
        due
    }
}

#[async_trait]
impl Loop for Auditor {
    fn name(&self) -> &'static str {
        "auditor"
    }

    async fn tick(&self) -> TickResult {
        if self.is_due(self.app.now()) {
            let found = self.app.store().broken_invariants().await?;
            for sentence in self.app.findings.replace(found) {
                tracing::error!(
                    invariant = sentence,
                    "Stored rows contradict each other; run nightshift db check."
                );
            }
        }
        Ok(Tick::Idle(POLL))
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}
