//! Running other programs, with their names in every error.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

/// The top of the tree.
pub(crate) fn root() -> PathBuf {
    let crate_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    crate_dir
        .ancestors()
        .nth(2)
        .map_or(crate_dir.clone(), std::path::Path::to_owned)
}

/// Runs `words` at the top of the tree; an exit code other than 0 is an error.
pub(crate) fn step(
    title: &str,
    words: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<()> {
    println!("── {title}: {}", words.join(" "));
    let status = Command::new(words[0])
        .args(&words[1..])
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .with_context(|| format!("{} cannot be started", words[0]))?;
    if !status.success() {
        bail!("{title} failed ({status})");
    }
    Ok(())
}

/// The standard output of `words`.
pub(crate) fn output(words: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(root())
        .output();
    let output = output.with_context(|| format!("{} cannot be started", words[0]))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a program is on the PATH.
pub(crate) fn is_there(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
