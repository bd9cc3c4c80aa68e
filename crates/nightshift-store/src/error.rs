//! What goes wrong below the port, and which kind the port's callers see.

use nightshift_core::error::Retry;
use nightshift_core::port::store::{StoreError, StoreKind};

use crate::engine::postgres::explain;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the database refused an operation")]
    Sql(#[from] sqlx::Error),
    /// A stored value that no version of ours writes.
    #[error("cannot read {table}.{column} of row {row}: {why}")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        row: String,
        why: String,
    },
    /// Somebody else changed the row between our read and our write.
    #[error("{0} changed while it was read")]
    Raced(String),
    #[error("the log of {task} ends at byte {end}: {offset} would leave a gap")]
    LogGap { task: String, end: u64, offset: u64 },
    /// The transaction had failed before: nothing of it happened.
    #[error("a part of the change was refused before it was committed")]
    Aborted,
    /// Known for a moment: nobody asks it now.
    #[error("the database is away: start it, or see whether remote.storage.url names it")]
    Away,
    /// The connection was lost in the middle of a commit.
    #[error("the database went away while it committed: it shows when it is tried again")]
    Unknown(#[source] sqlx::Error),
    /// A write failed earlier: nothing is written any more.
    #[error("{0}")]
    Untrusted(String),
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// SQLite's primary result codes that somebody branches on: <https://sqlite.org/rescode.html>.
pub(crate) mod code {
    pub(crate) const BUSY: i32 = 5;
    pub(crate) const LOCKED: i32 = 6;
    pub(crate) const IO_ERROR: i32 = 10;
    pub(crate) const READ_ONLY: i32 = 8;
    pub(crate) const CORRUPT: i32 = 11;
    pub(crate) const FULL: i32 = 13;
    pub(crate) const NOT_A_DATABASE: i32 = 26;
}

/// SQLite's: the primary code is the low byte of the extended one.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    if explain::code(error).is_some() {
        return None;
    }
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// A row that had to be new was there already.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

impl Error {
    fn verdict(&self) -> (StoreKind, Retry) {
        match self {
            Self::Sql(error) => sql_verdict(error),
            Self::Corrupt { .. } => (StoreKind::Corrupt, Retry::Never),
            Self::Raced(_) | Self::Away => (StoreKind::Busy, Retry::Soon),
            Self::Unknown(_) => (StoreKind::Unknown, Retry::Soon),
            Self::Aborted | Self::LogGap { .. } | Self::Untrusted(_) => {
                (StoreKind::Broken, Retry::Never)
            }
        }
    }
}

fn sql_verdict(error: &sqlx::Error) -> (StoreKind, Retry) {
    if let Some(verdict) = explain::verdict(error) {
        return verdict;
    }
    match (error, primary_code(error)) {
        (sqlx::Error::PoolTimedOut, _) | (_, Some(code::BUSY | code::LOCKED)) => {
            (StoreKind::Busy, Retry::Soon)
        }
        (_, Some(code::FULL)) => (StoreKind::Full, Retry::Soon),
        (_, Some(code::CORRUPT | code::NOT_A_DATABASE))
        | (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), _) => {
            (StoreKind::Corrupt, Retry::Never)
        }
        _ => (StoreKind::Broken, Retry::Never),
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let (kind, retry) = error.verdict();
        let message = match &error {
            Error::Sql(sqlx::Error::PoolClosed) => "the store is closed".to_owned(),
            Error::Sql(sql) if kind == StoreKind::Full => format!("no space left: {sql}"),
            Error::Sql(sql) => format!(
                "the database refused an operation: {sql}{}",
                explain::hint(sql)
            ),
            Error::Corrupt { .. }
            | Error::Raced(_)
            | Error::Away
            | Error::Aborted
            | Error::Unknown(_)
            | Error::LogGap { .. }
            | Error::Untrusted(_) => error.to_string(),
        };
        Self {
            kind,
            retry,
            message,
            source: Some(Box::new(error)),
        }
    }
}
