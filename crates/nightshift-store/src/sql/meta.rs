//! The database itself.

pub(crate) const COUNT_CHECK: &str = "INSERT INTO meta (name, value) VALUES ('check', 1) \
    ON CONFLICT (name) DO UPDATE SET value = meta.value + 1 RETURNING value";

pub(crate) const READ_CHECK: &str = "SELECT value FROM meta WHERE name = 'check'";

pub(crate) const READ: &str = "SELECT value FROM meta WHERE name = $1";

pub(crate) const KEEP: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

pub(crate) const KEEP_NEWER: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value";

pub(crate) const SYNCHRONOUS: &str = "PRAGMA synchronous";

pub(crate) const JOURNAL_MODE: &str = "PRAGMA journal_mode";

pub(crate) const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

pub(crate) const HAS_MIGRATIONS: &str =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";

pub(crate) const NEWEST_MIGRATION: &str = "SELECT max(version) FROM _sqlx_migrations";
