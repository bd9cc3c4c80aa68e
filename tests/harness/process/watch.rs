//! Waiting for what other processes do, and looking at them.

use std::path::Path;
use std::time::{Duration, Instant};

/// Nothing takes longer on a busy machine, unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something that cannot tell us of a change.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Looks until there is something to see.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A process, told from a later one with the same number by its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    started: u64,
}

impl Process {
    /// The process as it is now; a zombie is none: PID 1 may reap orphans late.
    pub fn living(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before the state may contain anything, parentheses too.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // The state is field 3 of proc(5), the start time field 22.
        let started = fields.get(19)?.parse().ok()?;
        (!matches!(fields[0], "Z" | "X")).then_some(Self { pid, started })
    }

    pub fn is_alive(&self) -> bool {
        Self::living(self.pid).is_some_and(|now| now == *self)
    }

    /// The user it runs as.
    pub fn uid(&self) -> Option<u32> {
        let found = std::fs::metadata(format!("/proc/{}", self.pid)).ok()?;
        Some(std::os::unix::fs::MetadataExt::uid(&found))
    }
}

/// Living processes of a task, wherever they are.
pub fn processes_of(task: &str) -> Vec<Process> {
    let mark = format!("NIGHTSHIFT_TASK_ID={task}");
    living(|dir| {
        let environ = std::fs::read(dir.join("environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
    })
}

/// Living processes with these words on their command line.
pub fn processes_saying(words: &str) -> Vec<Process> {
    living(|dir| {
        let line = std::fs::read(dir.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(words)
    })
}

/// Waits until none of them lives.
pub async fn until_gone(processes: &[Process]) {
    eventually("the processes are gone", async || {
        (!processes.iter().any(Process::is_alive)).then_some(())
    })
    .await;
}

fn living(wanted: impl Fn(&Path) -> bool) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| {
            let process = Process::living(entry.file_name().to_str()?.parse().ok()?)?;
            wanted(&entry.path()).then_some(process)
        })
        .collect()
}
