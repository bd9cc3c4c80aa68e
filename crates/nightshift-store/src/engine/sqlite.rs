//! SQLite: one writing connection, a few reading ones, and settings that are read back.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::any::install_default_drivers;
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::connection::Conn;
use super::directory::DataDir;
use super::file::{Access, connect, failed, not_migrated};
use super::fold::Fold;
use super::inspect;
use super::measure::Meter;
use super::trust::Trust;
use super::turns::{Rank, Turn, Turns};
use super::write::{By, Write};
use super::{CommitWatch, Conditions, OpenError, OpenKind, Synchronous};
use crate::dialect;
use crate::error::Result;
use crate::sql;
use crate::statement::{Dialect, scalar};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// The log is folded by a connection of its own; of its file never more than 256 MiB is kept.
const WRITER: &str = "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; \
    PRAGMA fullfsync=ON; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON; \
    PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=0; \
    PRAGMA journal_size_limit=268435456; PRAGMA temp_store=MEMORY;";
const READER: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-16384; \
    PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;";

/// Waits for readers only where the log is far too long, and not for long: writers wait with it.
const FOLDER: &str = "PRAGMA fullfsync=ON; PRAGMA synchronous=FULL; PRAGMA busy_timeout=250; \
    PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=268435456;";

/// Competing writers do not go faster, and one of them waits for seconds.
const WRITERS: u32 = 1;
const READERS: u32 = 4;

/// `FULL` keeps every acknowledged commit over a power cut; with batches it costs next to nothing.
const fn synchronous(level: Synchronous) -> (&'static str, i64) {
    match level {
        Synchronous::Full => ("PRAGMA synchronous=FULL", 2),
        Synchronous::Normal => ("PRAGMA synchronous=NORMAL", 1),
    }
}

pub(crate) struct Engine {
    pub(super) writer: AnyPool,
    reader: AnyPool,
    folder: AnyPool,
    watch: Option<Arc<dyn CommitWatch>>,
    pub(super) trust: Arc<Trust>,
    turns: Turns,
    pub(crate) meter: Arc<Meter>,
    /// A script was given up in the middle: its transaction may still be open.
    pub(super) midway: AtomicBool,
    committed: Arc<Notify>,
    folding: Mutex<JoinSet<()>>,
    dir: Mutex<Option<DataDir>>,
}

