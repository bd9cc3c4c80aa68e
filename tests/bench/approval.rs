//! From the commit of an approval to the lease that it lets happen (G10).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use nightshift_app::decide::Seen;
use nightshift_app::{App, lifecycle};
use nightshift_core::authorise::Actor;
use nightshift_core::id::{TaskId, UserId};
use nightshift_core::port::executor::{ExecError, Executor, Job, Running};
use nightshift_core::port::store::Cause;
use nightshift_core::user::{Kind, Role, User};
use nightshift_store::Synchronous;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::goals::{Aim, Goal};
use crate::{composed, depot};

const APPROVALS: usize = 1000;
/// Far longer than any of them takes: a hint that is missed costs a poll, one second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells when an attempt is handed to it, and refuses it.
pub(crate) struct Finishing(pub(crate) mpsc::UnboundedSender<(TaskId, Instant)>);

#[async_trait]
impl Executor for Finishing {
    fn name(&self) -> &'static str {
        composed::EXECUTOR
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("none".to_owned())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        // Nobody listens any more when the benchmark ends.
        let _ = self.0.send((job.task, Instant::now()));
        Err(ExecError {
            message: "nothing runs in a benchmark".to_owned(),
            source: None,
        })
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

pub(crate) async fn report() -> anyhow::Result<Goal> {
    let dir = tempfile::tempdir_in("target")?;
    let (handed, mut starts) = mpsc::unbounded_channel();
    let store = composed::store(dir.path(), Synchronous::Full).await?;
    let executor = Arc::new(Finishing(handed));
    let beside = composed::Beside {
        executor: Some(executor),
        ..composed::Beside::default()
    };
    let (app, loops) = composed::app(dir.path(), store.clone(), beside)?;
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    for one in loops.into_iter().filter(|one| one.name() == "dispatch") {
        running.spawn(lifecycle::run(one, stop.clone()));
    }
    let mut waits = Vec::new();
    for _ in 0..APPROVALS {
        let id = depot::staged(store.as_ref(), Some(1), composed::now()).await?;
        let approved = approve(&app, &id).await?;
        let next = tokio::time::timeout(PATIENCE, starts.recv()).await;
        let (task, started) = next.context("it never started")?.context("no executor")?;
        anyhow::ensure!(task.as_str() == id, "another task started");
        waits.push(started.saturating_duration_since(approved));
    }
    stop.cancel();
    while running.join_next().await.is_some() {}
    app.store().close().await;
    waits.sort_unstable();
    let ms = |share| percentile(&waits, share);
    let (p50, p99, longest) = (ms(0.5), ms(0.99), ms(1.0));
    println!(
        "\napproval committed → lease held, {APPROVALS} approvals: p50 {p50:.2} ms, p99 {p99:.2} ms, longest {longest:.2} ms"
    );
    let line = serde_json::json!({"bench": "approval", "approvals": APPROVALS, "p50_ms": p50,
        "p99_ms": p99, "longest_ms": longest});
    eprintln!("{line}");
    Ok(Goal {
        id: "G10",
        what: "approval committed → lease held, p99 in ms".to_owned(),
        measured: p99,
        aim: Aim::AtMost(10.0),
    })
}

/// Approves as a person does; returns when its commit was known.
pub(crate) async fn approve(app: &App, id: &str) -> anyhow::Result<Instant> {
    let actor = Actor::User(User {
        id: UserId::new("user_bench"),
        role: Role::Approver,
        kind: Kind::Person,
    });
    let id: TaskId = id.parse()?;
    app.approve(&actor, &id, Seen::default(), &Cause::default())
        .await
        .map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    Ok(Instant::now())
}

/// Milliseconds, of waits in their order.
pub(crate) fn percentile(waits: &[Duration], share: f64) -> f64 {
    let index = ((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1));
    waits
        .get(index)
        .map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
}
