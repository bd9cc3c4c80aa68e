//! Claim and fenced finish in batches of ten, beside the disk, however much waits or is done.

use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use nightshift_core::port::store::{Attempts, Finish, FinishOutcome, LeaseTerms, Leased};
use nightshift_core::task::{TaskEvent, TaskResult, Usage};
use nightshift_store::SqlStore;

use crate::composed;
use crate::depot::{Depot, Full};
use crate::goals::{Aim, Goal};
use crate::load::median;

const BATCH: usize = 10;
/// Of all rounds together fewer than wait in the smallest depot.
const CELL: usize = 1_500;
const ROUNDS: usize = 5;
/// How long the disk is tried.
const SYNCS: Duration = Duration::from_secs(1);

const DEPOTS: [Full; 4] = [
    Full {
        waiting: 10_000,
        finished: 0,
    },
    Full {
        waiting: 100_000,
        finished: 0,
    },
    Full {
        waiting: 1_000_000,
        finished: 0,
    },
    Full {
        waiting: 10_000,
        finished: 1_000_000,
    },
];

/// `most` leaves out the depots in which more waits.
pub(crate) async fn report(most: Option<u64>) -> anyhow::Result<Vec<Goal>> {
    let mut goals = Vec::new();
    let mut depots = Vec::new();
    let few = |full: &Full| most.is_none_or(|most| full.waiting.max(full.finished) <= most);
    let chosen: Vec<Full> = DEPOTS.into_iter().filter(few).collect();
    for full in chosen.iter().copied() {
        depots.push(Depot::new(full).await?);
    }
    let (mut rates, mut syncs) = (vec![Vec::new(); chosen.len()], Vec::new());
    for _ in 0..ROUNDS {
        syncs.push(fdatasyncs()?);
        for (depot, rates) in depots.iter().zip(&mut rates) {
            rates.push(rate(&depot.store).await?);
        }
    }
    let syncs = median(syncs.into_iter());
    println!("\nfdatasync of 4 KiB, one after the other: {syncs:.0}/s");
    println!(
        "{:>10} {:>10} {:>10} {:>22} {:>14}",
        "waiting", "finished", "tasks/s", "/ (10 × fdatasync/s)", "/ 10 k waiting"
    );
    let mut first = None;
    for (full, rates) in chosen.iter().zip(rates) {
        let rate = median(rates.into_iter());
        let flat = rate / *first.get_or_insert(rate);
        let to_disk = rate / (syncs * BATCH as f64);
        let Full { waiting, finished } = full;
        println!("{waiting:>10} {finished:>10} {rate:>10.0} {to_disk:>22.3} {flat:>14.2}");
        let line = serde_json::json!({"bench": "queue", "waiting": waiting, "finished": finished,
            "tasks_per_s": rate.round(), "fdatasync_per_s": syncs.round(),
            "to_disk": to_disk, "to_10k_waiting": flat});
        eprintln!("{line}");
        goals.push(if goals.is_empty() {
            Goal {
                id: "G5",
                what: "claim and finish in tens / (10 × fdatasync/s)".to_owned(),
                measured: to_disk,
                aim: Aim::AtLeast(0.25),
            }
        } else {
            Goal {
                id: "G5",
                what: format!(
                    "the same with {waiting} waiting, {finished} finished / 10000 waiting"
                ),
                measured: flat,
                aim: Aim::Between(0.8, 1.25),
            }
        });
    }
    for depot in depots {
        depot.leave().await;
    }
    Ok(goals)
}

/// Tasks per second that are claimed and finished.
async fn rate(store: &SqlStore) -> anyhow::Result<f64> {
    let (began, mut done) = (Instant::now(), 0);
    while done < CELL {
        let leased = claim(store).await?;
        ensure!(leased.len() == BATCH, "the depot is empty");
        finish(store, &leased).await?;
        done += leased.len();
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

async fn claim(store: &SqlStore) -> anyhow::Result<Vec<Leased>> {
    let now = composed::now();
    let terms = LeaseTerms {
        until: now.after(Duration::from_secs(60)),
        start_by: now.after(Duration::from_secs(15)),
    };
    Ok(store
        .lease(composed::EXECUTOR, "bench/1", terms, BATCH, now)
        .await?)
}

async fn finish(store: &SqlStore, leased: &[Leased]) -> anyhow::Result<()> {
    let ends: Vec<Finish> = leased.iter().map(end).collect();
    for outcome in store.finish_all(&ends, composed::now()).await? {
        if matches!(outcome, FinishOutcome::Fenced) {
            bail!("fenced");
        }
    }
    Ok(())
}

fn end(leased: &Leased) -> Finish {
    Finish {
        task: leased.task.id.clone(),
        fence: leased.fence,
        event: TaskEvent::Completed {
            fence: leased.fence,
        },
        detail: None,
        result: TaskResult {
            text: "done".to_owned(),
            exit_code: Some(0),
            files: Vec::new(),
        },
        usage: Usage::default(),
        parts: Vec::new(),
        log_bytes: 0,
    }
}

/// What the disk does: 4 KiB written over allocated blocks and synced, again and again.
fn fdatasyncs() -> anyhow::Result<f64> {
    const PAGE: [u8; 4096] = [7; 4096];
    let mut file = tempfile::tempfile_in("target")?;
    for _ in 0..256 {
        file.write_all(&PAGE)?;
    }
    file.sync_all()?;
    let (began, mut done) = (Instant::now(), 0_u64);
    while began.elapsed() < SYNCS {
        if done.is_multiple_of(256) {
            file.rewind()?;
        }
        file.write_all(&PAGE)?;
        file.sync_data()?;
        done += 1;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}
