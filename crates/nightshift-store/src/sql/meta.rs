//! The database itself.

use crate::statement::{Sql, statement};

pub(crate) const COUNT_CHECK: Sql = statement!(
    "INSERT INTO meta (name, value) VALUES ('check', 1) \
    ON CONFLICT (name) DO UPDATE SET value = meta.value + 1 RETURNING value"
);

pub(crate) const READ_CHECK: Sql = statement!("SELECT value FROM meta WHERE name = 'check'");

pub(crate) const READ: Sql = statement!("SELECT value FROM meta WHERE name = $1");

pub(crate) const KEEP: Sql = statement!(
    "INSERT INTO meta (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"
);

pub(crate) const KEEP_NEWER: Sql = statement!(
    "INSERT INTO meta (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value"
);

pub(crate) const SYNCHRONOUS: &str = "PRAGMA synchronous";

pub(crate) const JOURNAL_MODE: &str = "PRAGMA journal_mode";

pub(crate) const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

pub(crate) const HAS_MIGRATIONS: &str =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";

/// All tables but the engine's own.
pub(crate) const TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE type = 'table' \
    AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";

pub(crate) const FIRST_CHECKSUM: &str =
    "SELECT checksum FROM _sqlx_migrations ORDER BY version LIMIT 1";

/// What is wrong with the file, one a row; `ok` where nothing is.
pub(crate) const INTEGRITY: &str = "PRAGMA integrity_check(20)";

pub(crate) const BROKEN_REFERENCES: &str = "SELECT f.\"table\" || ' row ' || \
    coalesce(cast(f.rowid AS TEXT), '?') || ' names a row of ' || f.parent || ' that is not there' \
    FROM pragma_foreign_key_check f LIMIT 20";

/// A copy of one moment, beside a server that goes on.
pub(crate) const COPY: &str = "VACUUM INTO $1";

pub(crate) const NEWEST_MIGRATION: &str = "SELECT max(version) FROM _sqlx_migrations";

/// How long the log is, in pages; does nothing.
pub(crate) const LOG_SIZE: &str = "PRAGMA wal_checkpoint(NOOP)";

/// Folds what nobody reads from the log any more.
pub(crate) const FOLD: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Waits for readers too, and lets the log begin anew.
pub(crate) const FOLD_ALL: &str = "PRAGMA wal_checkpoint(RESTART)";
