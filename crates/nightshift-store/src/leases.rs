//! Leases of attempts: given to one holder at a time, renewed, and taken back when they run out.

use std::collections::BTreeMap;
use std::time::Duration;

use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{LeaseTerms, LeaseWord, Leased, Swept};
use nightshift_core::task::state::AttemptStep;
use nightshift_core::task::{Failure, TaskEvent, TaskState};
use nightshift_core::time::Timestamp;
use serde_json::json;

use crate::error::Result;
use crate::moves::{self, TaskRow};
use crate::row::{self, Columns};
use crate::transaction::Tx;
use crate::{attempts, events, outbox, plans, sql, views};

/// The third loss is the last: the task itself is the likely cause.
pub(crate) const LOSSES: u32 = 3;

/// Longer than any platform delivers again.
pub(crate) const KEEP_DELIVERY: Duration = nightshift_core::port::store::KEEP_DELIVERIES;

/// Rows per sweep, so that it never holds the writer for long; the next sweep takes the rest.
const MOVES_PER_SWEEP: i64 = 200;

pub(crate) async fn lease(
    mut tx: Tx<'_>,
    executor: &str,
    holder: &str,
    terms: LeaseTerms,
    limit: usize,
) -> Result<Vec<Leased>> {
    let mut leased = Vec::new();
    while leased.len() < limit
        && let Some(row) = waiting_longest(&mut tx, executor).await?
    {
        // A task that is refused stays refused, and the next one's turn comes.
        if !is_intact(&mut tx, &row).await? {
            refuse(&mut tx, &row).await?;
            continue;
        }
        let fence = take(&mut tx, &row, executor, holder, terms).await?;
        let task = *views::present(&mut tx, &row.id).await?;
        leased.push(Leased { task, fence });
    }
    tx.commit().await?;
    Ok(leased)
}

async fn waiting_longest(tx: &mut Tx<'_>, executor: &str) -> Result<Option<TaskRow>> {
    let now = tx.now.millis();
    let next: Option<String> = sqlx::query_scalar(sql::attempt::NEXT)
        .bind(executor)
        .bind(now)
        .fetch_optional(tx.conn())
        .await?;
    match next.map(|id| id.parse::<TaskId>()) {
        Some(Ok(id)) => TaskRow::load(tx, &id).await,
        Some(Err(_)) | None => Ok(None),
    }
}

/// The plan is exactly what was granted.
async fn is_intact(tx: &mut Tx<'_>, row: &TaskRow) -> Result<bool> {
    let plan = plans::read(tx.conn(), &row.id, row.plan_no).await?;
    Ok(plan.is_some_and(|plan| {
        plan.is_intact() && row.plan_hash.as_deref() == Some(plan.hash.as_str())
    }))
}

async fn refuse(tx: &mut Tx<'_>, row: &TaskRow) -> Result<()> {
    let event = TaskEvent::LeaseRefused {
        reason: Failure::SpawnFailed,
    };
    let detail = "the stored plan is not the one that was approved; ask again for a new plan";
    let adjust = |next: &mut TaskRow| next.detail = Some(detail.to_owned());
    let refused = moves::apply(tx, row, &event, adjust).await?;
    refused.map(drop).map_err(|_| raced(row))
}

fn raced(row: &TaskRow) -> crate::error::Error {
    crate::error::Error::Raced(row.id.to_string())
}

async fn take(
    tx: &mut Tx<'_>,
    row: &TaskRow,
    executor: &str,
    holder: &str,
    terms: LeaseTerms,
) -> Result<Fence> {
    let fence = Fence(row.fence.0 + 1);
    let number = row.attempt_no + 1;
    let now = tx.now.millis();
    sqlx::query(sql::attempt::LEASE)
        .bind(row.id.as_str())
        .bind(fence.0)
        .bind(i64::from(number))
        .bind(row.plan_hash.as_deref())
        .bind(executor)
        .bind(holder)
        .bind(now)
        .bind(terms.start_by.millis())
        .execute(tx.conn())
        .await?;
    let data = json!({ "fence": fence, "number": number, "executor": executor });
    events::record(tx, AttemptStep::Leased.event(), Some(&row.id), data).await?;
    let adjust = |next: &mut TaskRow| {
        next.lease_holder = Some(holder.to_owned());
        next.lease_until = Some(terms.until);
    };
    let moved = moves::apply(tx, row, &TaskEvent::Leased { fence }, adjust).await?;
    moved.map(|_| fence).map_err(|_| raced(row))
}

pub(crate) async fn renew(
    mut tx: Tx<'_>,
    holder: &str,
    held: &[(TaskId, Fence)],
    until: Timestamp,
) -> Result<Vec<LeaseWord>> {
    let ids: Vec<&str> = held.iter().map(|(id, _)| id.as_str()).collect();
    let rows = sqlx::query(sql::task::ROWS)
        .bind(row::json(&ids))
        .fetch_all(tx.conn())
        .await?;
    let rows: BTreeMap<TaskId, TaskRow> = rows
        .iter()
        .map(|row| TaskRow::read(row).map(|row| (row.id.clone(), row)))
        .collect::<Result<_>>()?;
    let words: Vec<LeaseWord> = held
        .iter()
        .map(|(id, fence)| {
            let row = rows
                .get(id)
                .filter(|row| row.lease_holder.as_deref() == Some(holder));
            attempts::word(row, *fence)
        })
        .collect();
    let kept: Vec<&str> = ids
        .iter()
        .zip(&words)
        .filter(|(_, word)| **word != LeaseWord::Fenced)
        .map(|(id, _)| *id)
        .collect();
    sqlx::query(sql::attempt::RENEW)
        .bind(until.millis())
        .bind(holder)
        .bind(row::json(&kept))
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(words)
}

