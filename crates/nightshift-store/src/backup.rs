//! A copy of the database at one moment, made beside a server that goes on, and proven before it
//! gets its name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::any::install_default_drivers;

use crate::engine::file::{self, Access, connect_once, damaged};
use crate::engine::{OpenError, directory, inspect};
use crate::{examine, sql};

const COPIER: &str = "PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY;";

/// A finished copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub path: PathBuf,
    pub bytes: u64,
    /// Its schema.
    pub version: i64,
}

/// Why there is no backup; a sentence with the file and the next step.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database itself.
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("{} is there already: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    #[error(
        "{} is there already: another backup is being made, or one was cut off; then remove it",
        .0.display()
    )]
    Unfinished(PathBuf),
    #[error("{} cannot be written ({source}): check the folder, its rights and its space", .path.display())]
    NotWritten { path: PathBuf, source: io::Error },
    #[error(
        "the copy is not in order ({found}); it was left as {}: run `nightshift db check`",
        .path.display()
    )]
    NotInOrder { path: PathBuf, found: String },
}

/// Copies the database of a data directory to `to`.
///
/// - Needs no lock: a server may be running, and goes on.
/// - Existing files are left alone. A copy that could not be finished does not stay.
/// - The copy is checked as `nightshift db check` does it, and on the disk when this returns.
pub async fn back_up(data_dir: &Path, to: &Path) -> Result<Backup, BackupError> {
    let from = directory::database_in(data_dir);
    let part = part_of(to);
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    if file::size(&from)?.is_none() {
        return Err(file::missing(&from).into());
    }
    make(&part)?;
    let made = complete(&from, &part, to).await;
    if !matches!(made, Ok(_) | Err(BackupError::NotInOrder { .. })) {
        let _ = fs::remove_file(&part);
    }
    made
}

async fn complete(from: &Path, part: &Path, to: &Path) -> Result<Backup, BackupError> {
    copy(from, part).await?;
    let version = prove(part).await?;
    let bytes = publish(part, to).map_err(|source| not_written(to, source))?;
    Ok(Backup {
        path: to.to_owned(),
        bytes,
        version,
    })
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn not_written(path: &Path, source: io::Error) -> BackupError {
    let path = path.to_owned();
    BackupError::NotWritten { path, source }
}

/// Empty, and from its first moment for us alone.
fn make(part: &Path) -> Result<(), BackupError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Unfinished(part.to_owned()))
        }
        Err(error) => Err(not_written(part, error)),
    }
}

async fn copy(from: &Path, part: &Path) -> Result<(), BackupError> {
    install_default_drivers();
    let access = Access::to_look(from);
    vacuum(from, part, access).await?;
    if access == Access::Still && Access::to_look(from) != access {
        // A server began to write while the file was taken to be at rest.
        File::create(part).map_err(|e| not_written(part, e))?;
        vacuum(from, part, Access::Read).await?;
    }
    Ok(())
}

async fn vacuum(from: &Path, part: &Path, access: Access) -> Result<(), BackupError> {
    let name = part.to_str().ok_or_else(|| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8");
        not_written(part, error)
    })?;
    let mut conn = connect_once(from, access, [COPIER, ""]).await?;
    inspect::version(from, &mut conn).await?;
    sqlx::query(sql::meta::COPY)
        .bind(name)
        .execute(&mut conn)
        .await
        .map_err(|error| uncopied(from, part, error))?;
    conn.close().await.map_err(|e| damaged(from, e))?;
    Ok(())
}

/// Which of the two files it was that failed.
fn uncopied(from: &Path, part: &Path, error: sqlx::Error) -> BackupError {
    use crate::error::{code, primary_code};
    match primary_code(&error) {
        Some(code::FULL) => not_written(part, io::ErrorKind::StorageFull.into()),
        _ => damaged(from, error).into(),
    }
}

/// What is wrong with the copy is wrong with the database: it stays, without its name.
async fn prove(part: &Path) -> Result<i64, BackupError> {
    let examined = examine::look(part, Access::Still).await?;
    match examined.findings.first() {
        None => Ok(examined.version),
        Some(finding) => Err(BackupError::NotInOrder {
            path: part.to_owned(),
            found: finding.message.clone(),
        }),
    }
}

/// On the disk before it has its name, and its name on the disk before it is told of.
fn publish(part: &Path, to: &Path) -> io::Result<u64> {
    let file = File::open(part)?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    // Unlike a rename this replaces nothing that came meanwhile; not every file system can do it.
    match fs::hard_link(part, to) {
        Ok(()) => fs::remove_file(part)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => fs::rename(part, to)?,
    }
    let folder = to.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(bytes)
}
