//! What an attempt left in its output directory, copied to where only the service writes.
//! Runs when nothing of the attempt runs any more.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nightshift_core::task::ResultFile;
use nix::fcntl::OFlag;

/// Files of one attempt; the rest is left out.
const MOST_FILES: usize = 1000;
/// Reasons listed; the rest is counted.
const MOST_REASONS: usize = 50;
const DEEPEST: usize = 32;

/// What was copied, and what was not and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) files: Vec<ResultFile>,
    pub(crate) left_out: Vec<String>,
}

/// Copies regular files from `from` to `to`, which is made when there is something to copy.
pub(crate) fn collect(from: &Path, to: &Path, file_limit: u64) -> Results {
    let mut harvest = Harvest {
        to,
        file_limit,
        silent: 0,
        results: Results::default(),
    };
    // Without a sandbox the agent may have put a link here.
    match fs::symlink_metadata(from) {
        Ok(found) if found.is_dir() => harvest.walk(from, &mut Vec::new()),
        _ => harvest.leave_out("the output directory", "is gone"),
    }
    if harvest.silent > 0 {
        let more = format!("{} more files", harvest.silent);
        harvest.results.left_out.push(more);
    }
    harvest.results
}

struct Harvest<'a> {
    to: &'a Path,
    file_limit: u64,
    silent: usize,
    results: Results,
}

impl Harvest<'_> {
    fn walk(&mut self, dir: &Path, parts: &mut Vec<String>) {
        let Ok(listing) = fs::read_dir(dir) else {
            return self.leave_out(&parts.join("/"), "cannot be read");
        };
        let mut entries: Vec<_> = listing.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            parts.push(name.to_string_lossy().into_owned());
            match entry.metadata() {
                _ if name.to_str().is_none() => self.skip(parts, "its name is no UTF-8"),
                Ok(found) if found.is_dir() && parts.len() >= DEEPEST => {
                    self.skip(parts, "too many directories deep");
                }
                Ok(found) if found.is_dir() => self.walk(&entry.path(), parts),
                Ok(found) => self.file(&entry.path(), &found, parts),
                Err(_) => self.skip(parts, "cannot be read"),
            }
            parts.pop();
        }
    }

    fn file(&mut self, path: &Path, found: &Metadata, parts: &[String]) {
        if let Some(reason) = self.unfit(found) {
            return self.skip(parts, &reason);
        }
        match self.copy(path, parts) {
            Ok(bytes) => self.results.files.push(ResultFile {
                path: parts.join("/"),
                change: "created".to_owned(),
                bytes,
            }),
            Err(error) => self.skip(parts, &error.to_string()),
        }
    }

    fn unfit(&self, found: &Metadata) -> Option<String> {
        if found.is_symlink() {
            return Some("a link".to_owned());
        }
        if !found.is_file() {
            return Some("no regular file".to_owned());
        }
        // Another name of it may be a file that the agent could not read.
        if found.nlink() != 1 {
            return Some("has other names".to_owned());
        }
        if found.len() > self.file_limit {
            let (is, may) = (found.len(), self.file_limit);
            return Some(format!("{is} bytes, more than the limit of {may}"));
        }
        (self.results.files.len() >= MOST_FILES).then(|| format!("more than {MOST_FILES} files"))
    }

    fn copy(&self, path: &Path, parts: &[String]) -> io::Result<u64> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let source = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(path)?;
        // Asked again of what was really opened.
        if let Some(reason) = self.unfit(&source.metadata()?) {
            return Err(io::Error::other(reason));
        }
        let target: PathBuf = self.to.join(parts.iter().collect::<PathBuf>());
        let dir = target.parent().unwrap_or(self.to);
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut copy = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&target)?;
        let bytes = copy_bytes(&source, &mut copy)?;
        copy.sync_all()?;
        Ok(bytes)
    }

    fn skip(&mut self, parts: &[String], reason: &str) {
        self.leave_out(&parts.join("/"), reason);
    }

    fn leave_out(&mut self, what: &str, reason: &str) {
        if self.results.left_out.len() < MOST_REASONS {
            self.results.left_out.push(format!("{what}: {reason}"));
        } else {
            self.silent += 1;
        }
    }
}

fn copy_bytes(mut source: &File, copy: &mut File) -> io::Result<u64> {
    io::copy(&mut source, copy)
}

#[cfg(test)]
mod tests;