pub(crate) async fn sweep(mut tx: Tx<'_>) -> Result<Swept> {
    let now = tx.now.millis();
    let overdue = ids(&mut tx, sql::approval::OVERDUE, now).await?;
    let mut swept = Swept::default();
    for id in overdue {
        if expire(&mut tx, &id).await? {
            swept.expired += 1;
        }
    }
    for id in ids(&mut tx, sql::attempt::UNSTARTED, now).await? {
        if give_back(&mut tx, &id).await? {
            swept.returned += 1;
        }
    }
    for id in ids(&mut tx, sql::attempt::ENDLESS, now).await? {
        if time_out(&mut tx, &id).await? {
            swept.overdue += 1;
        }
    }
    for id in ids(&mut tx, sql::attempt::OVERDUE, now).await? {
        if lose(&mut tx, &id).await? {
            swept.lost += 1;
        }
    }
    tx.commit().await?;
    Ok(swept)
}

async fn ids(tx: &mut Tx<'_>, statement: &'static str, now: i64) -> Result<Vec<String>> {
    let found = sqlx::query_scalar(statement)
        .bind(now)
        .bind(MOVES_PER_SWEEP)
        .fetch_all(tx.conn())
        .await?;
    Ok(found)
}

async fn load(tx: &mut Tx<'_>, id: &str) -> Result<Option<TaskRow>> {
    match id.parse() {
        Ok(id) => TaskRow::load(tx, &id).await,
        Err(_) => Ok(None),
    }
}

async fn expire(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let Some(row) = load(tx, id).await? else {
        return Ok(false);
    };
    let moved = moves::apply(tx, &row, &TaskEvent::Expired, |_| ()).await?;
    Ok(moved.is_ok())
}

/// The holder of the lease is gone, or cut off: what it says from now on does not count.
async fn lose(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let Some(row) = load(tx, id).await? else {
        return Ok(false);
    };
    let event = loss(&row, row.running_fence());
    let run_at = run_again_at(tx, &row, &event).await?;
    let adjust = |next: &mut TaskRow| wait_until(next, run_at);
    let moved = moves::apply(tx, &row, &event, adjust).await?;
    Ok(moved.is_ok())
}

/// One loss more; the third is the last, whoever reports it.
pub(crate) fn loss(row: &TaskRow, fence: Fence) -> TaskEvent {
    TaskEvent::Lost {
        fence,
        last: row.lost_count + 1 >= LOSSES,
    }
}

/// Leased, but its program did not start in time: somebody else may be quicker.
async fn give_back(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let Some(row) = load(tx, id).await? else {
        return Ok(false);
    };
    let fence = row.running_fence();
    let event = TaskEvent::LeaseReturned { fence };
    let run_at = run_again_at(tx, &row, &event).await?;
    let adjust = |next: &mut TaskRow| wait_until(next, run_at);
    let moved = moves::apply(tx, &row, &event, adjust).await?;
    Ok(moved.is_ok())
}

/// Its heartbeats go on, but the time that its plan allows is over, and its executor did not end
/// it: it hangs.
async fn time_out(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let Some(row) = load(tx, id).await? else {
        return Ok(false);
    };
    let fence = row.running_fence();
    let event = match row.state {
        // Asked to stop, and it did not: nobody is left to confirm it.
        TaskState::Cancelling { .. } => loss(&row, fence),
        _ => TaskEvent::Failed {
            fence,
            reason: Failure::Timeout,
        },
    };
    let detail = "it took longer than its plan allows, and did not stop by itself.";
    let adjust = |next: &mut TaskRow| next.detail = Some(detail.to_owned());
    let moved = moves::apply(tx, &row, &event, adjust).await?;
    Ok(moved.is_ok())
}

/// When the task may be tried again after this event, if the event queues it.
pub(crate) async fn run_again_at(
    tx: &mut Tx<'_>,
    row: &TaskRow,
    event: &TaskEvent,
) -> Result<Timestamp> {
    let failures = match event {
        TaskEvent::Lost { .. } => row.lost_count + 1,
        TaskEvent::LeaseReturned { .. } => {
            let before: i64 = sqlx::query_scalar(sql::attempt::RETURNS)
                .bind(row.id.as_str())
                .bind(row.plan_hash.as_deref())
                .fetch_one(tx.conn())
                .await?;
            before as u32 + 1
        }
        _ => row.attempt_no,
    };
    Ok(tx.now.after(tx.backoff.wait(failures, &tx.entropy())))
}

pub(crate) fn wait_until(next: &mut TaskRow, run_at: Timestamp) {
    if next.state == TaskState::Queued {
        next.run_at = run_at;
    }
}

pub(crate) async fn recover(mut tx: Tx<'_>, holder: &str, grace: Timestamp) -> Result<Swept> {
    let mut swept = Swept::default();
    let others = sqlx::query(sql::attempt::OF_OTHERS)
        .bind(holder)
        .fetch_all(tx.conn())
        .await?;
    for other in &others {
        let other = Columns::of(other, "task");
        let (id, held_by) = (other.text("task_id")?, other.text("lease_holder")?);
        if server_of(&held_by) != server_of(holder) {
            sqlx::query(sql::attempt::GRACE)
                .bind(&*id)
                .bind(grace.millis())
                .execute(tx.conn())
                .await?;
        } else if lose(&mut tx, &id).await? {
            swept.lost += 1;
        } else if let Some(row) = load(&mut tx, &id).await? {
            plans::lose(&mut tx, &row).await?;
        }
    }
    outbox::doubt(&mut tx).await?;
    tx.commit().await?;
    Ok(swept)
}

/// `<server>/<life>`; what has no such form is a life of a server that has no name.
fn server_of(holder: &str) -> &str {
    holder.split_once('/').map_or("", |(server, _)| server)
}
