//! Tasks from the wish to their end while a transaction somewhere keeps every dead row, beside the
//! same on a database without one (G14).

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::ground::{Ground, Member, Part};
use super::jobs::{self, Noop};
use crate::goals::{Aim, Goal};
use crate::load::median;
use crate::{composed, depot};

/// Tasks on each database, where nothing else is asked for: what a minute brings at the 500 a
/// second of the goal.
const TASKS: u64 = 30_000;
const CELL: u64 = 2_000;
/// Of the last cells: then the dead rows are many.
const LAST: usize = 3;
const ASKERS: usize = 16;
const SLOTS: usize = 16;

struct Side {
    name: &'static str,
    member: Member,
    executor: Arc<Noop>,
    rates: Vec<f64>,
}

pub(super) async fn report(ground: &Ground, tasks: Option<u64>) -> anyhow::Result<Vec<Goal>> {
    let tasks = tasks.unwrap_or(TASKS);
    let mut sides = [
        side(ground, "undisturbed").await?,
        side(ground, "held").await?,
    ];
    let _holding = Holding::on(ground, sides[1].name)?;
    let began = Instant::now();
    for cell in 0..tasks.div_ceil(CELL) {
        for side in &mut sides {
            let rate = side.cell(cell + 1).await?;
            side.rates.push(rate);
        }
        if cell % 5 == 4 {
            let last = |side: &Side| side.rates.last().copied().unwrap_or_default();
            println!(
                "  {:>7} tasks each, {:>4.0} s: undisturbed {:.0}/s, held {:.0}/s",
                (cell + 1) * CELL,
                began.elapsed().as_secs_f64(),
                last(&sides[0]),
                last(&sides[1])
            );
        }
    }
    let held_for = began.elapsed().as_secs_f64();
    let dead = ground.sql(
        "held",
        "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'task'",
    )?;
    let mut medians = Vec::new();
    for side in sides {
        let from = side.rates.len().saturating_sub(LAST);
        medians.push(median(side.rates[from..].iter().copied()));
        side.member.leave().await;
    }
    let [undisturbed, held] = medians[..] else {
        anyhow::bail!("two sides");
    };
    println!(
        "\nxmin held for {held_for:.0} s, {tasks} tasks, {dead} dead rows of tasks: {held:.0} tasks/s at the end, \
         undisturbed {undisturbed:.0}"
    );
    let line = serde_json::json!({"bench": "postgres", "cell": "vacuum", "tasks": tasks,
        "held_s": held_for.round(), "held_per_s": held.round(), "undisturbed_per_s": undisturbed.round()});
    eprintln!("{line}");
    Ok(vec![Goal {
        id: "G14",
        what: format!("tasks/s with xmin held over {tasks} tasks / undisturbed"),
        measured: held / undisturbed,
        aim: Aim::AtLeast(0.8),
    }])
}

async fn side(ground: &Ground, name: &'static str) -> anyhow::Result<Side> {
    let url = ground.server.make(name);
    let executor = Noop::new(Duration::ZERO);
    let part = Part {
        name: name.to_owned(),
        executor: Some(executor.clone()),
        slots: SLOTS,
        loops: &["dispatch", "hear", "lead"],
    };
    let member = Member::join(&url, part).await?;
    Ok(Side {
        name,
        member,
        executor,
        rates: Vec::new(),
    })
}

impl Side {
    /// Asks for so many tasks and waits until they have run; tasks per second.
    async fn cell(&self, number: u64) -> anyhow::Result<f64> {
        let began = Instant::now();
        let left = Arc::new(AtomicU64::new(CELL));
        let mut askers = JoinSet::new();
        for _ in 0..ASKERS {
            let (app, left) = (self.member.app.clone(), left.clone());
            askers.spawn(async move {
                let one = |left| Some(left).filter(|left| *left > 0).map(|left| left - 1);
                while left
                    .fetch_update(Ordering::AcqRel, Ordering::Acquire, one)
                    .is_ok()
                {
                    depot::asked(app.store(), composed::now()).await?;
                    depot::planned(app.store(), None, composed::now()).await?;
                    app.wake.all();
                }
                Ok::<(), anyhow::Error>(())
            });
        }
        while let Some(asker) = askers.join_next().await {
            asker??;
        }
        // Those that an asker passed over because another was about to take them.
        let store = self.member.app.store();
        while depot::planned(store, None, composed::now())
            .await?
            .is_some()
        {
            self.member.app.wake.all();
        }
        jobs::until(std::slice::from_ref(&self.executor), number * CELL).await?;
        Ok(CELL as f64 / began.elapsed().as_secs_f64())
    }
}

/// A transaction that reads and never ends.
struct Holding(Child);

impl Holding {
    fn on(ground: &Ground, database: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(ground.server.client("psql"))
            .args(["-X", "-q", "-d", &ground.server.url(database)])
            .args(["-c", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT txid_current(); SELECT pg_sleep(86400)"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let began = Instant::now();
        while ground.sql(database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'BEGIN ISOLATION%pg_sleep%' AND backend_xmin IS NOT NULL")? != "1" {
            if began.elapsed() > Duration::from_secs(10) {
                child.kill()?;
                anyhow::bail!("no transaction holds the dead rows");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self(child))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
