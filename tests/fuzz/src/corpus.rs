//! The inputs that are kept: seeds written by hand, and those that once broke a promise.

use std::fs;
use std::path::{Path, PathBuf};

/// `fuzz/` at the top of the tree.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors()
        .nth(2)
        .map_or_else(|| own.join("fuzz"), |top| top.join("fuzz"))
}

/// The seeds and regressions of a target, by name.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let folders = ["corpus", "regressions"].map(|kind| root().join(kind).join(target));
    let mut found: Vec<(String, Vec<u8>)> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let bytes = fs::read(&path).ok()?;
            Some((path.display().to_string(), bytes))
        })
        .collect();
    found.sort();
    found
}
