//! An installation moves from its data directory to a PostgreSQL server: every row of every table
//! and every result file in one transaction, read back and compared before it is committed.
//!
//! It can be repeated until a server has started on what was moved; the data directory stays as it
//! was.

mod files;
mod table;

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use crate::engine::directory::{self, DataDir};
use crate::engine::file::{self, Access, connect_once, damaged};
use crate::engine::postgres::{Server, reachable};
use crate::engine::{OpenError, OpenKind, inspect};
use crate::statement::Dialect;
use crate::{dialect, invariants};

const READER: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-65536; PRAGMA query_only=ON;";

/// Whoever starts a server on the database waits meanwhile.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'";

/// Every table, in an order that no reference forbids; those of servers that are there are not
/// moved.
pub(crate) const TABLES: [&str; 31] = [
    "meta",
    "timer",
    "shared_value",
    "app_user",
    "identity",
    "stranger",
    "claim",
    "idempotency",
    "inbox",
    "delivery_key",
    "conversation",
    "task",
    "task_text",
    "plan",
    "approval_request",
    "approval_vote",
    "attempt",
    "action",
    "question",
    "message",
    "send_gate",
    "send_lane",
    "send_bucket",
    "send_spent",
    "send_block",
    "outbox",
    "event",
    "audit",
    "log_chunk",
    "page_message",
    "leftover",
];

/// Filled from files, or only while servers run.
pub(crate) const NOT_MOVED: [&str; 3] = ["result_chunk", "replica", "leader"];

/// Says that no server has started since: the move can be repeated.
const MARK: &str = "INSERT INTO meta (name, value) VALUES ('moved', 1)";
const IS_MARKED: &str = "SELECT count(*) FROM meta WHERE name = 'moved'";

/// The page's sessions are signed with it, also by servers on the same database.
const PAGE_KEY: &str = "page.key";

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Rows of all tables.
    pub rows: u64,
    pub tasks: u64,
    /// Result files and their bytes.
    pub files: u64,
    pub file_bytes: u64,
    /// An earlier move was replaced.
    pub repeated: bool,
}

/// Moves the installation `from` (a data directory, or a copy of its database) to `to`.
///
/// - No server may run on the data directory, or have started on what an earlier move brought.
/// - An error leaves the server's database as it was; the source is never changed.
pub async fn move_to(from: &Path, to: Server) -> Result<Moved, OpenError> {
    install_default_drivers();
    let source = Source::of(from)?;
    let access = Access::to_look(&source.database);
    let mut here = connect_once(&source.database, access, [READER, ""]).await?;
    source.is_current(&mut here).await?;
    let (mut there, shown) = reachable(to).await?;
    let moved = Move {
        source: &source,
        shown: &shown,
    };
    let done = moved.run(&mut here, &mut there).await?;
    // What is committed is committed; how the connections end does not matter.
    let _ = (here.close().await, there.close().await);
    Ok(done)
}

/// Where it comes from.
struct Source {
    database: PathBuf,
    /// Beside the database, where it is an installation and no mere copy.
    results: PathBuf,
    page_key: PathBuf,
    _lock: Option<DataDir>,
}

impl Source {
    fn of(from: &Path) -> Result<Self, OpenError> {
        let database = if from.is_dir() {
            directory::database_in(from)
        } else {
            from.to_owned()
        };
        if file::size(&database)?.is_none() {
            return Err(file::missing(&database));
        }
        let dir = database.parent().unwrap_or(Path::new(".")).to_owned();
        let is_installation = directory::database_in(&dir) == database;
        Ok(Self {
            results: dir.join("results"),
            page_key: dir.join(PAGE_KEY),
            _lock: is_installation.then(|| DataDir::take(&dir)).transpose()?,
            database,
        })
    }

    async fn is_current(&self, here: &mut AnyConnection) -> Result<(), OpenError> {
        let version = inspect::version(&self.database, here).await?;
        if version == inspect::newest_known() {
            return Ok(());
        }
        let message = format!(
            "{} has the schema {version}, this version has {}: start `nightshift serve` on it once, \
             which brings it up to date, then stop it and move again",
            self.database.display(),
            inspect::newest_known()
        );
        Err(OpenError::new(OpenKind::Failed, &self.database, message))
    }
}

struct Move<'a> {
    source: &'a Source,
    /// The server's database, for people.
    shown: &'a str,
}

