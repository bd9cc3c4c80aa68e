//! The data directory: made private, on a local disk, writable, and ours alone.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{OpenError, OpenKind};

const DATABASE: &str = "nightshift.sqlite";
const LOCK: &str = "nightshift.lock";

/// Where the database of a data directory is.
pub(crate) fn database_in(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE)
}

/// The directory with its lock held.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Released by the operating system when the file is closed, however the process ends.
    _lock: File,
}

impl DataDir {
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        make(path)?;
        let path = path.canonicalize().map_err(|e| unusable(path, e))?;
        refuse_network(&path)?;
        let lock = take_lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn database(&self) -> PathBuf {
        database_in(&self.path)
    }

    /// Makes an empty database file that only we can read; an existing one stays as it is.
    pub(crate) fn make_database(&self) -> Result<(), OpenError> {
        let path = self.database();
        let made = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        made.map(drop).map_err(|e| unusable(&path, e))
    }
}

fn make(path: &Path) -> Result<(), OpenError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| unusable(path, e))
}

fn take_lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| unusable(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::new(
            OpenKind::InUse,
            &path,
            format!(
                "another server uses {}: stop it, or give this one its own --data-dir",
                dir.display()
            ),
        )),
        Err(TryLockError::Error(e)) => Err(unusable(&path, e)),
    }
}

pub(crate) fn unusable(path: &Path, error: io::Error) -> OpenError {
    let name = path.display();
    let message = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!(
                "{name} cannot be written: give this user the right to, or choose another --data-dir"
            )
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("{name} is on a read-only file system: choose another --data-dir")
        }
        io::ErrorKind::StorageFull => {
            format!("no space is left for {name}: free some, then start again")
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            format!("{name} is not a directory: choose another --data-dir")
        }
        _ => format!("{name} cannot be used ({error}): choose another --data-dir"),
    };
    OpenError::new(OpenKind::NotWritable, path, message).because(error)
}

/// Locks and shared memory of SQLite cannot be trusted over a network:
/// <https://sqlite.org/useovernet.html>.
#[cfg(target_os = "linux")]
fn refuse_network(path: &Path) -> Result<(), OpenError> {
    let found = nix::sys::statfs::statfs(path)
        .map_err(|e| unusable(path, io::Error::from_raw_os_error(e as i32)))?;
    match network_name(i128::from(found.filesystem_type().0)) {
        None => Ok(()),
        Some(name) => Err(network(path, name)),
    }
}

#[cfg(target_os = "macos")]
fn refuse_network(path: &Path) -> Result<(), OpenError> {
    let found = nix::sys::statfs::statfs(path)
        .map_err(|e| unusable(path, io::Error::from_raw_os_error(e as i32)))?;
    let name = found.filesystem_type_name();
    if ["nfs", "smbfs", "afpfs", "webdav", "macfuse"].contains(&name) {
        Err(network(path, name))
    } else {
        Ok(())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn refuse_network(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}

fn network(path: &Path, name: &str) -> OpenError {
    OpenError::new(
        OpenKind::NetworkFileSystem,
        path,
        format!(
            "{} is on a network file system ({name}), where a database cannot be kept safe: \
             choose a --data-dir on a local disk",
            path.display()
        ),
    )
}

/// The magic numbers of statfs(2). FUSE is listed because a remote mount cannot be told from a
/// local one there.
#[cfg(target_os = "linux")]
fn network_name(magic: i128) -> Option<&'static str> {
    // Some C libraries sign-extend the 32-bit number.
    match magic & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b => Some("SMB"),
        0xff53_4d42 | 0xfe53_4d42 => Some("CIFS"),
        0x6573_5546 => Some("FUSE"),
        0x0102_1997 => Some("9P"),
        0x00c3_6400 => Some("Ceph"),
        0x5346_414f => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x564c => Some("NCP"),
        0x0bd0_0bd0 => Some("Lustre"),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::network_name;

    #[test]
    fn network_file_systems_are_known_by_their_magic() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(-11_317_950), Some("CIFS"));
        for local in [0xef53, 0x0102_1994, 0x794c_7630, 0x9123_683e, 0x5846_5342] {
            assert_eq!(network_name(local), None, "{local:#x}");
        }
    }
}
