//! Checkpoints off the commit path: a connection of their own folds the log into the database.
//!
//! Most is folded while others write. A log that is written all the time can never begin anew, so
//! the rest is folded while nobody writes: that is a moment's work.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyPool, Row};
use tokio::sync::Notify;

use super::measure::Meter;
use super::trust::Trust;
use super::turns::{Rank, Turns};
use crate::error::{Error, Result};
use crate::sql;

/// Smaller logs are left alone: folding costs two syncs.
const FOLD_ABOVE: u64 = 16 << 20;
/// Above this it goes before everything else, and waits for readers.
const AT_MOST: u64 = 256 << 20;
/// Between looks at the log; at the disk's full speed it grows by some megabytes meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
/// After a failure.
const LATER: Duration = Duration::from_secs(1);
/// As the writer sets it.
const PAGE: u64 = 4096;

pub(super) struct Fold {
    pub(super) pool: AnyPool,
    pub(super) turns: Turns,
    pub(super) meter: Arc<Meter>,
    pub(super) trust: Arc<Trust>,
    /// Told of every commit.
    pub(super) committed: Arc<Notify>,
}

impl Fold {
    /// Goes on until it is dropped or the disk has failed.
    pub(super) async fn run(self) {
        while !self.trust.is_lost() {
            self.committed.notified().await;
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "The log could not be folded into the database; it grows meanwhile.");
                tokio::time::sleep(LATER).await;
            }
        }
    }

    async fn look(&self) -> Result<()> {
        let size = self.checkpoint(sql::meta::LOG_SIZE).await?;
        if size < FOLD_ABOVE {
            return Ok(());
        }
        self.checkpoint(sql::meta::FOLD).await?;
        let (rank, how) = if size > AT_MOST {
            (Rank::First, sql::meta::FOLD_ALL)
        } else {
            (Rank::Later, sql::meta::FOLD)
        };
        let _turn = self.turns.take(rank).await;
        self.checkpoint(how).await?;
        self.meter.folded();
        Ok(())
    }

    /// The size of the log in bytes.
    async fn checkpoint(&self, how: &'static str) -> Result<u64> {
        let row = sqlx::query(how).fetch_one(&self.pool).await;
        let row = row.map_err(|error| self.trust.judge(error))?;
        let pages: i64 = row.try_get("log").map_err(Error::Sql)?;
        // -1 while there is no log.
        let size = u64::try_from(pages).unwrap_or(0) * PAGE;
        self.meter.log_is(size);
        Ok(size)
    }
}
