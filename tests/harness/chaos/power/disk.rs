//! A disk as a power cut finds it: what is on it for certain, and what may be.
//!
//! The model is harsher than file systems are: a write, a length or a name counts as kept only
//! when a sync that began after it has ended. Syncing a file does not keep its name.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::image::Image;
use super::trace::{Change, Event, Synced};

/// A file, whatever it is called.
pub(super) type FileNumber = usize;

/// The order in which things were done.
type Moment = u64;

/// What changes a file's content.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Write { at: u64, bytes: Arc<[u8]> },
    Truncate(u64),
}

/// What changes the directory; `None` removes the name.
pub(super) type Entry = (String, Option<FileNumber>);

/// What is not on the disk for certain, oldest first.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) edits: VecDeque<(Moment, FileNumber, Edit)>,
    pub(super) entries: VecDeque<(Moment, Entry)>,
}

#[derive(Default)]
pub(super) struct Disk {
    /// Names as the running system sees them.
    live: BTreeMap<String, FileNumber>,
    /// Names that a power cut leaves.
    pub(super) kept: BTreeMap<String, FileNumber>,
    pub(super) pending: Pending,
    /// Syncs under way, by thread: what they cover, and when they began.
    syncs: HashMap<u32, (Option<FileNumber>, Moment)>,
    files: FileNumber,
    now: Moment,
}

impl Disk {
    /// The content that is kept for certain is kept in `image`.
    pub(super) fn happens(&mut self, event: Event, image: &mut Image) {
        self.now += 1;
        match event {
            Event::Changed(change) => self.change(change, image),
            Event::SyncBegins { thread, of } => {
                let file = match of {
                    Synced::Directory => None,
                    Synced::File(name) => Some(self.file(&name)),
                };
                self.syncs.insert(thread, (file, self.now));
            }
            Event::SyncEnds { thread } => match self.syncs.remove(&thread) {
                Some((Some(file), since)) => self.keep_file(file, since, image),
                Some((None, since)) => self.keep_entries(since),
                None => {}
            },
            Event::Acknowledged(_) => {}
        }
    }

    /// The server is gone: what its threads had begun is not ended by anybody.
    pub(super) fn life_ends(&mut self) {
        self.syncs.clear();
    }

    fn change(&mut self, change: Change, image: &mut Image) {
        match change {
            Change::Create(name) => {
                if !self.live.contains_key(&name) {
                    let file = self.files;
                    self.files += 1;
                    image.create(file);
                    self.live.insert(name.clone(), file);
                    let entry = (self.now, (name, Some(file)));
                    self.pending.entries.push_back(entry);
                }
            }
            Change::Remove(name) => {
                self.live.remove(&name);
                self.pending.entries.push_back((self.now, (name, None)));
            }
            Change::Write { name, at, bytes } => self.edit(&name, Edit::Write { at, bytes }),
            Change::Truncate { name, to } => self.edit(&name, Edit::Truncate(to)),
        }
    }

    fn edit(&mut self, name: &str, edit: Edit) {
        let file = self.file(name);
        self.pending.edits.push_back((self.now, file, edit));
    }

    fn file(&self, name: &str) -> FileNumber {
        let file = self.live.get(name);
        *file.unwrap_or_else(|| panic!("{name} is used and was never made"))
    }

    fn keep_file(&mut self, file: FileNumber, since: Moment, image: &mut Image) {
        let mut still = VecDeque::new();
        for (at, of, edit) in self.pending.edits.drain(..) {
            if of == file && at < since {
                image.keep(file, &edit);
            } else {
                still.push_back((at, of, edit));
            }
        }
        self.pending.edits = still;
    }

    fn keep_entries(&mut self, since: Moment) {
        while let Some((at, _)) = self.pending.entries.front()
            && *at < since
            && let Some((_, entry)) = self.pending.entries.pop_front()
        {
            rename(&mut self.kept, entry);
        }
    }
}

/// Brings a directory up to date.
pub(super) fn rename(names: &mut BTreeMap<String, FileNumber>, (name, file): Entry) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(&name),
    };
}
