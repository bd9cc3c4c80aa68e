//! `cargo xtask chaos mutants [FILE …]`: changes the core in one place after the other and sees
//! whether its tests notice. A mutant that survives fails the command; what is left out, and why,
//! stands in `.cargo/mutants.toml`.

use std::process::Command;

use anyhow::{Context, bail};

use crate::run::{is_there, root};

/// cargo-mutants' own exit code when some mutants did not end: that is noticing, too.
const TIMED_OUT: i32 = 3;
/// Some mutants survived.
const MISSED: i32 = 2;

/// `files` are paths or globs; all of the core where none is given.
pub(crate) fn run(files: &[String]) -> anyhow::Result<()> {
    if !is_there("cargo-mutants") {
        bail!("cargo-mutants is missing; cargo install --locked cargo-mutants");
    }
    let mut command = Command::new("cargo");
    command
        .args(["mutants", "--package", "nightshift-core", "--jobs", "1"])
        // It works in a copy: the tree itself is never changed.
        .args(["--no-shuffle", "--output", "target/mutants"])
        // Nobody reads a backtrace of a mutant; linking takes most of the time.
        .envs([
            ("CARGO_PROFILE_DEV_DEBUG", "none"),
            ("CARGO_PROFILE_TEST_DEBUG", "none"),
        ])
        .current_dir(root());
    for file in files {
        command.args(["--file", file]);
    }
    let status = command
        .args(["--", "--lib"])
        .status()
        .context("cargo-mutants cannot be started")?;
    match status.code() {
        Some(0 | TIMED_OUT) => Ok(()),
        Some(MISSED) => bail!("mutants survive; see target/mutants/mutants.out/missed.txt"),
        _ => bail!("cargo-mutants failed ({status})"),
    }
}
