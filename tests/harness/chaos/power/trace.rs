//! From lines to what counts: changes of files, syncs, acknowledgements.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exchange::Exchanges;
use super::strace::{self, Line, Reader};

/// Something that happened in the data directory or at the door.
#[derive(Debug)]
pub(super) enum Event {
    Changed(Change),
    /// What was changed before now is to be on the disk when the sync ends.
    SyncBegins {
        thread: u32,
        of: Synced,
    },
    SyncEnds {
        thread: u32,
    },
    /// The first bytes of a 2xx go out: from now on somebody relies on it.
    Acknowledged(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Synced {
    File(String),
    Directory,
}

#[derive(Debug)]
pub(super) enum Change {
    /// The file is there from now on, if it was not before.
    Create(String),
    Remove(String),
    Write {
        name: String,
        at: u64,
        bytes: Arc<[u8]>,
    },
    Truncate {
        name: String,
        to: u64,
    },
}

/// The other files of the database have names that begin so.
pub(super) const DATABASE: &str = "nightshift.sqlite";
/// Shared memory of SQLite: no power cut leaves any of it, and the next start makes it anew.
const NOT_KEPT: &str = "-shm";

/// Reads the trace of one life.
pub(super) struct Tracer {
    reader: Reader,
    exchanges: Exchanges,
    data_dir: PathBuf,
}

impl Tracer {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            reader: Reader::default(),
            exchanges: Exchanges::default(),
            data_dir: data_dir.to_owned(),
        }
    }

    /// What a line tells, in order.
    pub(super) fn read(&mut self, line: &str) -> Vec<Event> {
        let events = match self.reader.read(line) {
            Line::Begun { thread, call } => [self.begins(thread, &call), None],
            Line::Done { thread, call } => [None, self.ends(thread, &call)],
            Line::Whole { thread, call } => [self.begins(thread, &call), self.ends(thread, &call)],
            Line::Other => [None, None],
        };
        events.into_iter().flatten().collect()
    }

    fn begins(&mut self, thread: u32, call: &str) -> Option<Event> {
        match strace::name(call) {
            "fsync" | "fdatasync" => Some(Event::SyncBegins {
                thread,
                of: self.synced(call)?,
            }),
            "write" | "writev" | "sendto" | "sendmsg" => {
                let socket = strace::target(call).filter(|name| name.starts_with("socket:"))?;
                let sent = strace::strings(call);
                let number = self.exchanges.sends(&socket, &sent)?;
                Some(Event::Acknowledged(number))
            }
            _ => None,
        }
    }

    fn ends(&mut self, thread: u32, call: &str) -> Option<Event> {
        let name = strace::name(call);
        if matches!(name, "fsync" | "fdatasync") {
            let of = self.synced(call)?;
            assert!(!call.contains(" = -1 "), "{of:?} was not synced: {call}");
            // Killed in the middle of it: nobody knows.
            strace::result(call)?;
            return Some(Event::SyncEnds { thread });
        }
        // A call that failed, or was cut off by a kill, changed nothing for certain.
        let result = strace::result(call)?;
        match name {
            "recvfrom" => {
                let socket = strace::target(call)?;
                self.exchanges.received(&socket, &strace::strings(call));
                None
            }
            "openat" if call.contains("O_CREAT") => {
                let name = self.named(&String::from_utf8(strace::strings(call)).ok()?)?;
                Some(Event::Changed(Change::Create(name)))
            }
            "unlink" => {
                let name = self.named(&String::from_utf8(strace::strings(call)).ok()?)?;
                Some(Event::Changed(Change::Remove(name)))
            }
            "pwrite64" => {
                let name = self.named(&strace::target(call)?)?;
                let bytes: Arc<[u8]> = strace::strings(call).into();
                assert_eq!(bytes.len() as u64, result, "{name}: written in part");
                let at = strace::last_number(call).expect("where it is written");
                Some(Event::Changed(Change::Write { name, at, bytes }))
            }
            "ftruncate" => {
                let name = self.named(&strace::target(call)?)?;
                let to = strace::last_number(call).expect("a length");
                Some(Event::Changed(Change::Truncate { name, to }))
            }
            "write" | "writev" | "pwritev" | "rename" | "renameat2" | "fallocate" => {
                let touched = strace::target(call).and_then(|path| self.named(&path));
                assert!(
                    touched.is_none(),
                    "a call that the replay does not know: {call:.200}"
                );
                None
            }
            _ => None,
        }
    }

    /// The name of a file that belongs to the database.
    fn named(&self, path: &str) -> Option<String> {
        let name = Path::new(path)
            .strip_prefix(&self.data_dir)
            .ok()?
            .to_str()?;
        let ours = name.starts_with(DATABASE) && !name.ends_with(NOT_KEPT);
        ours.then(|| name.to_owned())
    }

    fn synced(&self, call: &str) -> Option<Synced> {
        let path = strace::target(call)?;
        if Path::new(&path) == self.data_dir {
            return Some(Synced::Directory);
        }
        self.named(&path).map(Synced::File)
    }
}
