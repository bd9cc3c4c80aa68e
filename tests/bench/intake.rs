//! Signed slash command → committed → 200, beside the same route without storing.

use std::time::Duration;

use crate::goals::{Aim, Goal};
use crate::load::{self, Cell, Target, median};
use crate::process::Child;
use crate::server::{Answering, Commits, Server};
use crate::{bare, unstored};

/// Connections of the cells.
const CONNECTIONS: [usize; 4] = [1, 8, 64, 256];
/// Length of one cell, and rounds: long enough for some checkpoints, short enough to wait for.
const CELL: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

/// Its rate is 1 in the table.
const YARDSTICK: usize = 1;
const STORED: usize = 2;
const NORMAL: usize = 3;
/// Where the goal of the intake counts.
const AIMED_AT: usize = 256;
/// From here on batches must have paid for the disk.
const MANY: usize = 64;

pub(crate) async fn report() -> anyhow::Result<Vec<Goal>> {
    let bare = Child::start(bare::ROLE)?;
    let unstored = Child::start(unstored::ROLE)?;
    let quiet = Server::start(Answering::No, Commits::Durable)?;
    let normal = Server::start(Answering::No, Commits::Normal)?;
    let target = |name, address: &str, path, pid| Target {
        name,
        address: address.to_owned(),
        path,
        pid,
    };
    let slack = "/webhook/slack";
    let interleaved = [
        target("bare axum POST", &bare.address, "/bare", bare.pid()),
        target("not stored", &unstored.address, slack, unstored.pid()),
        target("durable intake", &quiet.address, slack, quiet.pid()),
        target("intake with NORMAL", &normal.address, slack, normal.pid()),
    ];
    println!(
        "\n{:22} {:>5} {:>10} {:>9} {:>9} {:>9} {:>12} {:>7}",
        "route", "conns", "requests/s", "p50 ms", "p99 ms", "CPU µs", "× not stored", "errors"
    );
    let mut goals = Vec::new();
    for connections in CONNECTIONS {
        let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); interleaved.len()];
        for _ in 0..ROUNDS {
            for (target, cells) in interleaved.iter().zip(&mut cells) {
                cells.push(load::run(target, connections, CELL).await?);
            }
        }
        // It works on long after its cell: not beside the others, and gone before the next ones.
        let whole = Server::start(Answering::Yes, Commits::Durable)?;
        let last = target("tasks made meanwhile", &whole.address, slack, whole.pid());
        let mut meanwhile = Vec::new();
        for _ in 0..ROUNDS {
            meanwhile.push(load::run(&last, connections, CELL).await?);
        }
        drop(whole);
        cells.push(meanwhile);
        let targets: Vec<&Target> = interleaved.iter().chain([&last]).collect();
        table(&targets, connections, &cells);
        let rate = |of: usize| median(cells[of].iter().map(|cell| cell.rate));
        if connections >= MANY {
            goals.push(Goal {
                id: "G2",
                what: format!("durable intake / the same with NORMAL, {connections} connections"),
                measured: rate(STORED) / rate(NORMAL),
                aim: Aim::AtLeast(0.9),
            });
        }
        if connections == AIMED_AT {
            goals.push(Goal {
                id: "G1",
                what: format!(
                    "durable intake / the same route not storing, {AIMED_AT} connections"
                ),
                measured: rate(STORED) / rate(YARDSTICK),
                aim: Aim::AtLeast(0.5),
            });
        }
    }
    Ok(goals)
}

fn table(targets: &[&Target], connections: usize, cells: &[Vec<Cell>]) {
    let yardstick = median(cells[YARDSTICK].iter().map(|cell| cell.rate));
    for (target, cells) in targets.iter().zip(cells) {
        let of = |value: fn(&Cell) -> f64| median(cells.iter().map(value));
        let (rate, cpu) = (of(|cell| cell.rate), of(|cell| cell.cpu_us));
        let (p50, p99) = (of(|cell| cell.p50_ms), of(|cell| cell.p99_ms));
        let errors: u64 = cells.iter().map(|cell| cell.errors).sum();
        let ratio = rate / yardstick;
        println!(
            "{:22} {connections:>5} {rate:>10.0} {p50:>9.2} {p99:>9.2} {cpu:>9.1} {ratio:>12.2} {errors:>7}",
            target.name,
        );
        let line = serde_json::json!({"bench": "intake", "route": target.name,
            "connections": connections, "requests_per_s": rate.round(), "p50_ms": p50,
            "p99_ms": p99, "cpu_us": cpu, "ratio_to_not_stored": ratio, "errors": errors});
        eprintln!("{line}");
    }
}
