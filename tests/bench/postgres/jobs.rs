//! Tasks that do nothing, and servers that run them: the whole way of an attempt, but no process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nightshift_core::port::Signal;
use nightshift_core::port::executor::{
    ExecError, Executor, Exit, ExitKind, Job, JobEvent, Running,
};
use nightshift_core::task::Usage;

use super::ground;
use crate::{composed, depot};

/// Without any progress for so long something is wrong.
const STALLED: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);

/// Runs attempts that take as long as they are told, and counts them.
pub(super) struct Noop {
    takes: Duration,
    ran: AtomicU64,
}

impl Noop {
    pub(super) fn new(takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            takes,
            ran: AtomicU64::new(0),
        })
    }
}

#[async_trait]
impl Executor for Noop {
    fn name(&self) -> &'static str {
        composed::EXECUTOR
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("none".to_owned())
    }

    async fn start(&self, _: Job) -> Result<Box<dyn Running>, ExecError> {
        self.ran.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Attempt {
            takes: self.takes,
            said: 0,
        }))
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

struct Attempt {
    takes: Duration,
    said: u8,
}

#[async_trait]
impl Running for Attempt {
    async fn next(&mut self) -> Option<JobEvent> {
        match self.said {
            0 => {
                self.said = 1;
                Some(JobEvent::Started {
                    isolation: "none".to_owned(),
                })
            }
            1 => {
                if !self.takes.is_zero() {
                    tokio::time::sleep(self.takes).await;
                }
                self.said = 2;
                Some(JobEvent::Exited(exit()))
            }
            _ => None,
        }
    }

    fn signal(&self, _: Signal) {}
}

fn exit() -> Exit {
    Exit {
        kind: ExitKind::Code(0),
        answer: "done".to_owned(),
        usage: Usage::default(),
        files: Vec::new(),
        files_dir: None,
        left_out: Vec::new(),
        stopped: None,
    }
}

/// How many attempts those have begun.
pub(super) fn ran(executors: &[Arc<Noop>]) -> u64 {
    let of = |one: &Arc<Noop>| one.ran.load(Ordering::Relaxed);
    executors.iter().map(of).sum()
}

/// Returns when so many have begun since `before`.
pub(super) async fn until(executors: &[Arc<Noop>], count: u64) -> anyhow::Result<()> {
    let (mut last, mut since) = (ran(executors), Instant::now());
    while last < count {
        tokio::time::sleep(LOOK).await;
        let now = ran(executors);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        anyhow::ensure!(since.elapsed() < STALLED, "stalled at {last} of {count}");
    }
    Ok(())
}

/// Returns when so many are acknowledged in the database.
pub(super) async fn completed(url: &str, count: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    let completed = "SELECT count(*) FROM task WHERE state = 'completed'";
    while ground::sql(url, completed)? != count.to_string() {
        anyhow::ensure!(
            began.elapsed() < STALLED,
            "not all of {count} were completed"
        );
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Puts so many tasks into the queue of a database: one goes the usual way, the others are copies.
pub(super) async fn queue(url: &str, count: u64, prompt: usize) -> anyhow::Result<()> {
    let store = ground::store(url).await?;
    let first = depot::staged(store.as_ref(), None, composed::now()).await?;
    nightshift_core::port::Store::close(store.as_ref()).await;
    for table in depot::TABLES {
        let columns = ground::sql(
            url,
            &format!(
                "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) \
                 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
            ),
        )?;
        let values: Vec<String> = columns.split(',').map(|name| value(name, prompt)).collect();
        ground::sql(
            url,
            &format!(
                "INSERT INTO {table} ({columns}) SELECT {} FROM generate_series(1, {}) AS i, \
                 (SELECT * FROM {table} WHERE task_id = '{first}') AS o",
                values.join(", "),
                count.saturating_sub(1)
            ),
        )?;
    }
    // As autovacuum will have; of those that are filled, for the others are not yet what they become.
    let filled = depot::TABLES.join(", ");
    ground::sql(url, &format!("ANALYZE {filled}")).map(drop)
}

/// What a copy has in a column; `i` is its number.
fn value(column: &str, prompt: usize) -> String {
    match column {
        // Odd times the number modulo 2^32: all differ, and they come in no order.
        "task_id" => "'task_' || lpad(to_hex((i * 2654435761) & 4294967295), 8, '0')".to_owned(),
        "request_id" => {
            "CASE WHEN o.request_id IS NOT NULL THEN 'req_' || lpad(to_hex(i), 8, '0') END"
                .to_owned()
        }
        "description" => format!("rpad('summarise ', {prompt}, 'x')"),
        "queued_at" => "o.queued_at + i % 1000".to_owned(),
        other => format!("o.{other}"),
    }
}
