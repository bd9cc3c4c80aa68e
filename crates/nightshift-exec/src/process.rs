//! What `/proc` says about processes: who runs, whose child it is, and which carry our marks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// One process at one moment; `pid` and `start` together name it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    state: char,
    start: u64,
}

impl Entry {
    fn read(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may contain anything, also parentheses.
    pub(crate) fn parse(pid: i32, stat: &str) -> Option<Self> {
        let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
        Some(Self {
            pid,
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            // Field 22 of the whole line; this is the 17th after the parent.
            start: fields.nth(17)?.parse().ok()?,
        })
    }

    /// A zombie only waits to be counted by its parent.
    pub(crate) fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    /// Numbers are given out again within minutes on a busy machine.
    fn is_same_now(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.start == self.start && now.runs())
    }

    fn carries(&self, marks: &[String]) -> bool {
        fs::read(format!("/proc/{}/environ", self.pid)).is_ok_and(|environ| {
            marks.iter().all(|mark| {
                environ
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == mark.as_bytes())
            })
        })
    }
}

pub(crate) fn all() -> Vec<Entry> {
    let Ok(listing) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    listing
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Entry::read)
        .collect()
}

/// Running processes below `root`, without it.
pub(crate) fn descendants(root: i32) -> Vec<Entry> {
    let entries = all();
    let parents: BTreeMap<i32, i32> = entries.iter().map(|e| (e.pid, e.parent)).collect();
    entries
        .into_iter()
        .filter(|entry| entry.runs() && is_below(entry.pid, root, &parents))
        .collect()
}

fn is_below(pid: i32, root: i32, parents: &BTreeMap<i32, i32>) -> bool {
    let mut at = pid;
    // A listing is no snapshot: bounded, in case numbers given out again make a circle.
    for _ in 0..parents.len() {
        match parents.get(&at) {
            Some(parent) if *parent == root => return true,
            Some(parent) => at = *parent,
            None => return false,
        }
    }
    false
}

/// Running processes whose environment holds all `marks`; never ourselves or our ancestors.
fn marked(marks: &[String]) -> Vec<Entry> {
    let entries = all();
    let parents: BTreeMap<i32, i32> = entries.iter().map(|e| (e.pid, e.parent)).collect();
    let own = std::process::id().cast_signed();
    entries
        .into_iter()
        .filter(|entry| {
            entry.runs()
                && entry.pid != own
                && !is_below(own, entry.pid, &parents)
                && entry.carries(marks)
        })
        .collect()
}

/// What a hunt for marked processes did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hunt {
    pub(crate) found: usize,
    pub(crate) left: usize,
}

/// Kills everything that carries the marks until none is left or `patience` ends.
pub(crate) fn kill_marked(marks: &[String], patience: Duration) -> Hunt {
    let begun = Instant::now();
    let mut seen = BTreeSet::new();
    loop {
        let prey = marked(marks);
        let left = prey.len();
        for entry in prey {
            seen.insert((entry.pid, entry.start));
            if entry.is_same_now() {
                // It may end by itself in this moment.
                let _ = kill(Pid::from_raw(entry.pid), Signal::SIGKILL);
            }
        }
        if left == 0 || begun.elapsed() >= patience {
            return Hunt {
                found: seen.len(),
                left,
            };
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) Z (b)) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 0";
        let entry = Entry::parse(7, stat).unwrap();
        assert_eq!((entry.parent, entry.start, entry.runs()), (3, 4242, true));
    }

    #[test]
    fn we_are_below_our_parent_and_not_the_other_way_round() {
        let own = std::process::id().cast_signed();
        let parent = Entry::read(own).unwrap().parent;
        assert!(descendants(parent).iter().any(|entry| entry.pid == own));
        assert!(!descendants(own).iter().any(|entry| entry.pid == parent));
    }
}
