//! This binary once more, as a server of its own, and what a process computes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

/// In which Linux counts processor time towards programs: <https://man7.org/linux/man-pages/man7/time.7.html>.
const TICK: Duration = Duration::from_millis(10);

/// A process of its own that serves one of the yardsticks.
pub(crate) struct Child {
    pub(crate) address: String,
    process: std::process::Child,
}

impl Child {
    pub(crate) fn start(role: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(role)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("no output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            address: address.trim().to_owned(),
            process,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Tells the parent where the yardstick listens.
pub(crate) fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    println!("{address}");
    Ok(std::io::stdout().flush()?)
}

/// Processor time of a process so far, in user and kernel.
pub(crate) fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(TICK * u32::try_from(ticks)?)
}