impl Move<'_> {
    async fn run(
        &self,
        here: &mut AnyConnection,
        there: &mut AnyConnection,
    ) -> Result<Moved, OpenError> {
        let source = &self.source.database;
        let mut read = here
            .begin_with(dialect::BEGIN_READ)
            .await
            .map_err(|e| damaged(source, e))?;
        let mut write = there.begin_with(BEGIN).await.map_err(|e| self.failed(e))?;
        let mut moved = Moved {
            repeated: self.make_room(&mut write).await?,
            ..Moved::default()
        };
        for name in TABLES {
            let table = table::Table::of(name, &mut write).await;
            let table = table.map_err(|e| self.failed(e))?;
            let copied = table.copy(&mut read, &mut write).await;
            let rows = copied.map_err(|why| self.not_moved(name, &why))?;
            moved.rows += rows;
            if name == "task" {
                moved.tasks = rows;
            }
        }
        self.share_page_key(&mut write).await?;
        let files = files::copy(&self.source.results, &mut write).await;
        let files = files.map_err(|why| self.not_moved("result_chunk", &why))?;
        (moved.files, moved.file_bytes) = (files.count, files.bytes);
        self.check(&mut write).await?;
        run(&mut write, MARK).await.map_err(|e| self.failed(e))?;
        write.commit().await.map_err(|e| self.failed(e))?;
        Ok(moved)
    }

    /// Whether an earlier move was taken away. What a server has worked on is left alone.
    async fn make_room(&self, write: &mut AnyConnection) -> Result<bool, OpenError> {
        let found = async {
            for name in TABLES {
                let lock = format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE");
                run(write, &lock).await?;
            }
            let marked = count(write, IS_MARKED).await? > 0;
            let used = count(write, "SELECT count(*) FROM replica").await? > 0
                || count(write, "SELECT count(*) FROM task").await? > 0
                || count(write, "SELECT count(*) FROM event").await? > 0;
            Ok((marked, used))
        };
        let (marked, used) = found.await.map_err(|e| self.failed(e))?;
        if used && !marked {
            let message = format!(
                "{}: a server has worked on this database; it was left as it is: name an empty one",
                self.shown
            );
            return Err(OpenError::new(
                OpenKind::InUse,
                Path::new(self.shown),
                message,
            ));
        }
        // What an empty database is born with, and what an earlier move brought.
        let all = TABLES.into_iter().chain(NOT_MOVED).collect::<Vec<_>>();
        let empty = format!("TRUNCATE {}", all.join(", "));
        run(write, &empty).await.map_err(|e| self.failed(e))?;
        Ok(marked)
    }

    async fn share_page_key(&self, write: &mut AnyConnection) -> Result<(), OpenError> {
        let Ok(key) = std::fs::read(&self.source.page_key) else {
            return Ok(());
        };
        let shared = sqlx::query(
            "INSERT INTO shared_value (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        );
        let shared = shared.bind(PAGE_KEY).bind(hex::encode(key));
        let shared = shared.persistent(false).execute(write).await;
        shared.map(drop).map_err(|e| self.failed(e))
    }

    /// What held between the rows must hold there.
    async fn check(&self, write: &mut AnyConnection) -> Result<(), OpenError> {
        let broken = invariants::broken(write, Dialect::Postgres).await;
        match broken.map_err(|e| self.failed(e))?.first() {
            None => Ok(()),
            Some(first) => Err(self.not_moved("the check", first)),
        }
    }

    fn failed(&self, error: sqlx::Error) -> OpenError {
        let message = format!(
            "{}: nothing was moved ({error}): repair that, then move again",
            self.shown
        );
        OpenError::new(OpenKind::Failed, Path::new(self.shown), message).because(error)
    }

    fn not_moved(&self, what: &str, why: &str) -> OpenError {
        let message = format!(
            "{}: nothing was moved, because of {what}: {why}; run `nightshift db check` on {}",
            self.shown,
            self.source.database.display()
        );
        OpenError::new(OpenKind::Failed, &self.source.database, message)
    }
}

async fn run(conn: &mut AnyConnection, statement: &str) -> sqlx::Result<()> {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(conn).await.map(drop)
}

async fn count(conn: &mut AnyConnection, statement: &'static str) -> sqlx::Result<i64> {
    sqlx::query_scalar(statement)
        .persistent(false)
        .fetch_one(conn)
        .await
}

/// A file of the results is read as a whole only part by part.
fn open(path: &Path) -> std::io::Result<File> {
    let found = path.symlink_metadata()?;
    if found.is_file() {
        File::open(path)
    } else {
        Err(std::io::ErrorKind::InvalidInput.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NOT_MOVED, TABLES};

    #[test]
    fn every_table_is_moved_or_known_not_to_be() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        let mut tables = BTreeSet::new();
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
        files.sort_by_key(std::fs::DirEntry::path);
        for file in files {
            let text = std::fs::read_to_string(file.path()).unwrap();
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                    tables.insert(rest.split([' ', '(']).next().unwrap().to_owned());
                } else if let Some(rest) = line.strip_prefix("DROP TABLE ") {
                    tables.remove(rest.trim_end_matches(';'));
                }
            }
        }
        let known = TABLES.into_iter().chain(NOT_MOVED);
        assert_eq!(tables, known.map(str::to_owned).collect::<BTreeSet<_>>());
    }
}
