//! The estimate, which a test can hold up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use nightshift_core::plan::Draft;
use nightshift_core::port::planner::{Ask, Planner, PlannerError};
use nightshift_planner::EstimatePlanner;

/// Plans by the estimate, unless it is told to think for ever or to fail.
#[derive(Default)]
pub struct ScriptedPlanner {
    thinks_for_ever: AtomicBool,
    fails: AtomicBool,
    broken: AtomicBool,
    asked: AtomicUsize,
}

impl ScriptedPlanner {
    pub fn thinks_for_ever(&self) {
        self.thinks_for_ever.store(true, Ordering::SeqCst);
    }

    pub fn fails(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    /// Every question ends in a panic.
    pub fn breaks_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Planner for ScriptedPlanner {
    async fn plan(&self, ask: &Ask) -> Result<Draft, PlannerError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(
            !self.broken.load(Ordering::SeqCst),
            "the planner breaks down, as the test wants"
        );
        if self.thinks_for_ever.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(PlannerError {
                message: "the planner has no idea".into(),
                source: None,
            });
        }
        EstimatePlanner.plan(ask).await
    }
}
