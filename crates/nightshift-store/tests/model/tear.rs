//! Ends a change right before its commit, as the death of the process does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nightshift_store::CommitWatch;

#[derive(Default)]
pub(crate) struct Tear(AtomicBool);

impl Tear {
    /// The next commit is not reached.
    pub(crate) fn arm(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn disarm(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl CommitWatch for Tear {
    fn before(&self, _: &'static str) {
        if self.0.swap(false, Ordering::SeqCst) {
            // Unwinds without a word: what it held is dropped.
            std::panic::resume_unwind(Box::new("torn"));
        }
    }

    fn after(&self, _: &'static str, _: Duration) {}
}
