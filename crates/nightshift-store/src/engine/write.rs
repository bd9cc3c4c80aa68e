//! A writing transaction, watched at its end.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use super::connection::Conn;
use super::postgres::{Permit, Postgres};
use super::sqlite::Engine;
use super::turns::Turn;
use crate::error::Result;

/// Dropped before [`Write::commit`], it rolls back.
pub(crate) struct Write<'e> {
    // Dropped before the right to write is passed on.
    conn: Conn,
    by: By<'e>,
    change: &'static str,
}

/// What else is held until the end.
pub(super) enum By<'e> {
    /// The turn on the one writing connection.
    Sqlite(&'e Engine, Turn),
    Postgres(&'e Postgres, Option<Permit>),
}

impl<'e> Write<'e> {
    pub(super) fn new(conn: Conn, by: By<'e>, change: &'static str) -> Self {
        Self { conn, by, change }
    }

    /// Nothing of it happened, and what it held is free. Where that cannot be said the connection
    /// is closed, which comes to the same.
    pub(crate) async fn undo(self) {
        if let Err(error) = self.conn.undo().await {
            tracing::debug!(%error, "a transaction was not rolled back by a word");
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self.by {
            By::Sqlite(engine, _turn) => {
                engine.commits(self.change);
                let began = Instant::now();
                let committed = self.conn.commit().await;
                committed.map_err(|error| engine.trust.judge(error))?;
                engine.has_committed(self.change, began.elapsed());
            }
            By::Postgres(engine, _permit) => {
                engine.commits(self.change);
                let began = Instant::now();
                engine.commit(self.conn).await?;
                engine.has_committed(self.change, began.elapsed());
            }
        }
        Ok(())
    }
}

impl Deref for Write<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
