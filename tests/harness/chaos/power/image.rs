//! The files as a power cut leaves them, in a directory in memory where there is one. Each cut
//! adds what it leaves beside what is certain, and takes it away again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::disk::{Edit, FileNumber};

const IN_MEMORY: &str = "/dev/shm";

pub(super) struct Image {
    dir: TempDir,
    files: BTreeMap<FileNumber, File>,
    /// How to take back what the present cut added, newest last.
    undo: Vec<(FileNumber, Undo)>,
}

/// What stood where something was written.
struct Undo {
    length: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl Image {
    pub(super) fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("nightshift-power-");
        let dir = builder
            .tempdir_in(IN_MEMORY)
            .or_else(|_| builder.tempdir())
            .expect("a directory");
        Self {
            dir,
            files: BTreeMap::new(),
            undo: Vec::new(),
        }
    }

    fn path(&self, file: FileNumber) -> PathBuf {
        self.dir.path().join(format!("file-{file}"))
    }

    pub(super) fn create(&mut self, file: FileNumber) {
        let opened = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .open(self.path(file));
        self.files.insert(file, opened.expect("a new file"));
    }

    /// For certain, from now on.
    pub(super) fn keep(&mut self, file: FileNumber, edit: &Edit) {
        let file = &self.files[&file];
        match edit {
            Edit::Write { at, bytes } => file.write_all_at(bytes, *at),
            Edit::Truncate(to) => file.set_len(*to),
        }
        .expect("room for the image");
    }

    /// For the present cut only.
    pub(super) fn add(&mut self, number: FileNumber, edit: &Edit) {
        let file = &self.files[&number];
        let length = file.metadata().expect("our file").len();
        let (at, end) = match edit {
            Edit::Write { at, bytes } => (*at, at + bytes.len() as u64),
            Edit::Truncate(to) => (*to, length),
        };
        let mut bytes = vec![0; end.min(length).saturating_sub(at) as usize];
        file.read_exact_at(&mut bytes, at).expect("our file");
        self.undo.push((number, Undo { length, at, bytes }));
        self.keep(number, edit);
    }

    /// The directory with these names, to be looked at; nothing in it may be written.
    pub(super) fn show(&self, names: &BTreeMap<String, FileNumber>) -> PathBuf {
        let shown = self.emptied("shown");
        for (name, file) in names {
            std::fs::hard_link(self.path(*file), shown.join(name)).expect("a link");
        }
        shown
    }

    /// A copy, for whoever writes.
    pub(super) fn copy(&self, names: &BTreeMap<String, FileNumber>) -> PathBuf {
        let copied = self.emptied("copied");
        for (name, file) in names {
            std::fs::copy(self.path(*file), copied.join(name)).expect("room for a copy");
        }
        copied
    }

    fn emptied(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join(name);
        remove(&dir);
        std::fs::create_dir(&dir).expect("a directory");
        dir
    }

    /// Takes back what the cut added.
    pub(super) fn restore(&mut self) {
        while let Some((number, undo)) = self.undo.pop() {
            let file = &self.files[&number];
            file.set_len(undo.length).expect("our file");
            file.write_all_at(&undo.bytes, undo.at).expect("our file");
        }
    }
}

fn remove(dir: &Path) {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}
