//! Time to ready, idle memory, size.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::load::median;
use crate::server::{Answering, Commits, Server, binary};

const STARTS: usize = 11;
/// What was needed for the start has been given back by then.
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) fn report() -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let server = Server::start(Answering::No, Commits::Durable)?;
        while !server.is_ready() {
            std::thread::yield_now();
        }
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    let server = Server::start(Answering::No, Commits::Durable)?;
    std::thread::sleep(SETTLE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let kb = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    let kb: f64 = kb.trim().trim_end_matches(" kB").trim().parse()?;
    let bytes = std::fs::metadata(binary("nightshift")?)?.len();
    println!(
        "start to /readyz (new data directory): {:.0} ms, median of {STARTS}",
        median(times.iter().copied())
    );
    println!("idle resident memory: {:.1} MB", kb / 1000.0);
    println!("binary: {:.1} MB", bytes as f64 / 1e6);
    Ok(())
}
