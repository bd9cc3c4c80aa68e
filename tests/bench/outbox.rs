//! The outbox against a platform that enforces Slack's limits, refuses, fails and loses answers,
//! on virtual time: how much of what is permitted it uses, and what goes wrong (G11).

use std::time::Duration;

use harness::outbox::{Faults, Rush, rush};
use nightshift_core::port::ChatPlatform;

use crate::composed;
use crate::goals::{Aim, Goal};

const SEEDS: [u64; 3] = [1, 2, 3];

pub(crate) async fn report() -> anyhow::Result<Vec<Goal>> {
    let mut goals = Vec::new();
    println!(
        "\n{:>14} {:>5} {:>13} {:>9} {:>11} {:>5} {:>11} {:>10} {:>11}",
        "faults",
        "seed",
        "conversations",
        "messages",
        "use of rate",
        "lost",
        "inversions",
        "duplicates",
        "unlabelled"
    );
    let rough = Faults {
        too_fast: 50,
        retry_after_s: 10,
        server_error: 20,
        lost_answer: 10,
        lost_call: 10,
        blind: false,
    };
    for (name, faults) in [("none", Faults::default()), ("429, 5xx, lost", rough)] {
        let mut least = f64::INFINITY;
        for seed in SEEDS {
            least = least.min(one(name, faults, seed).await?);
        }
        goals.push(Goal {
            id: "G11",
            what: format!("outbox: least use of what is permitted, faults: {name}"),
            measured: least,
            aim: Aim::AtLeast(0.95),
        });
    }
    Ok(goals)
}

/// The share of the permitted rate that was used.
async fn one(name: &str, faults: Faults, seed: u64) -> anyhow::Result<f64> {
    let budgets = composed::slack()?.capabilities().budgets;
    let plan = Rush {
        seed,
        channels: 50,
        conversations: 1000,
        messages: 5,
        every: Duration::ZERO,
        whisper_every: 0,
        cards: 0,
        faults,
        crashes: 2,
        budgets,
        limits: budgets,
    };
    let report = rush(&plan).await;
    println!(
        "{name:>14} {seed:>5} {:>13} {:>9} {:>11.3} {:>5} {:>11} {:>10} {:>11}",
        plan.conversations,
        report.wanted,
        report.use_of_rate,
        report.lost,
        report.inversions,
        report.duplicates,
        report.unlabelled
    );
    let line = serde_json::json!({"bench": "outbox", "faults": name, "seed": seed,
        "messages": report.wanted, "use_of_rate": report.use_of_rate, "lost": report.lost,
        "inversions": report.inversions, "duplicates": report.duplicates,
        "ambiguous": report.ambiguous, "unlabelled": report.unlabelled,
        "virtual_s": report.took.as_secs()});
    eprintln!("{line}");
    let wrongs = report.wrongs();
    anyhow::ensure!(wrongs.is_empty(), "{wrongs:?}");
    Ok(report.use_of_rate)
}
