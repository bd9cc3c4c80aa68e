//! What is in a database file, seen before anything of it is changed.

use std::path::Path;

use sqlx::{AnyConnection, Connection};

use super::file::{Access, connect_once, damaged, has_log, not_ours, size};
use super::sqlite::MIGRATIONS;
use super::{OpenError, OpenKind};
use crate::sql;

/// Smaller files are checked at each start; larger ones when the last stop was not clean.
const QUICK_CHECK_BELOW: u64 = 8 << 20;

const LOOKER: &str = "PRAGMA busy_timeout=5000; PRAGMA query_only=ON;";

/// Refuses what a server must not work on; the lock is held. Leaves everything as it was.
pub(super) async fn before_start(path: &Path) -> Result<(), OpenError> {
    let Some(size) = size(path)? else {
        return Ok(());
    };
    let mut conn = connect_once(path, Access::to_look(path), [LOOKER, ""]).await?;
    version(path, &mut conn).await?;
    if has_log(path) || size < QUICK_CHECK_BELOW {
        quick_check(path, &mut conn).await?;
    }
    conn.close().await.map_err(|e| damaged(path, e))
}

/// The newest schema that this version knows.
pub(crate) fn newest_known() -> i64 {
    MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
}

/// The schema of the file; 0 where nothing is in it yet.
pub(crate) async fn version(path: &Path, conn: &mut AnyConnection) -> Result<i64, OpenError> {
    let found = migrations(conn).await.map_err(|e| damaged(path, e))?;
    match found {
        Found::Nothing => Ok(0),
        Found::Foreign => Err(foreign(path)),
        Found::Ours(version) if version > newest_known() => Err(newer(path)),
        Found::Ours(version) => Ok(version),
    }
}

enum Found {
    Nothing,
    /// Tables that no migration of ours made.
    Foreign,
    Ours(i64),
}

async fn migrations(conn: &mut AnyConnection) -> Result<Found, sqlx::Error> {
    let tables: i64 = sqlx::query_scalar(sql::meta::TABLES)
        .fetch_one(&mut *conn)
        .await?;
    if tables == 0 {
        return Ok(Found::Nothing);
    }
    let migrated: i64 = sqlx::query_scalar(sql::meta::HAS_MIGRATIONS)
        .fetch_one(&mut *conn)
        .await?;
    if migrated == 0 {
        return Ok(Found::Foreign);
    }
    // Other programs use the same library: ours begins with our first migration.
    let first: Option<Vec<u8>> = sqlx::query_scalar(sql::meta::FIRST_CHECKSUM)
        .fetch_optional(&mut *conn)
        .await?;
    let ours = MIGRATIONS.iter().next().map(|one| one.checksum.as_ref());
    match first.as_deref() {
        // Nothing is applied yet: the first start was cut off.
        None if tables == 1 => Ok(Found::Nothing),
        None => Ok(Found::Foreign),
        first if first == ours => {
            let newest = sqlx::query_scalar(sql::meta::NEWEST_MIGRATION);
            Ok(Found::Ours(newest.fetch_one(&mut *conn).await?))
        }
        Some(_) => Ok(Found::Foreign),
    }
}

async fn quick_check(path: &Path, conn: &mut AnyConnection) -> Result<(), OpenError> {
    let found: String = sqlx::query_scalar(sql::meta::QUICK_CHECK)
        .fetch_one(&mut *conn)
        .await
        .map_err(|e| damaged(path, e))?;
    if found == "ok" {
        Ok(())
    } else {
        tracing::error!(finding = %found, "the database is damaged");
        Err(not_ours(path))
    }
}

fn newer(path: &Path) -> OpenError {
    let message = format!(
        "{} was written by a newer NightShift: start that version, or restore a backup made \
         before it",
        path.display()
    );
    OpenError::new(OpenKind::Newer, path, message)
}

fn foreign(path: &Path) -> OpenError {
    let message = format!(
        "{} is a database of another program; it was left as it is: choose another --data-dir, or \
         move the file away to start empty",
        path.display()
    );
    OpenError::new(OpenKind::Foreign, path, message)
}
