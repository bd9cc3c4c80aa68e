//! `cargo xtask chaos fuzz [--target NAME] [--seconds N] [--seed N] [--stable]`: the fuzz targets
//! for longer than the test suite runs them.
//!
//! With a nightly compiler and cargo-fuzz it is libFuzzer, which sees what an input reaches; else
//! the mutations of the test suite, which do not.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::run::{is_there, root, step};

const USAGE: &str =
    "usage: cargo xtask chaos fuzz [--target NAME] [--seconds N] [--seed N] [--stable]";
/// A minute for each target.
const SECONDS: u32 = 60;

struct Wanted {
    target: Option<String>,
    seconds: u32,
    seed: u32,
    stable: bool,
}

pub(crate) fn run(words: &[String]) -> anyhow::Result<()> {
    let wanted = read(words)?;
    let targets = targets(wanted.target.as_deref())?;
    if !wanted.stable && has_libfuzzer() {
        return libfuzzer(&wanted, &targets);
    }
    if !wanted.stable {
        println!(
            "No cargo-fuzz with a nightly compiler here: the mutations of the test suite run \
             instead. They do not see what an input reaches."
        );
    }
    stable(&wanted, &targets)
}

fn read(words: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted {
        target: None,
        seconds: SECONDS,
        seed: 1,
        stable: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--stable" {
            wanted.stable = true;
            continue;
        }
        let value = words.next().context(USAGE)?;
        match word.as_str() {
            "--target" => wanted.target = Some(value.clone()),
            "--seconds" => wanted.seconds = value.parse().context(USAGE)?,
            "--seed" => wanted.seed = value.parse().context(USAGE)?,
            _ => bail!(USAGE),
        }
    }
    Ok(wanted)
}

/// Every target has a folder of seeds (a test says so).
fn targets(only: Option<&str>) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in fs::read_dir(root().join("fuzz/corpus")).context("fuzz/corpus")? {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    if let Some(only) = only {
        if !names.iter().any(|name| name == only) {
            bail!("{only} is no target; there are {}", names.join(", "));
        }
        names.retain(|name| name == only);
    }
    Ok(names)
}

fn has_libfuzzer() -> bool {
    let nightly = Command::new("cargo")
        .args(["+nightly", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    is_there("cargo-fuzz") && nightly.is_ok_and(|status| status.success())
}

fn libfuzzer(wanted: &Wanted, targets: &[String]) -> anyhow::Result<()> {
    // The versions that the rest of the tree is tested with.
    fs::copy(root().join("Cargo.lock"), root().join("fuzz/Cargo.lock")).context("Cargo.lock")?;
    let mut broken = Vec::new();
    for target in targets {
        let found = format!("target/fuzz/found/{target}");
        let artifacts = format!("target/fuzz/artifacts/{target}");
        for folder in [&found, &artifacts] {
            fs::create_dir_all(root().join(folder)).with_context(|| folder.clone())?;
        }
        let seconds = format!("-max_total_time={}", wanted.seconds);
        let seed = format!("-seed={}", wanted.seed);
        let kept = format!("-artifact_prefix={artifacts}/");
        let corpus = format!("fuzz/corpus/{target}");
        let regressions = format!("fuzz/regressions/{target}");
        let mut words = vec!["cargo", "+nightly", "fuzz", "run", "--fuzz-dir", "fuzz"];
        // New inputs go into the first folder.
        words.extend(["--target-dir", "target/fuzz", "any", &found, &corpus]);
        if root().join(&regressions).is_dir() {
            words.push(&regressions);
        }
        words.extend(["--", &seconds, &seed, &kept]);
        // An input that takes ten seconds is a mistake as well.
        words.extend([
            "-timeout=10",
            "-use_value_profile=1",
            "-print_final_stats=1",
        ]);
        let environment = [("NIGHTSHIFT_FUZZ_TARGET", target.as_str())];
        if let Err(error) = step(target, &words, &environment) {
            println!("{error:#}; the input is in {artifacts}");
            broken.push(target.clone());
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("broken promises: {}", broken.join(", "));
}

fn stable(wanted: &Wanted, targets: &[String]) -> anyhow::Result<()> {
    let words = "cargo test --workspace --test stable -- --nocapture no_input_breaks";
    let words: Vec<&str> = words.split(' ').collect();
    let (seconds, seed) = (wanted.seconds.to_string(), wanted.seed.to_string());
    let mut environment = vec![
        ("NIGHTSHIFT_FUZZ_SECONDS", seconds.as_str()),
        ("NIGHTSHIFT_FUZZ_SEED", seed.as_str()),
    ];
    if let ([target], Some(_)) = (targets, &wanted.target) {
        environment.push(("NIGHTSHIFT_FUZZ_TARGET", target));
    }
    step("fuzz, stable form", &words, &environment)
}
