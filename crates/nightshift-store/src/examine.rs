//! Whether a database is in order: asked of the file, beside a server or without one.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection};

use crate::engine::directory;
use crate::engine::file::{self, Access, connect_once, damaged};
use crate::engine::postgres::{self, Server};
use crate::engine::{OpenError, OpenKind, inspect};
use crate::statement::Dialect;
use crate::{dialect, invariants, sql};

/// No time limit: a large database takes long. Nothing can be written.
const EXAMINER: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-65536; \
    PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;";

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The pages and indexes of the file.
    Integrity,
    /// What one row names in another table.
    References,
    /// What must hold between rows.
    Invariant,
}

/// Something that is not in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    pub message: String,
}

/// A database that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    pub database: PathBuf,
    /// Its schema; 0 where nothing is in it yet.
    pub version: i64,
    /// The schema that this version of NightShift works with. Between the rows of an older one
    /// nothing is checked.
    pub newest: i64,
    pub findings: Vec<Finding>,
}

/// Examines the database of a data directory, and changes nothing.
///
/// - Needs no lock: a server may be running.
/// - A file that is no database of ours, or of a newer version, is an error.
pub async fn examine(data_dir: &Path) -> Result<Examined, OpenError> {
    let path = directory::database_in(data_dir);
    let access = Access::to_look(&path);
    let seen = look(&path, access).await;
    // A server began to write while the file was taken to be at rest: what was seen means nothing.
    if access == Access::Still && Access::to_look(&path) != access {
        return look(&path, Access::Read).await;
    }
    seen
}

/// Examines the database of a server, beside those that use it; changes nothing.
///
/// - Its pages and references are the server's own to look after: what must hold between rows is
///   asked.
pub async fn examine_server(server: Server) -> Result<Examined, OpenError> {
    install_default_drivers();
    let (mut conn, shown) = postgres::existing(server).await?;
    let version = postgres::version(&mut conn, &shown).await?;
    let newest = postgres::newest_known();
    let failed = |error: sqlx::Error| {
        let message = format!("{shown}: it could not be examined ({error}): run it again");
        OpenError::new(OpenKind::Failed, Path::new(&shown), message).because(error)
    };
    let mut findings = Vec::new();
    if version == newest {
        let mut tx = conn
            .begin_with(postgres::BEGIN_EXAMINE)
            .await
            .map_err(failed)?;
        let broken = invariants::broken(&mut tx, Dialect::Postgres).await;
        let broken = broken.map_err(failed)?;
        findings.extend(broken.into_iter().map(|it| finding(Check::Invariant, it)));
    }
    Ok(Examined {
        database: PathBuf::from(&shown),
        version,
        newest,
        findings,
    })
}

/// The same of one file.
pub(crate) async fn look(path: &Path, access: Access) -> Result<Examined, OpenError> {
    install_default_drivers();
    if file::size(path)?.is_none() {
        return Err(file::missing(path));
    }
    let mut conn = connect_once(path, access, [EXAMINER, ""]).await?;
    let seen = examined(path, &mut conn).await?;
    conn.close().await.map_err(|e| damaged(path, e))?;
    Ok(seen)
}

async fn examined(path: &Path, conn: &mut AnyConnection) -> Result<Examined, OpenError> {
    let version = inspect::version(path, conn).await?;
    let newest = inspect::newest_known();
    let found = findings(conn, version == newest).await;
    Ok(Examined {
        database: path.to_owned(),
        version,
        newest,
        findings: found.map_err(|e| damaged(path, e))?,
    })
}

async fn findings(conn: &mut AnyConnection, current: bool) -> Result<Vec<Finding>, sqlx::Error> {
    let mut tx = conn.begin_with(dialect::BEGIN_READ).await?;
    let mut findings = Vec::new();
    let pages: Vec<String> = sqlx::query_scalar(sql::meta::INTEGRITY)
        .fetch_all(&mut *tx)
        .await?;
    let wrong = pages.into_iter().filter(|line| line != "ok");
    findings.extend(wrong.map(|message| finding(Check::Integrity, message)));
    if !findings.is_empty() {
        // Rows of a damaged file prove nothing.
        return Ok(findings);
    }
    let loose: Vec<String> = sqlx::query_scalar(sql::meta::BROKEN_REFERENCES)
        .fetch_all(&mut *tx)
        .await?;
    findings.extend(loose.into_iter().map(|row| finding(Check::References, row)));
    if current {
        let broken = invariants::broken(&mut tx, Dialect::Sqlite).await?;
        findings.extend(broken.into_iter().map(|it| finding(Check::Invariant, it)));
    }
    Ok(findings)
}

fn finding(check: Check, message: String) -> Finding {
    Finding { check, message }
}
