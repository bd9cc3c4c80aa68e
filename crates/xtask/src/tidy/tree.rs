//! What the tree holds: names in their crates, documents that are true, nothing left lying about.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::run::{output, root};

/// Platform names, and the folders where each may be written.
const PLATFORMS: &[&str] = &["slack", "discord", "telegram", "whatsapp"];
const NAMED_IN: &[&str] = &[
    "crates/nightshift-slack/",
    "crates/nightshift-cli/",
    "crates/nightshift-fakes/",
    "crates/xtask/",
    "tests/",
];

/// Files and folders at the top of the tree.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".github",
    ".gitignore",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "config.example.yaml",
    "crates",
    "deploy",
    "docs",
    "fuzz",
    "migrations",
    "rustfmt.toml",
    "tests",
];

/// Words for which the glossary has another one, as names in code.
const SYNONYMS: &[&str] = &["TaskManager", "TaskData", "TaskInfo", "TaskModel"];

pub(crate) fn check(wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = output(&["git", "ls-files"])?
        .lines()
        .map(PathBuf::from)
        .collect();
    for file in &files {
        top(file, wrong);
        if file.extension().is_some_and(|ending| ending == "rs") {
            source(file, wrong)?;
        }
    }
    migrations(&files, wrong);
    crate_list(wrong)
}

fn top(file: &Path, wrong: &mut Vec<String>) {
    let first = file
        .components()
        .next()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    if let Some(first) = first
        && !TOP.contains(&first.as_str())
    {
        wrong.push(format!("{first} does not belong at the top of the tree"));
    }
}

fn source(file: &Path, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let name = file.to_string_lossy();
    let path = root().join(file);
    if !path.exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).with_context(|| name.clone().into_owned())?;
    let is_test = name.contains("/tests/") || name.ends_with("tests.rs");
    if !NAMED_IN.iter().any(|folder| name.starts_with(folder)) && !is_test {
        platform_names(&name, &text, wrong);
    }
    for (at, line) in text.lines().enumerate() {
        if SYNONYMS.iter().any(|word| line.contains(word)) && !name.starts_with("crates/xtask/") {
            wrong.push(format!(
                "{name}:{}: the glossary has another word for this",
                at + 1
            ));
        }
    }
    if name.ends_with("/mod.rs") {
        wrong.push(format!(
            "{name}: modules are foo.rs beside foo/, not mod.rs"
        ));
    }
    Ok(())
}

/// In code, not in comments or in tests at the end of a file: there they may be examples.
fn platform_names(name: &str, text: &str, wrong: &mut Vec<String>) {
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("#[cfg(test)]") {
            return;
        }
        let code = line.split("//").next().unwrap_or_default().to_lowercase();
        if let Some(platform) = PLATFORMS.iter().find(|platform| code.contains(**platform)) {
            wrong.push(format!(
                "{name}:{}: the name {platform} belongs to its own crate",
                at + 1
            ));
        }
    }
}

/// Both engines have the same migrations, once both are there.
fn migrations(files: &[PathBuf], wrong: &mut Vec<String>) {
    let of = |engine: &str| -> Vec<String> {
        let folder = format!("migrations/{engine}");
        let inside = files.iter().filter(|file| file.starts_with(&folder));
        inside
            .filter_map(|file| {
                file.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
            })
            .collect()
    };
    let (sqlite, postgres) = (of("sqlite"), of("postgres"));
    if sqlite.is_empty() || (!postgres.is_empty() && sqlite != postgres) {
        wrong.push("migrations/sqlite and migrations/postgres differ".into());
    }
}

/// The code map of ARCHITECTURE.md names every crate, and no other.
fn crate_list(wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let path = root().join("docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).context("docs/ARCHITECTURE.md")?;
    for entry in std::fs::read_dir(root().join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !text.contains(&format!("`{name}`")) {
            wrong.push(format!("docs/ARCHITECTURE.md does not name `{name}`"));
        }
    }
    for named in text
        .split('`')
        .filter(|word| word.starts_with("nightshift-") && !word.contains([' ', '/']))
    {
        let exists = root().join("crates").join(named).is_dir() || named == "nightshift-tests";
        if !exists {
            wrong.push(format!(
                "docs/ARCHITECTURE.md names `{named}`, which is no crate"
            ));
        }
    }
    Ok(())
}
