//! From an approval's commit on one server to the lease that another one gets (G10).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;

use super::ground::{Ground, Member, Part};
use crate::approval::{Finishing, approve, percentile};
use crate::composed;
use crate::depot;
use crate::goals::{Aim, Goal};

/// Without hints each waits up to a second.
const HINTED: usize = 1000;
const UNHINTED: usize = 60;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn report(ground: &Ground) -> anyhow::Result<Vec<Goal>> {
    let heard = cell(ground, "approvals", &["dispatch", "hear"], HINTED).await?;
    let dropped = cell(ground, "approvals_unheard", &["dispatch"], UNHINTED).await?;
    Ok(vec![
        Goal {
            id: "G10",
            what: "approval committed on one server → lease on another, p99 in ms".to_owned(),
            measured: heard,
            aim: Aim::AtMost(50.0),
        },
        Goal {
            id: "G10",
            what: "the same with every hint dropped, longest in ms".to_owned(),
            measured: dropped,
            aim: Aim::AtMost(1100.0),
        },
    ])
}

/// Milliseconds: the 99th of a hundred.
async fn cell(
    ground: &Ground,
    database: &str,
    loops: &'static [&'static str],
    approvals: usize,
) -> anyhow::Result<f64> {
    let url = ground.server.make(database);
    let (handed, mut starts) = mpsc::unbounded_channel();
    let part = |name: &str, loops| Part {
        name: name.to_owned(),
        executor: None,
        slots: 1,
        loops,
    };
    let asked = Member::join(&url, part("a", &[])).await?;
    let executor = Arc::new(Finishing(handed));
    let runs = Part {
        executor: Some(executor),
        ..part("b", loops)
    };
    let runs = Member::join(&url, runs).await?;
    let mut waits = Vec::new();
    for n in 0..approvals {
        let id = depot::staged(asked.app.store(), Some(1), composed::now()).await?;
        // Not in step with the one who polls.
        tokio::time::sleep(Duration::from_millis(n as u64 * 7 % 30)).await;
        let approved = approve(&asked.app, &id).await?;
        let next = tokio::time::timeout(PATIENCE, starts.recv()).await;
        let (task, started) = next.context("it never started")?.context("no executor")?;
        anyhow::ensure!(task.as_str() == id, "another task started");
        waits.push(started.saturating_duration_since(approved));
    }
    asked.leave().await;
    runs.leave().await;
    waits.sort_unstable();
    let ms = |share| percentile(&waits, share);
    println!(
        "\n{database}: approval committed on one server → lease held on another, {approvals}: \
         p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        ms(0.5),
        ms(0.99),
        ms(1.0)
    );
    let line = serde_json::json!({"bench": "postgres", "cell": database, "approvals": approvals,
        "p50_ms": ms(0.5), "p99_ms": ms(0.99), "longest_ms": ms(1.0)});
    eprintln!("{line}");
    Ok(ms(0.99))
}
