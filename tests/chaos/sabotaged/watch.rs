//! Faults at the commits.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nightshift_store::CommitWatch;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fault::{Fault, Point, Side};

pub(crate) fn watch(fault: &Fault) -> Option<Arc<dyn CommitWatch>> {
    match fault {
        Fault::Die(point) => Some(Arc::new(Deadly {
            point: point.clone(),
            seen: AtomicU32::new(0),
        })),
        Fault::NoteCommits(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Some(Arc::new(Noting(file.expect("the file for the notes"))))
        }
        Fault::SynchronousNormal
        | Fault::EarlyAck
        | Fault::DieAfterSend(_)
        | Fault::Unpaced
        | Fault::Idle
        | Fault::Rule(_)
        | Fault::Runs(_)
        | Fault::Rows(_) => None,
    }
}

/// `kill -9`, by ourselves: nothing of this process runs on.
pub(crate) fn die() -> ! {
    let _ = kill(Pid::this(), Signal::SIGKILL);
    loop {
        std::thread::park();
    }
}

struct Deadly {
    point: Point,
    seen: AtomicU32,
}

impl Deadly {
    fn passes(&self, side: Side, change: &str) {
        if self.point.side == side
            && self.point.change == change
            && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.point.nth
        {
            die();
        }
    }
}

impl CommitWatch for Deadly {
    fn before(&self, change: &'static str) {
        self.passes(Side::Before, change);
    }

    fn after(&self, change: &'static str, _took: Duration) {
        self.passes(Side::After, change);
    }
}

struct Noting(File);

impl CommitWatch for Noting {
    fn before(&self, _change: &'static str) {}

    fn after(&self, change: &'static str, _took: Duration) {
        // One write a line: lines of several threads do not mix.
        (&self.0)
            .write_all(format!("{change}\n").as_bytes())
            .expect("the file for the notes");
    }
}
