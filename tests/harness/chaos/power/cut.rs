//! What a power cut leaves of that which was not synced.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::{Disk, Edit, FileNumber, rename};
use super::image::Image;
use crate::chaos::Dice;

/// What disks write whole.
const SECTOR: u64 = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    /// Every unsynced write vanishes.
    Nothing,
    /// All of them are there, as after `kill -9`.
    Everything,
    /// The first ones, the last of them in part.
    Beginning,
    /// Some, whatever came later: the disk reorders.
    Some,
    /// Some sectors of some.
    Torn,
}

impl Left {
    /// The harsh case most often: it is the one that finds most.
    pub(super) fn any(dice: &mut Dice) -> Self {
        match dice.below(10) {
            0 => Self::Everything,
            1..=2 => Self::Beginning,
            3..=4 => Self::Some,
            5..=6 => Self::Torn,
            _ => Self::Nothing,
        }
    }
}

/// Puts on the image what is left; tells under which names.
pub(super) fn leave(
    left: Left,
    disk: &Disk,
    image: &mut Image,
    dice: &mut Dice,
) -> BTreeMap<String, FileNumber> {
    let edits = &disk.pending.edits;
    let whole = dice.below(edits.len() as u64 + 1) as usize;
    for (number, (_, file, edit)) in edits.iter().enumerate() {
        match left {
            Left::Nothing => {}
            Left::Everything => image.add(*file, edit),
            Left::Beginning if number < whole => image.add(*file, edit),
            Left::Beginning if number == whole => tear(*file, edit, image, dice),
            Left::Beginning => {}
            Left::Some if dice.once_in(2) => image.add(*file, edit),
            Left::Some => {}
            Left::Torn => tear(*file, edit, image, dice),
        }
    }
    // A directory is a journal: its changes are kept in order.
    let entries = &disk.pending.entries;
    let kept = match left {
        Left::Nothing => 0,
        Left::Everything => entries.len(),
        Left::Beginning | Left::Some | Left::Torn => dice.below(entries.len() as u64 + 1) as usize,
    };
    let mut names = disk.kept.clone();
    for (_, entry) in entries.iter().take(kept) {
        rename(&mut names, entry.clone());
    }
    names
}

/// Some sectors of a write; a length is kept or not.
fn tear(file: FileNumber, edit: &Edit, image: &mut Image, dice: &mut Dice) {
    let Edit::Write { at, bytes } = edit else {
        if dice.once_in(2) {
            image.add(file, edit);
        }
        return;
    };
    let end = at + bytes.len() as u64;
    let mut from = *at;
    while from < end {
        let to = ((from / SECTOR + 1) * SECTOR).min(end);
        if dice.once_in(2) {
            let part: Arc<[u8]> = bytes[(from - at) as usize..(to - at) as usize].into();
            image.add(
                file,
                &Edit::Write {
                    at: from,
                    bytes: part,
                },
            );
        }
        from = to;
    }
}