impl Engine {
    pub(crate) async fn open(data_dir: &Path, conditions: Conditions) -> Result<Self, OpenError> {
        install_default_drivers();
        let dir = DataDir::take(data_dir)?;
        let path = dir.database();
        inspect::before_start(&path).await?;
        dir.make_database()?;
        let (set, expected) = synchronous(conditions.synchronous);
        let writer = connect(&path, Access::Write, WRITERS, [WRITER, set]).await?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|e| not_migrated(&path, e))?;
        read_back(&path, &writer, expected).await?;
        let reader = connect(&path, Access::Write, READERS, [READER, ""]).await?;
        let folder = connect(&path, Access::Write, 1, [FOLDER, ""]).await?;
        let engine = Self {
            writer,
            reader,
            folder,
            watch: conditions.watch,
            trust: Arc::new(Trust::new(&path)),
            turns: Turns::default(),
            meter: Arc::default(),
            midway: AtomicBool::new(false),
            committed: Arc::default(),
            folding: Mutex::default(),
            dir: Mutex::new(Some(dir)),
        };
        engine.fold();
        Ok(engine)
    }

    fn fold(&self) {
        let fold = Fold {
            pool: self.folder.clone(),
            turns: self.turns.clone(),
            meter: self.meter.clone(),
            trust: self.trust.clone(),
            committed: self.committed.clone(),
        };
        let mut folding = self.folding.lock().unwrap_or_else(PoisonError::into_inner);
        folding.spawn(fold.run());
    }

    pub(super) async fn write_as(&self, change: &'static str, rank: Rank) -> Result<Write<'_>> {
        let turn = self.turn(rank).await?;
        let conn = Conn::whole(self.begin().await?, Dialect::Sqlite);
        Ok(Write::new(conn, By::Sqlite(self, turn), change))
    }

    /// The right to use the writing connection, which is in order.
    pub(super) async fn turn(&self, rank: Rank) -> Result<Turn> {
        self.trust.check()?;
        let began = Instant::now();
        let turn = self.turns.take(rank).await;
        self.meter.waited(began.elapsed());
        // Whoever had the turn before may have lost it.
        self.trust.check()?;
        if self.midway.swap(false, Ordering::AcqRel) {
            self.replace_writer().await;
        }
        Ok(turn)
    }

    pub(super) fn commits(&self, change: &'static str) {
        if let Some(watch) = &self.watch {
            watch.before(change);
        }
    }

    pub(super) fn has_committed(&self, change: &'static str, took: Duration) {
        if let Some(watch) = &self.watch {
            watch.after(change, took);
        }
        self.meter.committed(took);
        self.committed.notify_one();
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>> {
        match self.writer.begin_with(dialect::BEGIN_WRITE).await {
            Ok(tx) => Ok(tx),
            Err(error) => {
                tracing::warn!(%error, "a transaction could not begin; on a new connection once more");
                self.replace_writer().await;
                let again = self.writer.begin_with(dialect::BEGIN_WRITE).await;
                again.map_err(|error| self.trust.judge(error))
            }
        }
    }

    /// When the disk is full SQLite rolls back by itself; the driver still counts the transaction
    /// as open and begins no other one on that connection, for ever.
    async fn replace_writer(&self) {
        if let Ok(conn) = self.writer.acquire().await
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the old connection did not close well");
        }
    }

    /// Several reads that see the same moment.
    pub(super) async fn snapshot(&self) -> Result<Conn> {
        let tx = self.reader.begin_with(dialect::BEGIN_READ).await?;
        Ok(Conn::whole(tx, Dialect::Sqlite))
    }

    /// One read.
    pub(super) async fn read(&self) -> Result<Conn> {
        let conn = self.reader.acquire().await?;
        Ok(Conn::single(conn, Dialect::Sqlite))
    }

    /// Writes and reads back, durably.
    pub(super) async fn check(&self) -> Result<()> {
        let mut tx = self.write_as("check", Rank::First).await?;
        let written: i64 = scalar(sql::meta::COUNT_CHECK).fetch_one(&mut tx).await?;
        tx.commit().await?;
        let mut conn = self.read().await?;
        let read: i64 = scalar(sql::meta::READ_CHECK).fetch_one(&mut conn).await?;
        if read < written {
            return Err(crate::error::Error::Raced("meta.check".to_owned()));
        }
        Ok(())
    }

    /// Resolves when the disk has failed, with a sentence for the operator.
    pub(crate) async fn broken(&self) -> String {
        self.trust.lost().await
    }

    pub(crate) async fn close(&self) {
        if self.trust.is_lost() {
            // The last connection to close would fold the log into the database: what the next
            // start recovers from would be gone, and nobody knows whether the rest was written.
            std::mem::forget((
                self.reader.clone(),
                self.writer.clone(),
                self.folder.clone(),
            ));
            return;
        }
        self.folding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        self.folder.close().await;
        self.reader.close().await;
        if let Ok(mut conn) = self.writer.acquire().await {
            let folded = sqlx::raw_sql(dialect::CHECKPOINT).execute(&mut *conn).await;
            if let Err(error) = folded {
                tracing::warn!(%error, "the log was not folded into the database; the next start does it");
            }
        }
        self.writer.close().await;
        // The lock is released only after the last connection is gone.
        self.dir
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

async fn read_back(path: &Path, writer: &AnyPool, expected: i64) -> Result<(), OpenError> {
    let synchronous: i64 = sqlx::query_scalar(sql::meta::SYNCHRONOUS)
        .fetch_one(writer)
        .await
        .map_err(|e| failed(path, e))?;
    let journal: String = sqlx::query_scalar(sql::meta::JOURNAL_MODE)
        .fetch_one(writer)
        .await
        .map_err(|e| failed(path, e))?;
    if synchronous == expected && journal == "wal" {
        return Ok(());
    }
    Err(OpenError::new(
        OpenKind::Settings,
        path,
        format!(
            "{} is not durable (synchronous={synchronous}, journal_mode={journal}; {expected} and \
             wal are needed): choose a --data-dir on another file system",
            path.display()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|m| m.version).collect();
        let expected: Vec<i64> = (1..=versions.len() as i64).collect();
        assert_eq!(versions, expected);
    }
}
