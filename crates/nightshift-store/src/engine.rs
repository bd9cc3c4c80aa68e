//! Who hands out connections, and what must hold before the first one.

pub(crate) mod batch;
pub(crate) mod connection;
pub(crate) mod database;
pub(crate) mod directory;
pub(crate) mod file;
mod fold;
pub(crate) mod inspect;
pub(crate) mod measure;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod trust;
pub(crate) mod turns;
pub(crate) mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When a commit is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Before it returns: a power cut takes nothing that was acknowledged.
    #[default]
    Full,
    /// At the next checkpoint: a power cut takes acknowledged commits. For the benchmark that
    /// compares, and for the power-cut test, which must find those losses.
    Normal,
}

/// Sees every commit of a change.
pub trait CommitWatch: Send + Sync {
    /// Everything is written but the commit. `change` is the name of the store method.
    fn before(&self, change: &'static str);

    /// The commit succeeded; nobody has been answered yet.
    fn after(&self, change: &'static str, took: Duration);
}

/// How the store works, where it is not as a service needs it.
#[derive(Clone, Default)]
pub struct Conditions {
    pub synchronous: Synchronous,
    pub watch: Option<Arc<dyn CommitWatch>>,
}

/// Why the store cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenKind {
    /// The data directory or the database cannot be made or written.
    NotWritable,
    /// Another server holds the lock.
    InUse,
    /// On a file system whose locks cannot be trusted.
    NetworkFileSystem,
    /// The file is no database, or is damaged.
    Corrupt,
    /// A newer NightShift wrote it.
    Newer,
    /// It belongs to another program.
    Foreign,
    /// There is none.
    Missing,
    /// The database does not keep the settings that durability needs, or is too old for us.
    Settings,
    /// The server cannot be reached.
    Unreachable,
    /// The server does not let us in, or not do what we must.
    Denied,
    /// Where the server is, or how to log in, is not to be understood.
    Address,
    /// The database cannot be brought up to date or opened.
    Failed,
}

/// The store was not opened, and the file is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct OpenError {
    pub kind: OpenKind,
    /// The file or directory in question.
    pub path: PathBuf,
    /// One sentence with the file and the next step.
    pub message: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OpenError {
    pub(crate) fn new(kind: OpenKind, path: &Path, message: String) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            message,
            source: None,
        }
    }

    pub(crate) fn because(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}
