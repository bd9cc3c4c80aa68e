//! Several servers on one PostgreSQL while they are killed, frozen and cut off at random: what was
//! acknowledged by any of them is there, nothing runs twice, each decision is made once, and each
//! conversation keeps its order.

mod load;
mod trouble;
mod verdict;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::kill::Killed;
use super::{Dice, Pace, found_by};
use crate::process::Fleet;
use load::Load;

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub servers: usize,
    /// No-op tasks, submitted and run while the servers are disturbed.
    pub tasks: u64,
    /// At the same time.
    pub clients: usize,
    /// Between two troubles, in the mean.
    pub calm: Duration,
    /// The fault to be found.
    pub fault: Option<&'static str>,
}

/// What was done to the servers, and what was found.
#[derive(Debug, Default)]
pub struct Report {
    pub kills: u64,
    pub freezes: u64,
    /// All connections to the database ended.
    pub cuts: u64,
    /// Approvals raced through different servers, and calls of them.
    pub races: u64,
    pub calls: u64,
    pub took: Duration,
    pub found: Killed,
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.found.is_good()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} freezes, {} cuts in {} s; {} approvals raced by {} calls; {}",
            self.kills,
            self.freezes,
            self.cuts,
            self.took.as_secs(),
            self.races,
            self.calls,
            self.found
        )
    }
}

pub async fn run(plan: &Plan) -> Report {
    let mut dice = Dice::new(plan.seed);
    let mut report = Report::default();
    let began = Instant::now();
    let mut fleet = fleet(plan).await;
    let servers = fleet.start().await;
    let load = Load::new(&fleet, &servers, plan, dice.below(1 << 30));
    let done = AtomicBool::new(false);
    let working = async {
        load.run().await;
        done.store(true, Ordering::SeqCst);
    };
    let troubling = trouble::make(
        &fleet,
        servers,
        (&load, plan.calm),
        &mut dice,
        &done,
        &mut report,
    );
    let ((), servers) = tokio::join!(working, troubling);
    let mut found = Killed::default();
    found_by(&mut found, "after these troubles", async |found| {
        verdict::examine(&fleet, &servers, &load, found).await;
    })
    .await;
    report.races = load.races();
    report.calls = load.calls();
    report.found = found;
    report.took = began.elapsed();
    drop(servers);
    fleet.agree();
    report
}

async fn fleet(plan: &Plan) -> Fleet {
    let mut office = Pace::Any.office("cat").await;
    let remote = &mut office.site.config["remote"];
    remote["execution"]["local"]["max_concurrent_tasks"] = json!(32);
    remote["timers"] = json!({"lease": "4s", "heartbeat": "1s", "start_within": "4s",
        "retry_backoff": "100ms", "shutdown": "10s", "planning": "10s"});
    let faults = plan
        .fault
        .map_or("idle".to_owned(), |fault| format!("idle,{fault}"));
    let database = nightshift_fakes::postgres::Database::empty();
    let mut fleet = Fleet::owning(office, database, plan.servers);
    for n in 0..fleet.count() {
        fleet.site_mut(n).sabotage(&Pace::Any.with(&faults));
    }
    fleet.agree();
    fleet
}
