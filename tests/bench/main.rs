//! Benchmarks of the built server, each figure beside its yardstick in the same run.
//!
//! `cargo xtask bench` builds everything optimised and runs this. Closed loop: every connection
//! sends its next request when the last is answered. Rounds are interleaved (bare, intake, whole,
//! bare, …), medians are printed; treat differences under 15 % as equal.

mod bare;
mod load;
mod server;
mod start;

use std::time::Duration;

use load::{Cell, Target};

/// Connections of the cells.
const CONNECTIONS: [usize; 3] = [1, 8, 64];
/// Length of one cell, and rounds: long enough for some checkpoints, short enough to wait for.
const CELL: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("serve-bare") {
        return bare::serve();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    start::report()?;
    runtime.block_on(intake())
}

/// Signed slash command → committed → 200, on SQLite with `synchronous=FULL`.
async fn intake() -> anyhow::Result<()> {
    let bare = bare::Child::start()?;
    let quiet = server::Server::start(server::Answering::No)?;
    let whole = server::Server::start(server::Answering::Yes)?;
    let targets = [
        Target {
            name: "bare axum POST",
            address: bare.address.clone(),
            path: "/bare",
            secret: None,
        },
        Target {
            name: "durable intake",
            address: quiet.address.clone(),
            path: "/webhook/slack",
            secret: Some(server::SECRET),
        },
        Target {
            name: "intake, tasks made meanwhile",
            address: whole.address.clone(),
            path: "/webhook/slack",
            secret: Some(server::SECRET),
        },
    ];
    println!(
        "\n{:30} {:>5} {:>10} {:>9} {:>9} {:>7} {:>7}",
        "route", "conns", "requests/s", "p50 ms", "p99 ms", "× bare", "errors"
    );
    for connections in CONNECTIONS {
        let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); targets.len()];
        for _ in 0..ROUNDS {
            for (target, cells) in targets.iter().zip(&mut cells) {
                cells.push(load::run(target, connections, CELL).await?);
            }
        }
        let yardstick = load::median(cells[0].iter().map(|cell| cell.rate));
        for (target, cells) in targets.iter().zip(&cells) {
            let rate = load::median(cells.iter().map(|cell| cell.rate));
            let p50 = load::median(cells.iter().map(|cell| cell.p50_ms));
            let p99 = load::median(cells.iter().map(|cell| cell.p99_ms));
            let errors: u64 = cells.iter().map(|cell| cell.errors).sum();
            println!(
                "{:30} {connections:>5} {rate:>10.0} {p50:>9.2} {p99:>9.2} {:>7.2} {errors:>7}",
                target.name,
                rate / yardstick
            );
            let line = serde_json::json!({"bench": "intake", "route": target.name, "connections": connections,
                "requests_per_s": rate.round(), "p50_ms": p50, "p99_ms": p99, "ratio_to_bare": rate / yardstick, "errors": errors});
            eprintln!("{line}");
        }
    }
    Ok(())
}
