//! A deterministic simulation of service, executor and chat platform: the real application on the
//! real store, one call at a time in an order that a seed decides, with a platform that loses
//! answers, people who press everything, and a service that dies in the middle of a commit.
//!
//! `NIGHTSHIFT_SIM_SEEDS` runs more seeds, from `NIGHTSHIFT_SIM_FROM` on. A failing seed is
//! printed, and replays exactly.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chance;
mod life;
mod machine;
mod people;
mod platform;
mod run;
mod store;
mod turns;
mod verdict;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use run::{Report, simulate};
use store::Break;

/// Seeds in CI: some seconds.
const SEEDS: u64 = 12;
/// Within these a broken rule is noticed.
const NOTICED_WITHIN: u64 = 60;

#[expect(
    clippy::disallowed_methods,
    reason = "who starts the tests chooses how long they run"
)]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

/// Lines of the trace that are shown with a failure; `NIGHTSHIFT_SIM_TRACE` shows all.
const TAIL: usize = 40;

fn told(report: &Report) -> String {
    let hidden = match std::env::var_os("NIGHTSHIFT_SIM_TRACE") {
        Some(_) => 0,
        None => report.trace.len().saturating_sub(TAIL),
    };
    let lines = report.trace[hidden..]
        .iter()
        .map(|line| format!("    {line}\n"));
    format!(
        "SEED={} (NIGHTSHIFT_SIM_FROM={0} NIGHTSHIFT_SIM_SEEDS=1 replays it)\n  {}\n{}",
        report.seed,
        report.wrong.join("\n  "),
        lines.collect::<String>()
    )
}

/// Runs the seeds on all processors, and returns the reports in their order.
fn all(from: u64, seeds: u64) -> Vec<Report> {
    let next = AtomicU64::new(from);
    let reports = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from + seeds {
                        return;
                    }
                    let report = simulate(seed, None);
                    if !report.wrong.is_empty() {
                        println!("{}", told(&report));
                    }
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    reports.into_inner().unwrap()
}

#[test]
fn what_was_promised_holds_whatever_happens() {
    let from = number("NIGHTSHIFT_SIM_FROM").unwrap_or(1);
    let seeds = number("NIGHTSHIFT_SIM_SEEDS").unwrap_or(SEEDS);
    let reports = all(from, seeds);
    let sum = |of: fn(&Report) -> usize| reports.iter().map(of).sum::<usize>();
    let (crashes, tasks, runs) = (sum(|r| r.crashes), sum(|r| r.tasks), sum(|r| r.runs));
    println!("{seeds} seeds from {from}: {crashes} crashes, {tasks} tasks, {runs} runs");
    let failed = reports.iter().filter(|report| !report.wrong.is_empty());
    let failed: Vec<u64> = failed.map(|report| report.seed).collect();
    assert_eq!(failed, Vec::<u64>::new(), "seeds that failed");
    assert!(runs > 0 && crashes > 0, "nothing was put to the test");
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 1..=2 {
        let (first, again) = (simulate(seed, None), simulate(seed, None));
        assert_eq!(first, again, "SEED={seed}");
    }
}

#[test]
fn every_broken_rule_is_noticed() {
    let unnoticed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for half in Break::ALL.chunks(Break::ALL.len().div_ceil(2)) {
            let unnoticed = &unnoticed;
            scope.spawn(move || {
                for broken in half {
                    if !is_noticed(*broken) {
                        unnoticed.lock().unwrap().push(*broken);
                    }
                }
            });
        }
    });
    assert_eq!(unnoticed.into_inner().unwrap(), [], "rules nobody watches");
}

fn is_noticed(broken: Break) -> bool {
    for seed in std::iter::once(broken.hint()).chain(1..=NOTICED_WITHIN) {
        let report = simulate(seed, Some(broken));
        if let Some(wrong) = report.wrong.first() {
            println!("{broken:?} is noticed at seed {seed}: {wrong}");
            return true;
        }
    }
    false
}
