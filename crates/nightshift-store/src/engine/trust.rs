//! Whether the disk can be trusted. After a failed write or sync nothing more is written: the
//! kernel may have dropped what it could not write, and a second sync would report success for it.

use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::error::{Error, Result, code, primary_code};

/// Lost once, it is lost for this process: the next one recovers from the log.
pub(crate) struct Trust {
    database: PathBuf,
    lost: watch::Sender<Option<String>>,
}

impl Trust {
    pub(crate) fn new(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            lost: watch::Sender::new(None),
        }
    }

    /// Refuses every change once trust is lost.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.lost.borrow() {
            None => Ok(()),
            Some(why) => Err(Error::Untrusted(why.clone())),
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    /// Looks at what went wrong with a write. A full disk is no reason: nothing was lost by it,
    /// and it passes.
    pub(crate) fn judge(&self, error: sqlx::Error) -> Error {
        if primary_code(&error) != Some(code::IO_ERROR) {
            return Error::Sql(error);
        }
        let why = format!(
            "the disk under {} failed ({error}): nothing is acknowledged any more; check the disk \
             (its kernel log), then start again, and what was acknowledged is recovered",
            self.database.display()
        );
        self.lost.send_if_modified(|lost| {
            let first = lost.is_none();
            lost.get_or_insert(why);
            first
        });
        Error::Sql(error)
    }

    /// Resolves when trust is lost, with a sentence for the operator.
    pub(crate) async fn lost(&self) -> String {
        let mut lost = self.lost.subscribe();
        let why = lost.wait_for(Option::is_some).await;
        let why = why.expect("invariant: we hold the sender");
        why.clone().unwrap_or_default()
    }
}
