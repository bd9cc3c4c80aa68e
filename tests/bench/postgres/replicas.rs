//! Three servers beside one, with tasks that take a while and with such that take none (G12).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ground::{Ground, Member, Part};
use super::jobs::{self, Noop};
use crate::goals::{Aim, Goal};
use crate::load::median;

const REPLICAS: usize = 3;
const ROUNDS: usize = 3;

/// What one cell does.
struct Work {
    name: &'static str,
    takes: Duration,
    /// Of each server.
    slots: usize,
    tasks: u64,
    /// What binds is not the database, so more servers must do more.
    grows: bool,
}

/// A server's slots are what binds; then the machine and its database.
const WORK: [Work; 2] = [
    Work {
        name: "100 ms each, 8 slots",
        takes: Duration::from_millis(100),
        slots: 8,
        tasks: 1_500,
        grows: true,
    },
    Work {
        name: "nothing, 16 slots",
        takes: Duration::ZERO,
        slots: 16,
        tasks: 5_000,
        grows: false,
    },
];

pub(super) async fn report(ground: &Ground) -> anyhow::Result<Vec<Goal>> {
    let mut goals = Vec::new();
    for (n, work) in WORK.iter().enumerate() {
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (servers, rates) in [1, REPLICAS].into_iter().zip(&mut rates) {
                let database = format!("replicas_{n}_{round}_{servers}");
                rates.push(cell(ground, &database, work, servers).await?);
            }
        }
        let [one, three] = rates.map(|rates| median(rates.into_iter()));
        println!(
            "\ntasks/s, {}: one server {one:.0}, {REPLICAS} servers {three:.0}",
            work.name
        );
        let line = serde_json::json!({"bench": "postgres", "cell": "replicas", "work": work.name,
            "one_per_s": one.round(), "three_per_s": three.round()});
        eprintln!("{line}");
        if !work.grows {
            continue;
        }
        goals.push(Goal {
            id: "G12",
            what: format!("{REPLICAS} servers / one, tasks of {}", work.name),
            measured: three / one,
            aim: Aim::AtLeast(1.5),
        });
    }
    Ok(goals)
}

/// Tasks per second.
async fn cell(ground: &Ground, database: &str, work: &Work, servers: usize) -> anyhow::Result<f64> {
    let url = ground.server.make(database);
    jobs::queue(&url, work.tasks, 200).await?;
    ground.settle()?;
    let began = Instant::now();
    let mut members = Vec::new();
    let executors: Vec<Arc<Noop>> = (0..servers).map(|_| Noop::new(work.takes)).collect();
    for (n, executor) in executors.iter().enumerate() {
        let part = Part {
            name: format!("r{n}"),
            executor: Some(executor.clone()),
            slots: work.slots,
            loops: &["dispatch", "hear", "lead"],
        };
        members.push(Member::join(&url, part).await?);
    }
    jobs::until(&executors, work.tasks).await?;
    jobs::completed(&url, work.tasks).await?;
    let rate = work.tasks as f64 / began.elapsed().as_secs_f64();
    for member in members {
        member.leave().await;
    }
    ground.sql(
        "postgres",
        &format!("DROP DATABASE {database} WITH (FORCE)"),
    )?;
    Ok(rate)
}
