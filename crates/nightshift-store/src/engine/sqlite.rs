//! SQLite: one writing connection, a few reading ones, and settings that are read back.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Transaction};

use super::directory::DataDir;
use super::write::Write;
use super::{CommitWatch, Conditions, OpenError, OpenKind, Synchronous};
use crate::dialect;
use crate::error::{Result, code, primary_code};
use crate::sql;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// 4,000 pages of log before a checkpoint, and never more than 256 MiB kept.
const WRITER: &str = "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; \
    PRAGMA fullfsync=ON; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON; \
    PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000; \
    PRAGMA journal_size_limit=268435456; PRAGMA temp_store=MEMORY;";
const READER: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-16384; \
    PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;";

/// Competing writers do not go faster, and one of them waits for seconds.
const WRITERS: u32 = 1;
const READERS: u32 = 4;

/// Smaller files are checked at each start; larger ones when the last stop was not clean.
const QUICK_CHECK_BELOW: u64 = 8 << 20;

/// `FULL` keeps every acknowledged commit over a power cut; with batches it costs next to nothing.
const fn synchronous(level: Synchronous) -> (&'static str, i64) {
    match level {
        Synchronous::Full => ("PRAGMA synchronous=FULL", 2),
        Synchronous::Normal => ("PRAGMA synchronous=NORMAL", 1),
    }
}

pub(crate) struct Engine {
    writer: AnyPool,
    reader: AnyPool,
    watch: Option<Arc<dyn CommitWatch>>,
    dir: Mutex<Option<DataDir>>,
}

