//! All tests, with what they need installed first.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::run::{is_there, output, root, step};

/// Debian packages by the program that shows they are there. Of PostgreSQL only the programs are
/// used: the tests start a cluster of their own, and leave alone whatever runs here.
const NEEDED: &[(&str, &str)] = &[
    ("bwrap", "bubblewrap"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("faketime", "faketime"),
    ("pgbouncer", "pgbouncer"),
    (POSTGRES, "postgresql"),
    ("strace", "strace"),
];

/// Debian keeps it off the PATH, in a folder for each version.
const POSTGRES: &str = "initdb";
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// Modules of `tests/it` whose worlds keep their state where `NIGHTSHIFT_TEST_DATABASE` says.
const JOURNEYS: &[&str] = &[
    "api::",
    "approve::",
    "cancel::",
    "http_errors::",
    "lease::",
    "prompts::",
    "query::",
    "reject::",
    "replay::",
    "restart::",
    "revise::",
    "secrets::",
    "stranger::",
    "submit::",
    "timed::",
];

pub(crate) fn run(filter: &[String]) -> anyhow::Result<()> {
    install()?;
    step(
        "build",
        &["cargo", "build", "--workspace", "--all-targets", "--locked"],
        &[],
    )?;
    let mut words = vec![
        "cargo",
        "test",
        "--workspace",
        "--locked",
        "--no-fail-fast",
        "--",
    ];
    words.extend(filter.iter().map(String::as_str));
    let mut count = counted(&words, &[])?;
    if filter.is_empty() {
        // The journeys once more, on the other engine: the same in every word.
        let journeys = [
            "cargo",
            "test",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--test",
            "it",
            "--",
        ];
        let words = [&journeys, JOURNEYS].concat();
        let again = counted(&words, &[("NIGHTSHIFT_TEST_DATABASE", "postgres")])?;
        count.passed += again.passed;
        count.failed += again.failed;
        count.ended_well &= again.ended_well;
    }
    // The closing line, in the form that every reader of test output knows.
    println!("{} passed, {} failed", count.passed, count.failed);
    if count.failed > 0 || !count.ended_well {
        bail!("tests failed");
    }
    if count.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

struct Count {
    passed: u64,
    failed: u64,
    ended_well: bool,
}

/// Runs the tests, passes their output on, and adds up the runners' own summaries.
fn counted(words: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Count> {
    println!("── tests: {}", words.join(" "));
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .envs(variables.iter().copied())
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be started")?;
    let stdout = child.stdout.take().context("the tests have no output")?;
    let mut count = Count {
        passed: 0,
        failed: 0,
        ended_well: false,
    };
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        if let Some(summary) = line.strip_prefix("test result: ") {
            count.passed += number_before(summary, " passed");
            count.failed += number_before(summary, " failed");
        }
    }
    count.ended_well = child.wait()?.success();
    Ok(count)
}

/// The number in front of `word`: `… 12 passed; …`.
fn number_before(text: &str, word: &str) -> u64 {
    let digits = text
        .split(word)
        .next()
        .and_then(|before| before.rsplit(' ').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn is_installed(program: &str) -> bool {
    let versions = || std::fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten();
    is_there(program)
        // Where an ordinary user's PATH does not lead.
        || std::path::Path::new("/usr/sbin").join(program).is_file()
        || (program == POSTGRES
            && versions()
                .flatten()
                .any(|version| version.path().join("bin").join(program).is_file()))
}

fn install() -> anyhow::Result<()> {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = output(&["id", "-u"])?.trim() == "0";
    if !is_there("apt-get") || !(root || is_there("sudo")) {
        bail!(
            "the tests need {}; install them and try again",
            missing.join(", ")
        );
    }
    let sudo: &[&str] = if root { &[] } else { &["sudo"] };
    let update = [sudo, &["apt-get", "update", "-qq"]].concat();
    step("package list", &update, &[])?;
    let mut words = [
        sudo,
        &["apt-get", "install", "-y", "-qq", "--no-install-recommends"],
    ]
    .concat();
    words.extend(missing);
    step("packages", &words, &[("DEBIAN_FRONTEND", "noninteractive")])
}
