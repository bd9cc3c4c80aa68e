//! The stable form of the fuzz targets: each over its corpus and over mutations of it.
//!
//! `NIGHTSHIFT_FUZZ_SECONDS=60` goes on for so long, `NIGHTSHIFT_FUZZ_SEED` takes another way, and
//! `NIGHTSHIFT_FUZZ_TARGET` runs one target alone.

use std::time::Duration;

use nightshift_fuzz::run::{Broken, Budget, run};
use nightshift_fuzz::{TARGETS, Target, corpus, input};

#[expect(
    clippy::disallowed_methods,
    reason = "how a long run is asked for: a test has no arguments"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Option<u64> {
    variable(name)?.parse().ok()
}

fn chosen(target: &Target) -> bool {
    variable("NIGHTSHIFT_FUZZ_TARGET").is_none_or(|name| name == target.name)
}

#[test]
fn no_input_breaks_a_promise_of_its_parser() {
    let seed = number("NIGHTSHIFT_FUZZ_SEED").unwrap_or(1);
    println!("NIGHTSHIFT_FUZZ_SEED={seed}");
    let time = number("NIGHTSHIFT_FUZZ_SECONDS").map(Duration::from_secs);
    let mut broken = Vec::new();
    // A name that no target has would otherwise find nothing, and so no fault.
    assert!(TARGETS.iter().any(chosen), "NIGHTSHIFT_FUZZ_TARGET");
    for target in TARGETS.iter().filter(|target| chosen(target)) {
        let budget = time.map_or(Budget::Cases(target.cases), Budget::Time);
        match run(target, seed, budget) {
            Ok(tried) => println!("{}: {tried} inputs", target.name),
            Err(found) => broken.push(told(target, &found)),
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A sentence about it; the input is kept in a file.
fn told(target: &Target, found: &Broken) -> String {
    let kept = format!("{}/{}.input", env!("CARGO_TARGET_TMPDIR"), target.name);
    std::fs::write(&kept, &found.input).expect("the input can be kept");
    format!(
        "{} ({}): {}\n  {:?}\n  when mended: cp {kept} fuzz/regressions/{}/",
        target.name,
        found.from,
        found.why,
        input::text(&found.input),
        target.name
    )
}

#[test]
fn every_target_has_seeds_and_every_folder_a_target() {
    for target in TARGETS {
        assert!(
            !corpus::of(target.name).is_empty(),
            "{} has no seed",
            target.name
        );
    }
    for kind in ["corpus", "regressions"] {
        let folders = std::fs::read_dir(corpus::root().join(kind));
        for folder in folders.into_iter().flatten().flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            let known = TARGETS.iter().any(|target| target.name == name);
            assert!(known, "fuzz/{kind}/{name} belongs to no target");
        }
    }
}

/// Wrong for few inputs: a word of the format in front of a byte that no seed holds.
fn wrong(data: &[u8]) {
    let text = input::text(data);
    assert!(!text.contains("status \u{0}"), "a broken promise");
}

#[test]
fn a_parser_that_breaks_its_promise_is_found_out() {
    let target = Target {
        name: "command",
        check: wrong,
        words: &["status "],
        cases: 0,
    };
    let found = run(&target, 1, Budget::Cases(20_000)).expect_err("it breaks its promise");
    assert_eq!(found.why, "a broken promise");
    let again = run(&target, 1, Budget::Cases(20_000)).expect_err("it breaks its promise");
    assert_eq!(found.input, again.input, "the same seed finds the same");
}
