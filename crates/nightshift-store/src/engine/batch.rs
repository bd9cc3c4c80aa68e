//! A whole transaction as one message to the database's thread: on a busy machine each message
//! waits for a processor, so the fewer the better.

use std::sync::atomic::Ordering;
use std::time::Instant;

use sqlx::any::AnyArguments;

use super::sqlite::Engine;
use super::turns::Rank;
use crate::dialect;
use crate::error::{Result, is_taken};

/// What became of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    Committed,
    /// A row that had to be new was there already: nothing of it happened.
    Taken,
}

impl Engine {
    /// Runs `script`, which begins and commits by itself; its statements take the values one after
    /// the other. An error means that nothing of it happened.
    pub(crate) async fn at_once(
        &self,
        change: &'static str,
        script: &'static str,
        values: AnyArguments,
    ) -> Result<Ran> {
        let _turn = self.turn(Rank::First).await?;
        let mut conn = self.writer.acquire().await?;
        self.commits(change);
        let began = Instant::now();
        let query = sqlx::query_with(script, values);
        // Given up in the middle, the transaction may stay open: whoever is next must know.
        self.midway.store(true, Ordering::Release);
        let ran = query.execute(&mut *conn).await;
        let Err(error) = ran else {
            self.midway.store(false, Ordering::Release);
            self.has_committed(change, began.elapsed());
            return Ok(Ran::Committed);
        };
        let taken = is_taken(&error);
        let error = self.trust.judge(error);
        // Some errors roll back by themselves; then there is nothing to roll back.
        let undone = sqlx::raw_sql(dialect::ROLLBACK).execute(&mut *conn).await;
        // Where that failed, the next one gets a new connection.
        self.midway.store(undone.is_err(), Ordering::Release);
        if taken { Ok(Ran::Taken) } else { Err(error) }
    }
}
