//! The database file: how it is connected to, and the sentences where that cannot be.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::MigrateError;
use sqlx::{AnyConnection, AnyPool, Connection};

use super::directory::unusable;
use super::{OpenError, OpenKind};
use crate::error::{code, primary_code};

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    /// Reads beside a server; shared memory is made where there is none.
    Read,
    /// Reads a file that nobody writes, and leaves no trace beside it.
    Still,
}

impl Access {
    fn parameters(self) -> &'static str {
        match self {
            Self::Write => "mode=rw",
            Self::Read => "mode=ro",
            Self::Still => "mode=ro&immutable=true",
        }
    }

    /// How to look at a database without leaving a trace: a log beside it belongs to it.
    pub(crate) fn to_look(path: &Path) -> Self {
        if has_log(path) {
            Self::Read
        } else {
            Self::Still
        }
    }
}

/// Whether there is something in the log that the file itself does not have.
pub(crate) fn has_log(path: &Path) -> bool {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    log.metadata().is_ok_and(|log| log.len() > 0)
}

/// The size of an existing database; `None` where there is none yet.
pub(crate) fn size(path: &Path) -> Result<Option<u64>, OpenError> {
    use io::Read;
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
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
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(not_ours(path)),
        Err(e) => Err(failed(path, e)),
    }
}

/// A number of connections that are kept.
pub(crate) async fn connect(
    path: &Path,
    access: Access,
    connections: u32,
    settings: [&'static str; 2],
) -> Result<AnyPool, OpenError> {
    // A pool tries again for half a minute, and then has forgotten why: the first one tells.
    let first = connect_once(path, access, settings).await?;
    first.close().await.map_err(|e| damaged(path, e))?;
    AnyPoolOptions::new()
        .max_connections(connections)
        .max_lifetime(None)
        .idle_timeout(None)
        // A file does not hang up: asking each time would cost a hop to its thread.
        .test_before_acquire(false)
        .after_connect(move |conn, _| Box::pin(set(conn, settings)))
        .connect(&url(path, access)?)
        .await
        .map_err(|e| damaged(path, e))
}

/// One connection, for one look.
pub(crate) async fn connect_once(
    path: &Path,
    access: Access,
    settings: [&'static str; 2],
) -> Result<AnyConnection, OpenError> {
    let connected = AnyConnection::connect(&url(path, access)?).await;
    let mut conn = connected.map_err(|e| damaged(path, e))?;
    match set(&mut conn, settings).await {
        Ok(()) => Ok(conn),
        Err(error) => Err(damaged(path, error)),
    }
}

async fn set(conn: &mut AnyConnection, settings: [&'static str; 2]) -> Result<(), sqlx::Error> {
    for settings in settings {
        sqlx::raw_sql(settings).execute(&mut *conn).await?;
    }
    Ok(())
}

fn url(path: &Path, access: Access) -> Result<String, OpenError> {
    let parameters = access.parameters();
    Ok(format!("sqlite://{}?{parameters}", encode(path)?))
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

pub(crate) fn missing(path: &Path) -> OpenError {
    let message = format!(
        "there is no database at {}: name the server's own --data-dir",
        path.display()
    );
    OpenError::new(OpenKind::Missing, path, message)
}

pub(crate) fn not_ours(path: &Path) -> OpenError {
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

pub(crate) fn damaged(path: &Path, error: sqlx::Error) -> OpenError {
    match primary_code(&error) {
        Some(code::CORRUPT | code::NOT_A_DATABASE) => not_ours(path).because(error),
        Some(code::FULL) => unusable(path, io::ErrorKind::StorageFull.into()),
        Some(code::READ_ONLY) => unusable(path, io::ErrorKind::PermissionDenied.into()),
        _ => failed(path, error),
    }
}

/// A migration that failed has not happened; the schema is the one before it.
pub(crate) fn not_migrated(path: &Path, error: MigrateError) -> OpenError {
    match &error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)
            if primary_code(cause) == Some(code::FULL) =>
        {
            unusable(path, io::ErrorKind::StorageFull.into())
        }
        _ => failed(path, error),
    }
}

pub(crate) fn failed(
    path: &Path,
    error: impl std::error::Error + Send + Sync + 'static,
) -> OpenError {
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
}
