//! A store with very many tasks: one goes the usual way, the others are its copies.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use nightshift_core::id::UserId;
use nightshift_core::plan::{Ceiling, Draft, Estimate, Limits, Plan};
use nightshift_core::port::store::{Cause, Created, MoveOutcome, NewTask, PlanRecord, Store};
use nightshift_core::task::{TaskKind, Wishes};
use nightshift_core::time::Timestamp;
use nightshift_store::{SqlStore, Synchronous};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::composed;

/// How full it is.
#[derive(Clone, Copy)]
pub(crate) struct Full {
    pub(crate) waiting: u64,
    pub(crate) finished: u64,
}

/// A store, and the directory that goes with it.
pub(crate) struct Depot {
    pub(crate) store: Arc<SqlStore>,
    _dir: TempDir,
}

/// The tables of a task that may run.
pub(crate) const TABLES: [&str; 4] = ["task", "task_text", "plan", "approval_request"];

impl Depot {
    pub(crate) async fn new(full: Full) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in("target")?;
        let store = composed::store(dir.path(), Synchronous::Full).await?;
        let now = composed::now();
        let first = queued(store.as_ref(), now).await?;
        store.close().await;
        drop(store);
        copy(dir.path(), &first, full).await?;
        let store = composed::store(dir.path(), Synchronous::Full).await?;
        Ok(Self { store, _dir: dir })
    }

    pub(crate) async fn leave(self) {
        self.store.close().await;
    }
}

/// A task that may run; its id.
async fn queued(store: &SqlStore, now: Timestamp) -> anyhow::Result<String> {
    let id = staged(store, None, now).await?;
    Ok(id)
}

/// A task with a plan; `need` votes before it may run, `None` when it may at once.
pub(crate) async fn staged(
    store: &dyn Store,
    need: Option<u32>,
    now: Timestamp,
) -> anyhow::Result<String> {
    let id = asked(store, now).await?;
    let planned = planned(store, need, now).await?;
    anyhow::ensure!(planned.as_ref() == Some(&id), "another one was planned");
    Ok(id)
}

/// A task that waits for its plan.
pub(crate) async fn asked(store: &dyn Store, now: Timestamp) -> anyhow::Result<String> {
    let new = NewTask {
        kind: TaskKind::Agent,
        description: "nothing at all".to_owned(),
        wishes: Wishes::default(),
        owner: UserId::new("user_bench"),
        origin: None,
        asker: None,
        idempotency: None,
        show_planning_at: now,
    };
    match store.create_task(&new, &Cause::default(), now).await? {
        Created::New(task) => Ok(task.id.to_string()),
        other => bail!("no task was made: {other:?}"),
    }
}

/// Plans the task that waits first; `None` when none does that nobody plans.
pub(crate) async fn planned(
    store: &dyn Store,
    need: Option<u32>,
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let until = now.after(Duration::from_secs(60));
    let Some(lease) = store.lease_planning("bench/1", now, until).await? else {
        return Ok(None);
    };
    let record = PlanRecord {
        task: lease.task.id.clone(),
        fence: lease.fence,
        plan: plan()?,
        need,
        expires_at: now.after(Duration::from_hours(24)),
    };
    match store.record_plan(&record, now).await? {
        MoveOutcome::Moved(_) => Ok(Some(lease.task.id.to_string())),
        other => bail!("the plan was not recorded: {other:?}"),
    }
}

fn plan() -> anyhow::Result<Plan> {
    let draft = Draft {
        summary: "Nothing.".to_owned(),
        prompt: "nothing at all".to_owned(),
        agent: None,
        model: None,
        executor: composed::EXECUTOR.to_owned(),
        workspace: "/w".to_owned(),
        writable_dirs: Vec::new(),
        tools: Vec::new(),
        network: "none".to_owned(),
        estimate: Estimate::default(),
        ceiling: Ceiling {
            tokens: 1,
            usd: 1.0,
        },
        timeout_s: 60,
        risk: "low".to_owned(),
        reasoning: String::new(),
        argv: vec!["nothing".to_owned()],
    };
    let limits = Limits {
        max_tokens: 1,
        max_usd: 1.0,
        default_timeout_s: 60,
        max_timeout_s: 60,
    };
    Ok(Plan::check(draft, &limits)?)
}

/// Copies the one task so often, waiting and finished ones.
async fn copy(dir: &Path, first: &str, full: Full) -> anyhow::Result<()> {
    let file = dir.join("data/nightshift.sqlite");
    let mut db = SqliteConnectOptions::new()
        .filename(file)
        .pragma("synchronous", "OFF")
        .connect()
        .await?;
    let mut tx = db.begin().await?;
    for table in TABLES {
        let columns = columns(&mut tx, table).await?;
        let last = full.waiting + full.finished;
        // Odd times the number modulo 2^32: all differ, and they come in no order.
        let values: Vec<String> = columns.iter().map(|name| value(name, full)).collect();
        let statement = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
             INSERT INTO {table} ({}) SELECT {} FROM n, (SELECT * FROM {table} WHERE task_id = '{first}') AS o",
            columns.join(", "),
            values.join(", "),
        );
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut db)
        .await?;
    db.close().await?;
    Ok(())
}

async fn columns(db: &mut SqliteConnection, table: &str) -> anyhow::Result<Vec<String>> {
    let statement = format!("SELECT name FROM pragma_table_info('{table}')");
    Ok(sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_all(db)
        .await?)
}

/// What a copy has in a column.
fn value(column: &str, full: Full) -> String {
    let waiting = full.waiting;
    match column {
        "task_id" => "printf('task_%08x', (i * 2654435761) & 4294967295)".to_owned(),
        "request_id" => "iif(o.request_id IS NULL, NULL, printf('req_%08x', i))".to_owned(),
        "state" => format!("iif(i > {waiting} AND o.state = 'queued', 'completed', o.state)"),
        "completed_at" => format!("iif(i > {waiting}, o.queued_at + i, NULL)"),
        "queued_at" | "run_at" => format!("o.{column} + i % 1000"),
        other => format!("o.{other}"),
    }
}
