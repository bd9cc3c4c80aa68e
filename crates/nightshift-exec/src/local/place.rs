//! The directories of one attempt: `<base>/<task>/<fence>/{work,out,home,tmp,root}`. All of it goes
//! when the attempt is over: results are copied before, a project's directory lies elsewhere.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nightshift_core::id::TaskId;
use nightshift_core::port::Job;

use super::{LocalConfig, is_root};
use crate::sandbox::Mode;

pub(super) type Live = Arc<Mutex<BTreeSet<PathBuf>>>;

/// Holds the name of the installation that the attempt belongs to.
const OWNER_FILE: &str = "instance";

/// One attempt's directories; removed when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    dir: PathBuf,
    live: Live,
    user: Option<(u32, u32)>,
    pub(crate) work: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) tmp: PathBuf,
    /// Empty, the service's own.
    pub(crate) root: PathBuf,
    pub(crate) prompt: PathBuf,
}

impl Place {
    /// An existing place is an error: no two attempts share files.
    pub(super) fn create(
        base: &Path,
        job: &Job,
        instance: &str,
        user: Option<(u32, u32)>,
        live: &Live,
    ) -> io::Result<Self> {
        // With another user inside, directories above may be passed through but not listed.
        let pass = if user.is_some() { 0o711 } else { 0o700 };
        let above = base.join(job.task.as_str());
        make_all(&above, pass)?;
        let dir = above.join(job.fence.0.to_string());
        make(&dir, pass)?;
        live.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(dir.clone());
        let place = Self {
            work: dir.join("work"),
            out: dir.join("out"),
            home: dir.join("home"),
            tmp: dir.join("tmp"),
            root: dir.join("root"),
            prompt: dir.join("prompt"),
            live: Arc::clone(live),
            user,
            dir,
        };
        place.service_file(OWNER_FILE, instance)?;
        make(&place.root, 0o755)?;
        for own in [&place.work, &place.out, &place.home, &place.tmp] {
            place.own_dir(own)?;
        }
        place.own_file(&place.prompt, job.prompt.as_bytes())?;
        Ok(place)
    }

    /// A directory that belongs to the attempt's user.
    pub(super) fn own_dir(&self, dir: &Path) -> io::Result<()> {
        make(dir, 0o700)?;
        self.give(dir)
    }

    /// A file that the attempt's user may read.
    pub(super) fn own_file(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut open = OpenOptions::new();
        open.write(true).create_new(true).mode(0o400);
        open.open(file)?.write_all(bytes)?;
        self.give(file)
    }

    /// A file that everybody inside may read and only the service writes.
    pub(super) fn service_file(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let file = self.dir.join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
        Ok(file)
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match self.user {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        remove(&self.dir);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.remove(&self.dir);
    }
}

/// Exactly that mode, whatever our umask takes away.
fn make(dir: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(mode))
}

fn make_all(dir: &Path, mode: u32) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(above) = dir.parent() {
        make_all(above, mode)?;
    }
    make(dir, mode).or_else(|error| {
        // Another attempt of the task may have come first.
        if dir.is_dir() { Ok(()) } else { Err(error) }
    })
}

/// Where attempts of this mode and user can work.
///
/// Bubblewrap mounts the directories as root; without it the other user must be able to walk
/// there, and below root's home it cannot.
pub(super) fn base(
    mode: &Mode,
    user: Option<(u32, u32)>,
    config: &LocalConfig,
) -> io::Result<PathBuf> {
    let wanted = &config.working_dir;
    if matches!(mode, Mode::Bwrap(_)) || user.is_none() || is_open(wanted) {
        return Ok(wanted.clone());
    }
    let open = open_base(config);
    match make(&open, 0o711) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Anybody may make directories beside it.
    let found = fs::symlink_metadata(&open)?;
    if !found.is_dir() || found.uid() != 0 || found.mode() & 0o022 != 0 {
        let message = format!("{} is not ours; remove it", open.display());
        return Err(io::Error::other(message));
    }
    Ok(open)
}

/// Where everybody may walk.
pub(super) fn open_base(config: &LocalConfig) -> PathBuf {
    Path::new("/var/tmp").join(format!("nightshift-{}", config.instance))
}

fn is_open(dir: &Path) -> bool {
    dir.ancestors()
        .filter_map(|dir| fs::metadata(dir).ok())
        .all(|found| found.mode() & 0o001 != 0)
}

/// Removes what attempts of an earlier life of this installation left behind.
pub(super) fn sweep(base: &Path, instance: &str, live: &Live) {
    for task in listing(base) {
        let is_task = task
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.parse::<TaskId>().is_ok());
        if !is_task {
            continue;
        }
        for dir in listing(&task) {
            let owner = fs::read_to_string(dir.join(OWNER_FILE)).unwrap_or_default();
            let live = live.lock().unwrap_or_else(PoisonError::into_inner);
            if owner == instance && !live.contains(&dir) {
                remove(&dir);
            }
        }
    }
}

fn listing(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn remove(dir: &Path) {
    let mut removed = fs::remove_dir_all(dir);
    if removed.is_err() && !is_root() {
        // The agent may have closed its own directories to us.
        open_up(dir);
        removed = fs::remove_dir_all(dir);
    }
    if let Err(error) = removed {
        tracing::warn!(path = %dir.display(), error = %error, "cannot remove an attempt's directory");
    }
    if let Some(task) = dir.parent() {
        // Other attempts of the same task may still be there.
        let _ = fs::remove_dir(task);
    }
}

fn open_up(dir: &Path) {
    let is_dir = fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir());
    if is_dir && fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).is_ok() {
        for path in listing(dir) {
            open_up(&path);
        }
    }
}
