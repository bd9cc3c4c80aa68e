//! Copies an agent's credentials into the attempt's private home. A copy, not a mount: the
//! originals are often readable by the service's user alone, and stay as they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Place;

/// Larger files are no credentials.
const LARGEST: u64 = 4 << 20;
const MOST_FILES: usize = 200;

/// What does not exist is left out: there are several ways to log in.
pub(super) fn copy(home: &Path, paths: &[String], place: &Place) -> io::Result<()> {
    let mut left = MOST_FILES;
    for path in paths {
        copy_one(&home.join(path), Path::new(path), place, &mut left)?;
    }
    Ok(())
}

fn copy_one(from: &Path, below: &Path, place: &Place, left: &mut usize) -> io::Result<()> {
    let Ok(found) = fs::metadata(from) else {
        return Ok(());
    };
    if found.is_dir() {
        for entry in fs::read_dir(from)?.flatten() {
            copy_one(&entry.path(), &below.join(entry.file_name()), place, left)?;
        }
        return Ok(());
    }
    if !found.is_file() || found.len() > LARGEST || *left == 0 {
        return Ok(());
    }
    *left -= 1;
    make_parents(below, place)?;
    let target = place.home.join(below);
    if target.exists() {
        return Ok(());
    }
    place.own_file(&target, &fs::read(from)?)
}

fn make_parents(below: &Path, place: &Place) -> io::Result<()> {
    let mut dir = PathBuf::from(&place.home);
    for part in below.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        if !dir.is_dir() {
            place.own_dir(&dir)?;
        }
    }
    Ok(())
}
