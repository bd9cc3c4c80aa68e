//! Leases, starts and ends: what the events say, held against what the agents wrote down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Killed;
use crate::process::Office;

/// What the agents wrote, each line with a task and a fence.
#[derive(Default)]
pub(in crate::chaos) struct Programs {
    pub(in crate::chaos) runs: Vec<String>,
    /// Those that came to their own end.
    pub(in crate::chaos) ends: Vec<String>,
    /// Those that found another one of their task at work.
    pub(in crate::chaos) overlaps: Vec<String>,
}

impl Programs {
    pub(in crate::chaos) fn of(office: &Office) -> Self {
        let lines = |name: &str| {
            let text = std::fs::read_to_string(office.site.project().join(name));
            let text = text.unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        };
        Self {
            runs: lines("runs"),
            ends: lines("ends"),
            overlaps: lines("overlaps"),
        }
    }

    /// The same for each task: where there are very many.
    pub(in crate::chaos) fn by_task(&self) -> BTreeMap<String, Self> {
        let mut tasks: BTreeMap<String, Self> = BTreeMap::new();
        let mut sort = |lines: &[String], of: fn(&mut Self) -> &mut Vec<String>| {
            for line in lines {
                let task = line.split(' ').next().unwrap_or_default();
                of(tasks.entry(task.to_owned()).or_default()).push(line.clone());
            }
        };
        sort(&self.runs, |task| &mut task.runs);
        sort(&self.ends, |task| &mut task.ends);
        tasks
    }

    /// No two of a task at the same time, no attempt twice.
    pub(in crate::chaos) fn ran_alone(&self, total: &mut Killed) {
        total.starts += self.runs.len() as u64;
        for overlap in &self.overlaps {
            total.double_runs += 1;
            total.found(format!("ran beside another attempt: {overlap}"));
        }
        let mut once = BTreeSet::new();
        for run in &self.runs {
            if !once.insert(run) {
                total.double_runs += 1;
                total.found(format!("an attempt began twice: {run}"));
            }
        }
    }
}

/// What is known of a task's attempts at a point of its events.
#[derive(Default)]
struct So {
    granted: bool,
    open: Option<u64>,
    completed: Option<u64>,
    leased: BTreeSet<Option<u64>>,
}

/// Each lease comes after a grant of the present plan and after the end of the lease before;
/// nothing is leased once more under the same grant when it was done. Each start has its lease,
/// and whose work counts came to its end.
pub(in crate::chaos) fn ran(id: &str, events: &[Value], programs: &Programs, total: &mut Killed) {
    let mut so = So::default();
    let mut wrong = Vec::new();
    for event in events {
        let fence = event["data"]["fence"].as_u64();
        match event["type"].as_str().unwrap_or_default() {
            "task.planning" => so.granted = false,
            "approval.granted" => (so.granted, so.completed) = (true, None),
            "attempt.leased" => wrong.extend(leased(&mut so, fence)),
            "attempt.lost" => {
                total.lost_attempts += 1;
                so.open = None;
            }
            "attempt.finished" => {
                so.open = None;
                if event["data"]["outcome"] == "completed" {
                    so.completed = fence;
                    let end = format!("{id} {}", fence.unwrap_or_default());
                    if !programs.ends.contains(&end) {
                        wrong.push(format!("{fence:?} was completed by another attempt"));
                    }
                }
            }
            _ => {}
        }
    }
    for run in programs.runs.iter().filter(|run| run.starts_with(id)) {
        let fence = run.split(' ').nth(1).and_then(|fence| fence.parse().ok());
        if !so.leased.contains(&fence) {
            wrong.push(format!("{fence:?} was started without a lease"));
        }
    }
    total.double_runs += wrong.len() as u64;
    for finding in wrong {
        total.found(format!("{id}: {finding}"));
    }
}

fn leased(so: &mut So, fence: Option<u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    if !so.granted {
        wrong.push(format!("{fence:?} was leased and not approved"));
    }
    if let Some(before) = so.open.take() {
        wrong.push(format!("{fence:?} was leased while {before} was open"));
    }
    if let Some(before) = so.completed {
        wrong.push(format!("{fence:?} was leased after {before} was done"));
    }
    so.open = fence;
    so.leased.insert(fence);
    wrong
}
