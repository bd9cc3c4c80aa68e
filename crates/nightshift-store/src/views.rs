//! A task with everything that a card, a page or the API shows of it.

use std::collections::BTreeMap;

use nightshift_core::approval::{Decision, RequestState, RequestView, Vote};
use nightshift_core::id::{Fence, RequestId, TaskId, UserId};
use nightshift_core::plan::{Plan, PlanHash};
use nightshift_core::task::{AttemptView, Task, Usage};
use nightshift_core::time::Timestamp;
use serde::Deserialize;
use sqlx::any::AnyRow;

use crate::engine::connection::Conn;
use crate::error::{Error, Result};
use crate::moves::TaskRow;
use crate::row::{self, Columns};
use crate::statement::{query, scalar};
use crate::transaction::Tx;
use crate::{conversations, leases, sql};

/// Newest first; ids that do not exist are left out.
pub(crate) async fn load(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Task>> {
    let rows = query(sql::task::VIEW)
        .bind(row::list(&ids))
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

pub(crate) async fn one(conn: &mut Conn, id: &TaskId) -> Result<Option<Task>> {
    Ok(load(conn, &[id.as_str()]).await?.pop())
}

/// A task that this transaction has just read or written.
pub(crate) async fn present(tx: &mut Tx<'_>, id: &TaskId) -> Result<Box<Task>> {
    tx.flush().await?;
    one(tx.conn(), id)
        .await?
        .map(Box::new)
        .ok_or_else(|| Error::Raced(id.to_string()))
}

/// Tasks that this transaction has just written.
pub(crate) async fn present_all(tx: &mut Tx<'_>, ids: &[&str]) -> Result<BTreeMap<TaskId, Task>> {
    tx.flush().await?;
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let tasks = load(tx.conn(), ids).await?;
    Ok(tasks
        .into_iter()
        .map(|task| (task.id.clone(), task))
        .collect())
}

/// A task as it is read to be moved on.
pub(crate) struct Seen {
    pub(crate) row: TaskRow,
    pub(crate) task: Task,
}

/// What an executor may run, what has waited longest first.
pub(crate) async fn waiting(tx: &mut Tx<'_>, executor: &str, limit: usize) -> Result<Vec<Seen>> {
    let now = tx.now.millis();
    let from = tx
        .low_water(executor, scalar(sql::task::FIRST_WAITING).bind(executor))
        .await?;
    let rows = query(sql::task::WAITING)
        .bind(executor)
        .bind(now)
        .bind(limit as i64)
        .bind_some(from)
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            let task = read(row)?;
            let row = TaskRow::read(row)?;
            Ok(Seen { row, task })
        })
        .collect()
}

impl Seen {
    /// The task as its attempt begins.
    pub(crate) fn leased(self, row: &TaskRow, executor: &str) -> Task {
        Task {
            state: row.state.clone(),
            fence: row.fence,
            detail: row.detail.clone(),
            started_at: row.started_at,
            attempt: Some(AttemptView {
                number: row.attempt_no,
                fence: row.attempt_fence,
                executor: executor.to_owned(),
                runner: None,
                replica: row.lease_holder.as_deref().and_then(replica_of),
                isolation: None,
                leased_at: row.state_at,
                started_at: None,
                finished_at: None,
                session: None,
                step: None,
                log_dropped_at: None,
            }),
            ..self.task
        }
    }
}

fn read(row: &AnyRow) -> Result<Task> {
    let hot = TaskRow::read(row)?;
    let row = Columns::of(row, "task");
    Ok(Task {
        approval: read_request(&row)?,
        kind: hot.kind,
        state: hot.state,
        fence: hot.fence,
        lost_count: hot.lost_count,
        detail: hot.detail,
        description: row.text("description")?,
        wishes: row.json("wishes")?,
        owner: hot.owner,
        origin: match hot.conversation {
            None => None,
            Some(_) => Some(conversations::read(&row)?),
        },
        plan_no: hot.plan_no,
        plan: match row.maybe_text("body_hash")? {
            None => None,
            Some(hash) => Some(read_plan(&row, hash)?),
        },
        attempt: read_attempt(&row)?,
        usage: read_usage(&row)?,
        result: row.maybe_json("result")?,
        created_at: row.time("created_at")?,
        queued_at: hot.queued_at,
        started_at: hot.started_at,
        completed_at: hot.completed_at,
        id: hot.id,
    })
}

/// Reads the column `body`; whether it is what its hash says is for the lease to check.
pub(crate) fn read_plan(row: &Columns<'_>, hash: String) -> Result<Plan> {
    Ok(Plan {
        hash: PlanHash::from_text(hash),
        body: row.json("body")?,
    })
}

fn read_request(row: &Columns<'_>) -> Result<Option<RequestView>> {
    let Some(request) = row.maybe_text("asked")? else {
        return Ok(None);
    };
    let votes: Vec<StoredVote> = row.json("votes")?;
    Ok(Some(RequestView {
        request_id: RequestId::new(request),
        state: row.word("asked_state", RequestState::from_name)?,
        need: row.count("need")?,
        votes: votes.into_iter().map(StoredVote::read).collect(),
        expires_at: row.time("expires_at")?,
        plan_hash: Some(PlanHash::from_text(row.text("asked_hash")?)),
    }))
}

#[derive(Deserialize)]
struct StoredVote {
    user: UserId,
    decision: Decision,
    at: i64,
}

impl StoredVote {
    fn read(self) -> Vote {
        Vote {
            user: self.user,
            decision: self.decision,
            at: Timestamp::from_millis(self.at),
        }
    }
}

/// The server among several that holds a lease; see `Replica::holder`.
fn replica_of(holder: &str) -> Option<String> {
    let server = leases::server_of(holder).strip_prefix('@')?;
    Some(server.to_owned())
}

fn read_attempt(row: &Columns<'_>) -> Result<Option<AttemptView>> {
    let Some(fence) = row.maybe_int("a_fence")? else {
        return Ok(None);
    };
    Ok(Some(AttemptView {
        number: row.count("a_no")?,
        fence: Fence(fence),
        executor: row.text("a_executor")?,
        runner: None,
        replica: replica_of(&row.text("a_holder")?),
        isolation: row.maybe_text("a_isolation")?,
        leased_at: row.time("a_leased")?,
        started_at: row.maybe_time("a_started")?,
        finished_at: row.maybe_time("a_finished")?,
        session: row.maybe_text("a_session")?,
        step: row.maybe_text("a_step")?,
        log_dropped_at: row.maybe_time("a_log_dropped")?,
    }))
}

/// Reads the columns `tokens, usd, seconds`.
pub(crate) fn read_usage(row: &Columns<'_>) -> Result<Usage> {
    Ok(Usage {
        tokens: u64::try_from(row.int("tokens")?).map_err(|e| row.corrupt("tokens", &e))?,
        usd: row.float("usd")?,
        seconds: row.float("seconds")?,
    })
}
