//! Closed-loop load over kept-alive connections.
//!
//! The generator shares the cores with what it measures, so it is as cheap as can be: requests
//! are put together in one buffer per connection and written with one call each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::process::cpu_time;
use crate::slack::Requests;

/// What is measured.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) path: &'static str,
    /// The process that answers.
    pub(crate) pid: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) errors: u64,
    /// What the answering process computed, per request.
    pub(crate) cpu_us: f64,
}

/// Every request of a run is another one: no delivery is a duplicate.
static NUMBER: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn run(
    target: &Target,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Cell> {
    let computed = cpu_time(target.pid)?;
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(client(target.clone(), started + length));
    }
    let (mut latencies, mut errors) = (Vec::new(), 0);
    while let Some(done) = clients.join_next().await {
        let (mut own, failed) = done??;
        latencies.append(&mut own);
        errors += failed;
    }
    let took = started.elapsed();
    let computed = cpu_time(target.pid)?.saturating_sub(computed);
    latencies.sort_unstable();
    let at = |share: f64| {
        let index =
            ((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1));
        f64::from(latencies.get(index).copied().unwrap_or_default()) / 1000.0
    };
    Ok(Cell {
        rate: latencies.len() as f64 / took.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        errors,
        cpu_us: computed.as_secs_f64() * 1e6 / (latencies.len() as f64 + errors as f64).max(1.0),
    })
}

/// Latencies in microseconds, and how many answers were not 200.
async fn client(target: Target, until: Instant) -> anyhow::Result<(Vec<u32>, u64)> {
    let mut stream = TcpStream::connect(&target.address).await?;
    stream.set_nodelay(true)?;
    let mut requests = Requests::new(&target.address, target.path);
    let mut answer = Vec::with_capacity(4096);
    let (mut latencies, mut errors) = (Vec::new(), 0);
    while Instant::now() < until {
        let request = requests.next(NUMBER.fetch_add(1, Ordering::Relaxed));
        let sent = Instant::now();
        stream.write_all(request).await?;
        if read_answer(&mut stream, &mut answer).await? == 200 {
            latencies.push(u32::try_from(sent.elapsed().as_micros())?);
        } else {
            errors += 1;
        }
    }
    Ok((latencies, errors))
}

/// Loads a server until it dies; how many requests it answered with 200 before.
pub(crate) async fn until_death(target: &Target, connections: usize) -> anyhow::Result<u64> {
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        clients.spawn(async move {
            let mut acknowledged = 0;
            let mut stream = TcpStream::connect(&target.address).await?;
            let mut requests = Requests::new(&target.address, target.path);
            let mut answer = Vec::with_capacity(4096);
            loop {
                let request = requests.next(NUMBER.fetch_add(1, Ordering::Relaxed));
                if stream.write_all(request).await.is_err() {
                    return Ok::<u64, anyhow::Error>(acknowledged);
                }
                match read_answer(&mut stream, &mut answer).await {
                    Ok(200) => acknowledged += 1,
                    Ok(_) => {}
                    Err(_) => return Ok(acknowledged),
                }
            }
        });
    }
    let mut acknowledged = 0;
    while let Some(client) = clients.join_next().await {
        acknowledged += client??;
    }
    Ok(acknowledged)
}

/// The status of one answer with a known length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server hung up");
        }
        if let Some((status, length)) = head(buffer)? {
            if buffer.len() > length {
                bail!("more than one answer");
            }
            if buffer.len() == length {
                return Ok(status);
            }
        }
    }
}

/// The status, and where the answer ends; `None` while the head is not complete.
fn head(answer: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.get(9..12).context("no status")?.parse()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(Ok(0), str::parse::<usize>)?;
    Ok(Some((status, end + 4 + length)))
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
