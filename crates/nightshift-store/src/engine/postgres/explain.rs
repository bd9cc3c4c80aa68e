//! What went wrong with the server, as a sentence that names the key, the value and the next step.
//! Never the password.

use std::io;
use std::path::Path;

use nightshift_core::error::Retry;
use nightshift_core::port::store::StoreKind;
use sqlx::postgres::PgDatabaseError;

use super::Address;
use crate::engine::{OpenError, OpenKind};

/// SQLSTATEs that somebody branches on:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(crate) mod state {
    pub(crate) const CONNECTION: &str = "08";
    pub(crate) const NO_PASSWORD: &str = "28P01";
    pub(crate) const NOT_ALLOWED: &str = "28000";
    pub(crate) const NO_DATABASE: &str = "3D000";
    pub(crate) const NO_RIGHT: &str = "42501";
    pub(crate) const PROTOCOL: &str = "08P01";
    /// Deadlocks, serialisation: the same again works.
    pub(crate) const CONFLICT: &str = "40";
    /// A row that another transaction has made or removed meanwhile.
    pub(crate) const TAKEN: &str = "23505";
    pub(crate) const GONE: &str = "23503";
    pub(crate) const LOCKED: &str = "55P03";
    pub(crate) const CANCELLED: &str = "57014";
    /// The server stops, starts, or stands by.
    pub(crate) const GOES_AWAY: [&str; 5] = ["57P01", "57P02", "57P03", "57P05", "25P03"];
    pub(crate) const READ_ONLY: &str = "25006";
    pub(crate) const DISK_FULL: &str = "53100";
    /// Memory, connections, other limits.
    pub(crate) const RESOURCES: &str = "53";
    pub(crate) const CORRUPT: &str = "XX001";
    pub(crate) const INDEX_CORRUPT: &str = "XX002";
    /// A pooler gave the transaction another process than the one that knew the statement.
    pub(crate) const UNKNOWN_STATEMENT: &str = "26000";
    pub(crate) const KNOWN_STATEMENT: &str = "42P05";
}

/// The server's own code.
pub(crate) fn code(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<PgDatabaseError>()?.code())
}

/// Whether the connection, and not what was asked of it, is the reason.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        other => code(other).is_some_and(|code| {
            state::GOES_AWAY.contains(&code)
                || (code.starts_with(state::CONNECTION) && code != state::PROTOCOL)
                || code == state::READ_ONLY
        }),
    }
}

/// What a caller may do about it; `None` where the server did not speak.
pub(crate) fn verdict(error: &sqlx::Error) -> Option<(StoreKind, Retry)> {
    if is_lost(error) {
        return Some((StoreKind::Busy, Retry::Soon));
    }
    let code = code(error)?;
    Some(match code {
        state::DISK_FULL => (StoreKind::Full, Retry::Soon),
        state::CORRUPT | state::INDEX_CORRUPT => (StoreKind::Corrupt, Retry::Never),
        state::LOCKED | state::CANCELLED | state::TAKEN | state::GONE => {
            (StoreKind::Busy, Retry::Soon)
        }
        _ if code.starts_with(state::CONFLICT) || code.starts_with(state::RESOURCES) => {
            (StoreKind::Busy, Retry::Soon)
        }
        _ => (StoreKind::Broken, Retry::Never),
    })
}

/// What to do about an error that shows only while we work.
pub(crate) fn hint(error: &sqlx::Error) -> &'static str {
    match code(error) {
        Some(state::UNKNOWN_STATEMENT | state::KNOWN_STATEMENT) => {
            "; a pooler shares the server's processes: add ?statement-cache-capacity=0 to \
             remote.storage.url"
        }
        _ => "",
    }
}

pub(super) fn no_url() -> OpenError {
    OpenError::new(
        OpenKind::Address,
        Path::new("storage.url"),
        "remote.storage.url is not the address of a PostgreSQL database: write \
         postgres://user:password@host:5432/database, with %40 for an @ in the password"
            .to_owned(),
    )
}

pub(super) fn no_password_file(path: &Path, error: io::Error) -> OpenError {
    let message = format!(
        "remote.storage.password_file {} cannot be read ({error}): name a file that this user may \
         read, with the password alone in it",
        path.display()
    );
    OpenError::new(OpenKind::Address, path, message).because(error)
}

pub(super) fn no_password(why: String) -> OpenError {
    OpenError::new(OpenKind::Address, Path::new("storage.url"), why)
}

/// The first connection was not made, or the first statements were refused.
pub(super) fn not_opened(address: &Address, error: sqlx::Error) -> OpenError {
    let (kind, next) = why(&error);
    let shown = address.shown();
    let message = format!("remote.storage.url {shown}: {}: {next}", said(&error));
    OpenError::new(kind, Path::new(shown), message).because(error)
}

fn why(error: &sqlx::Error) -> (OpenKind, &'static str) {
    match (error, code(error)) {
        (_, Some(state::NO_PASSWORD)) => (
            OpenKind::Denied,
            "write the right password into the URL, or name it in remote.storage.password_file",
        ),
        (_, Some(state::NOT_ALLOWED)) => (
            OpenKind::Denied,
            "let this user in from this machine in the server's pg_hba.conf, or ask for \
             encryption with ?sslmode=require",
        ),
        (_, Some(state::NO_DATABASE)) => (
            OpenKind::Missing,
            "make it with `createdb`, or name another in the URL",
        ),
        (_, Some(state::NO_RIGHT)) => (
            OpenKind::Denied,
            "give this user the rights with GRANT ALL ON DATABASE and GRANT ALL ON SCHEMA public",
        ),
        (_, Some(state::PROTOCOL)) => (
            OpenKind::Settings,
            "a pooler before the server must let our settings pass: write \
             `ignore_startup_parameters = extra_float_digits` into pgbouncer.ini",
        ),
        (_, Some(state::UNKNOWN_STATEMENT | state::KNOWN_STATEMENT)) => (
            OpenKind::Settings,
            "a pooler shares the server's processes: add ?statement-cache-capacity=0 to the URL",
        ),
        (_, Some(state::READ_ONLY)) => (
            OpenKind::NotWritable,
            "this is a standby or a read-only database: name the primary",
        ),
        (_, Some(state::DISK_FULL)) => (OpenKind::NotWritable, "free some space on the server"),
        (_, Some(state::LOCKED | state::CANCELLED)) => (
            OpenKind::InUse,
            "somebody else holds the tables; wait until they are done and start again",
        ),
        (error, _) if is_about_tls(error) => (
            OpenKind::Unreachable,
            "the server speaks no TLS, or its certificate is not trusted: name its authority with \
             ?sslrootcert=/path/to/ca.pem",
        ),
        (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut, _) => (
            OpenKind::Unreachable,
            "start the server, or correct the host and the port in the URL",
        ),
        (sqlx::Error::Configuration(_), _) => (
            OpenKind::Address,
            "correct the parameters after the ? in the URL",
        ),
        _ => (
            OpenKind::Failed,
            "look into the server's log, then start again",
        ),
    }
}

/// A refused certificate comes as a failed read or write.
fn is_about_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => {
            let said = error.to_string();
            said.contains("certificate") || said.contains("HandshakeFailure")
        }
        _ => false,
    }
}

/// One line of what the server or the system said.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => format!("it cannot be reached ({error})"),
        sqlx::Error::PoolTimedOut => "it cannot be reached (no answer)".to_owned(),
        other => other.to_string(),
    }
}
