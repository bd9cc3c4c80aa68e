//! A task with everything that a card, a page or the API shows of it.

use std::collections::BTreeMap;

use nightshift_core::approval::{Decision, RequestState, RequestView, Vote};
use nightshift_core::id::{Fence, RequestId, TaskId, UserId};
use nightshift_core::plan::{Plan, PlanHash};
use nightshift_core::task::{AttemptView, Task, Usage};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::moves::TaskRow;
use crate::row::{self, Columns};
use crate::transaction::Tx;
use crate::{conversations, sql};

/// Newest first; ids that do not exist are left out.
pub(crate) async fn load(conn: &mut AnyConnection, ids: &[&str]) -> Result<Vec<Task>> {
    let ids = row::json(&ids);
    let rows = sqlx::query(sql::task::VIEW)
        .bind(&*ids)
        .fetch_all(&mut *conn)
        .await?;
    let mut votes = load_votes(conn, &ids).await?;
    rows.iter().map(|row| read(row, &mut votes)).collect()
}

pub(crate) async fn one(conn: &mut AnyConnection, id: &TaskId) -> Result<Option<Task>> {
    Ok(load(conn, &[id.as_str()]).await?.pop())
}

/// A task that this transaction has just read or written.
pub(crate) async fn present(tx: &mut Tx<'_>, id: &TaskId) -> Result<Box<Task>> {
    one(tx.conn(), id)
        .await?
        .map(Box::new)
        .ok_or_else(|| Error::Raced(id.to_string()))
}

async fn load_votes(conn: &mut AnyConnection, ids: &str) -> Result<BTreeMap<String, Vec<Vote>>> {
    let rows = sqlx::query(sql::task::VOTES)
        .bind(ids)
        .fetch_all(conn)
        .await?;
    let mut votes: BTreeMap<String, Vec<Vote>> = BTreeMap::new();
    for row in &rows {
        let row = Columns::of(row, "approval_vote");
        votes.entry(row.text("task_id")?).or_default().push(Vote {
            user: UserId::new(row.text("user_id")?),
            decision: row.word("decision", Decision::from_name)?,
            at: row.time("voted_at")?,
        });
    }
    Ok(votes)
}

fn read(row: &AnyRow, votes: &mut BTreeMap<String, Vec<Vote>>) -> Result<Task> {
    let hot = TaskRow::read(row)?;
    let row = Columns::of(row, "task");
    Ok(Task {
        approval: read_request(&row, votes.remove(hot.id.as_str()))?,
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

fn read_request(row: &Columns<'_>, votes: Option<Vec<Vote>>) -> Result<Option<RequestView>> {
    let Some(request) = row.maybe_text("asked")? else {
        return Ok(None);
    };
    Ok(Some(RequestView {
        request_id: RequestId::new(request),
        state: row.word("asked_state", RequestState::from_name)?,
        need: row.count("need")?,
        votes: votes.unwrap_or_default(),
        expires_at: row.time("expires_at")?,
        plan_hash: Some(PlanHash::from_text(row.text("asked_hash")?)),
    }))
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