impl Engine {
    pub(crate) async fn open(data_dir: &Path, conditions: Conditions) -> Result<Self, OpenError> {
        install_default_drivers();
        let dir = DataDir::take(data_dir)?;
        let path = dir.database();
        inspect(&path).await?;
        dir.make_database()?;
        let (set, expected) = synchronous(conditions.synchronous);
        let writer = connect(&path, "rw", WRITERS, [WRITER, set]).await?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|e| failed(&path, e))?;
        read_back(&path, &writer, expected).await?;
        let reader = connect(&path, "rw", READERS, [READER, ""]).await?;
        Ok(Self {
            writer,
            reader,
            watch: conditions.watch,
            dir: Mutex::new(Some(dir)),
        })
    }

    /// The only place where a writing transaction begins. Dropped before its commit, it rolls back.
    /// `change` names the store method for those who watch its commit.
    pub(crate) async fn write(&self, change: &'static str) -> Result<Write<'_>> {
        let tx = self.begin().await?;
        Ok(Write::new(tx, change, self.watch.as_deref()))
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>> {
        match self.writer.begin_with(dialect::BEGIN_WRITE).await {
            Ok(tx) => Ok(tx),
            Err(error) => {
                tracing::warn!(%error, "a transaction could not begin; on a new connection once more");
                self.replace_writer().await;
                Ok(self.writer.begin_with(dialect::BEGIN_WRITE).await?)
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
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Any>> {
        Ok(self.reader.begin_with(dialect::BEGIN_READ).await?)
    }

    /// One read.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Any>> {
        Ok(self.reader.acquire().await?)
    }

    /// Writes and reads back, durably.
    pub(crate) async fn check(&self) -> Result<()> {
        let mut tx = self.write("check").await?;
        let written: i64 = sqlx::query_scalar(sql::meta::COUNT_CHECK)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut conn = self.read().await?;
        let read: i64 = sqlx::query_scalar(sql::meta::READ_CHECK)
            .fetch_one(&mut *conn)
            .await?;
        if read < written {
            return Err(crate::error::Error::Raced("meta.check".to_owned()));
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
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

/// Looks at an existing file without changing it.
async fn inspect(path: &Path) -> Result<(), OpenError> {
    let Some(size) = database_size(path)? else {
        return Ok(());
    };
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    let unclean = wal.metadata().is_ok_and(|log| log.len() > 0);
    let pool = connect(path, "ro", 1, [READER, ""]).await?;
    let newest: Option<i64> = newest_migration(&pool)
        .await
        .map_err(|e| damaged(path, e))?;
    let known = MIGRATIONS.iter().map(|m| m.version).max();
    if newest > known {
        return Err(OpenError::new(
            OpenKind::Newer,
            path,
            format!(
                "{} was written by a newer NightShift: start that version, or restore a backup \
                 made before it",
                path.display()
            ),
        ));
    }
    if unclean || size < QUICK_CHECK_BELOW {
        quick_check(path, &pool).await?;
    }
    pool.close().await;
    Ok(())
}

/// The size of an existing database; `None` where there is none yet.
fn database_size(path: &Path) -> Result<Option<u64>, OpenError> {
    use std::io::Read;
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(path, e)),
    };
    let size = file.metadata().map_err(|e| failed(path, e))?.len();
    if size == 0 {
        return Ok(None);
    }
    let mut head = [0; MAGIC.len()];
    match file.read_exact(&mut head) {
        Ok(()) if head == MAGIC => Ok(Some(size)),
        Ok(()) => Err(not_ours(path)),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(not_ours(path)),
        Err(e) => Err(failed(path, e)),
    }
}

async fn newest_migration(pool: &AnyPool) -> Result<Option<i64>, sqlx::Error> {
    let migrated: i64 = sqlx::query_scalar(sql::meta::HAS_MIGRATIONS)
        .fetch_one(pool)
        .await?;
    if migrated == 0 {
        return Ok(None);
    }
    sqlx::query_scalar(sql::meta::NEWEST_MIGRATION)
        .fetch_one(pool)
        .await
}

async fn quick_check(path: &Path, pool: &AnyPool) -> Result<(), OpenError> {
    let found: String = sqlx::query_scalar(sql::meta::QUICK_CHECK)
        .fetch_one(pool)
        .await
        .map_err(|e| damaged(path, e))?;
    if found == "ok" {
        Ok(())
    } else {
        tracing::error!(finding = %found, "the database is damaged");
        Err(not_ours(path))
    }
}

async fn connect(
    path: &Path,
    mode: &str,
    connections: u32,
    settings: [&'static str; 2],
) -> Result<AnyPool, OpenError> {
    let url = format!("sqlite://{}?mode={mode}", encode(path)?);
    AnyPoolOptions::new()
        .max_connections(connections)
        .max_lifetime(None)
        .idle_timeout(None)
        // A file does not hang up: asking each time would cost a hop to its thread.
        .test_before_acquire(false)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                for settings in settings {
                    sqlx::raw_sql(settings).execute(&mut *conn).await?;
                }
                Ok(())
            })
        })
        .connect(&url)
        .await
        .map_err(|e| damaged(path, e))
}

/// The path as a URL: everything but plain characters is percent-encoded.
fn encode(path: &Path) -> Result<String, OpenError> {
    let text = path.to_str().ok_or_else(|| {
        OpenError::new(
            OpenKind::Failed,
            path,
            format!(
                "{} is not UTF-8: choose a --data-dir with a plain name",
                path.display()
            ),
        )
    })?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let parts = text.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    Ok(parts.collect())
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

fn not_ours(path: &Path) -> OpenError {
    OpenError::new(
        OpenKind::Corrupt,
        path,
        format!(
            "{} is damaged or no NightShift database; it was left as it is: restore a backup, or \
             move the file away to start empty",
            path.display()
        ),
    )
}

fn damaged(path: &Path, error: sqlx::Error) -> OpenError {
    match primary_code(&error) {
        Some(code::CORRUPT | code::NOT_A_DATABASE) => not_ours(path).because(error),
        _ => failed(path, error),
    }
}

fn failed(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> OpenError {
    OpenError::new(
        OpenKind::Failed,
        path,
        format!(
            "{} cannot be opened ({error}): check the file's rights and the disk, or restore a backup",
            path.display()
        ),
    )
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_odd_characters_becomes_a_url() {
        let url = encode(Path::new("/tmp/a b?c#d%/ü.db")).unwrap();
        assert_eq!(url, "/tmp/a%20b%3Fc%23d%25/%C3%BC.db");
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|m| m.version).collect();
        let expected: Vec<i64> = (1..=versions.len() as i64).collect();
        assert_eq!(versions, expected);
        assert!(matches!(
            failed(
                Path::new("x"),
                sqlx::migrate::MigrateError::VersionMissing(9)
            )
            .kind,
            OpenKind::Failed
        ));
    }
}
