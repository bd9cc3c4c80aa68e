//! `peers <peer> --url postgres://… --jobs N --concurrency C [--payload BYTES]`
//!
//! Enqueues N no-op jobs, then runs one worker until all of them are
//! acknowledged in the database; prints one JSON line.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

mod apalis_peer;
mod awa_peer;
mod graphile_peer;
mod sqlxmq_peer;
mod underway_peer;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Jobs of one enqueue call, the same for every peer with a batch API.
pub const BATCH: u64 = 1000;
/// A peer that makes no progress for so long has failed.
const STALLED: Duration = Duration::from_secs(90);

pub struct Args {
    pub url: String,
    pub jobs: u64,
    pub concurrency: usize,
    payload: usize,
}

/// What every job carries: a distinct id, and filling up to the asked size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Body {
    pub id: u64,
    pub pad: String,
}

impl Args {
    pub fn body(&self, id: u64) -> Body {
        // {"id":…,"pad":"…"} is some 20 bytes without the filling.
        Body {
            id,
            pad: "x".repeat(self.payload.saturating_sub(20)),
        }
    }

    /// The ids of each enqueue call.
    pub fn batches(&self) -> impl Iterator<Item = std::ops::Range<u64>> + '_ {
        (0..self.jobs)
            .step_by(BATCH as usize)
            .map(|from| from..(from + BATCH).min(self.jobs))
    }

    pub async fn pool(&self, connections: usize) -> Result<PgPool, Error> {
        let options = PgPoolOptions::new().max_connections(connections as u32);
        Ok(options.connect(&self.url).await?)
    }
}

/// Handlers that have run. Every no-op handler calls `ran`, and nothing else.
static RAN: AtomicU64 = AtomicU64::new(0);

pub fn ran() {
    RAN.fetch_add(1, Ordering::Relaxed);
}

/// What one run gives.
pub struct Outcome {
    /// Name of the crate, whose version is read from Cargo.lock.
    pub library: &'static str,
    pub enqueue: Duration,
    pub work: Duration,
    /// "single": one commit per job; "batched": one commit for several.
    pub ack: &'static str,
}

/// Waits until `acked`, a query for the number of jobs whose completion is
/// committed, gives all of them. While handlers still run the database is left
/// alone: the query starts when the last handler has run.
pub async fn drained(args: &Args, pool: &PgPool, acked: &str) -> Result<(), Error> {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let mut now = RAN.load(Ordering::Relaxed);
        if now >= args.jobs {
            let count: i64 = sqlx::query_scalar(acked).fetch_one(pool).await?;
            now += count as u64;
            if count as u64 == args.jobs {
                return Ok(());
            }
        }
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > STALLED {
            return Err(format!("stalled: handlers run and jobs acknowledged: {now}").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Times `enqueue`, then gives the planner statistics of the backlog, as
/// autovacuum has in service: some peers claim by sequential scans without.
pub async fn enqueued(
    args: &Args,
    enqueue: impl Future<Output = Result<(), Error>>,
) -> Result<Duration, Error> {
    let start = Instant::now();
    enqueue.await?;
    let time = start.elapsed();
    sqlx::query("ANALYZE").execute(&args.pool(1).await?).await?;
    Ok(time)
}

/// The version that Cargo.lock has for a crate.
fn version(library: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let key = format!("name = \"{library}\"\nversion = \"");
    let rest = lock.split_once(&key).map_or("?", |(_, rest)| rest);
    rest.split('"').next().unwrap_or("?")
}

fn parse() -> Result<(String, Args), Error> {
    let mut given = std::env::args().skip(1);
    let peer = given.next().ok_or("which peer?")?;
    let mut args = Args {
        url: String::new(),
        jobs: 5000,
        concurrency: 10,
        payload: 1024,
    };
    while let Some(flag) = given.next() {
        let value = given
            .next()
            .ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--url" => args.url = value,
            "--jobs" => args.jobs = value.parse()?,
            "--concurrency" => args.concurrency = value.parse()?,
            "--payload" => args.payload = value.parse()?,
            _ => return Err(format!("unknown flag {flag}").into()),
        }
    }
    Ok((peer, args))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (peer, args) = parse()?;
    let outcome = match peer.as_str() {
        "awa" => awa_peer::run(&args).await?,
        "graphile_worker-rs" => graphile_peer::run(&args).await?,
        "apalis" => apalis_peer::run(&args).await?,
        "underway" => underway_peer::run(&args).await?,
        "sqlxmq" => sqlxmq_peer::run(&args).await?,
        _ => return Err(format!("unknown peer {peer}").into()),
    };
    let per_s = |time: Duration| (args.jobs as f64 / time.as_secs_f64()).round();
    println!(
        "{{\"peer\":\"{peer}\",\"version\":\"{}\",\"jobs\":{},\"concurrency\":{},\"enqueue_per_s\":{},\"jobs_per_s\":{},\"ack\":\"{}\",\"payload_bytes\":{}}}",
        version(outcome.library),
        args.jobs,
        args.concurrency,
        per_s(outcome.enqueue),
        per_s(outcome.work),
        outcome.ack,
        args.payload,
    );
    // The workers are left as they are: all is acknowledged, and their
    // orderly shutdown is no part of the measurement.
    std::process::exit(0);
}
