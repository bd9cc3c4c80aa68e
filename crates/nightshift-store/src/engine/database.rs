//! The engine at hand, behind one set of methods.

use nightshift_core::port::store::Measures;

use super::connection::Conn;
use super::postgres::Postgres;
use super::sqlite;
use super::turns::Rank;
use super::write::{By, Write};
use crate::error::Result;

pub(crate) enum Database {
    Sqlite(Box<sqlite::Engine>),
    Postgres(Box<Postgres>),
}

impl Database {
    /// Rows that are no more stay in the way of those that are, for a while.
    pub(crate) fn keeps_dead_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The only place where a writing transaction begins. Dropped before its commit, it rolls back.
    /// `change` names the store method for those who watch its commit.
    pub(crate) async fn write(&self, change: &'static str) -> Result<Write<'_>> {
        self.write_as(change, Rank::First).await
    }

    pub(crate) async fn write_as(&self, change: &'static str, rank: Rank) -> Result<Write<'_>> {
        match self {
            Self::Sqlite(engine) => engine.write_as(change, rank).await,
            Self::Postgres(engine) => {
                let (conn, permit) = engine.begin(rank).await?;
                Ok(Write::new(conn, By::Postgres(engine, permit), change))
            }
        }
    }

    /// Several reads that see the same moment.
    pub(crate) async fn snapshot(&self) -> Result<Reading> {
        match self {
            Self::Sqlite(engine) => engine.snapshot().await,
            Self::Postgres(engine) => engine.snapshot().await,
        }
        .map(Reading)
    }

    /// One read.
    pub(crate) async fn read(&self) -> Result<Reading> {
        match self {
            Self::Sqlite(engine) => engine.read().await,
            Self::Postgres(engine) => engine.read().await,
        }
        .map(Reading)
    }

    /// Writes and reads back, durably.
    pub(crate) async fn check(&self) -> Result<()> {
        match self {
            Self::Sqlite(engine) => engine.check().await,
            Self::Postgres(engine) => engine.check().await,
        }
    }

    /// Resolves when the disk has failed, with a sentence for the operator. Of a server's disk we
    /// know nothing: its errors are answered one by one.
    pub(crate) async fn broken(&self) -> String {
        match self {
            Self::Sqlite(engine) => engine.broken().await,
            Self::Postgres(_) => std::future::pending().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close().await,
        }
    }

    pub(crate) fn measures(&self) -> Measures {
        match self {
            Self::Sqlite(engine) => engine.meter.read(),
            Self::Postgres(engine) => engine.meter.read(),
        }
    }

    /// So many went into one commit.
    pub(crate) fn gathered(&self, batch: usize) {
        match self {
            Self::Sqlite(engine) => engine.meter.batch.add(batch as u64),
            Self::Postgres(engine) => engine.meter.batch.add(batch as u64),
        }
    }
}

/// A connection that is only read from.
pub(crate) struct Reading(Conn);

impl std::ops::Deref for Reading {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl std::ops::DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
