//! Leases of attempts: given to one holder at a time, renewed, and taken back when they run out.

use std::collections::BTreeMap;
use std::time::Duration;

use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{LeaseTerms, LeaseWord, Leased, Swept};
use nightshift_core::task::state::{AttemptStep, NoMove};
use nightshift_core::task::{Failure, TaskEvent, TaskState};
use nightshift_core::time::Timestamp;

use crate::error::Result;
use crate::moves::{self, Step, TaskRow};
use crate::row::{self, Columns};
use crate::statement::{Sql, query, scalar};
use crate::transaction::Tx;
use crate::views::{self, Seen};
use crate::{attempts, outbox, plans, sql};

/// The third loss is the last: the task itself is the likely cause.
pub(crate) const LOSSES: u32 = 3;

/// Longer than any platform delivers again.
pub(crate) const KEEP_DELIVERY: Duration = nightshift_core::port::store::KEEP_DELIVERIES;

/// Rows per sweep, so that it never holds the writer for long; the next sweep takes the rest.
const MOVES_PER_SWEEP: i64 = 200;

/// To whom, and for how long.
struct Grant<'a> {
    executor: &'a str,
    holder: &'a str,
    terms: LeaseTerms,
}

pub(crate) async fn lease(
    mut tx: Tx<'_>,
    executor: &str,
    holder: &str,
    terms: LeaseTerms,
    limit: usize,
) -> Result<Vec<Leased>> {
    let grant = Grant {
        executor,
        holder,
        terms,
    };
    let mut leased = Vec::new();
    while leased.len() < limit {
        let wanted = limit - leased.len();
        let waiting = views::waiting(&mut tx, executor, wanted).await?;
        let all = waiting.len() < wanted;
        take(&mut tx, waiting, &grant, &mut leased).await?;
        // A task that is refused stays refused, and the next one's turn comes.
        if all {
            break;
        }
    }
    tx.commit().await?;
    Ok(leased)
}

async fn take(
    tx: &mut Tx<'_>,
    waiting: Vec<Seen>,
    grant: &Grant<'_>,
    leased: &mut Vec<Leased>,
) -> Result<()> {
    let now = tx.now;
    let steps: Vec<Step> = waiting
        .iter()
        .map(|seen| begin(now, seen, grant).map_err(|_| raced(&seen.row)))
        .collect::<Result<_>>()?;
    let won = moves::write(tx, &steps).await?;
    // Where nothing can be had, asking again would not end.
    if won.is_empty()
        && let Some(seen) = waiting.first()
    {
        return Err(raced(&seen.row));
    }
    for (seen, step) in waiting.into_iter().zip(&steps) {
        if !won.contains(seen.row.id.as_str()) {
            continue;
        }
        moves::follow(tx, step).await?;
        if step.made.attempt == Some(AttemptStep::Leased) {
            let fence = step.after.fence;
            let task = seen.leased(&step.after, grant.executor);
            leased.push(Leased { task, fence });
        }
    }
    Ok(())
}

/// The lease, or the refusal of a plan that is not what was granted.
fn begin(now: Timestamp, seen: &Seen, grant: &Grant<'_>) -> Result<Step, NoMove> {
    let row = &seen.row;
    if !is_intact(seen) {
        let event = TaskEvent::LeaseRefused {
            reason: Failure::SpawnFailed,
        };
        let detail = "the stored plan is not the one that was approved; ask again for a new plan";
        let adjust = |next: &mut TaskRow| next.detail = Some(detail.to_owned());
        return moves::decide(now, row, &event, adjust);
    }
    let fence = Fence(row.fence.0 + 1);
    let adjust = |next: &mut TaskRow| {
        next.lease_holder = Some(grant.holder.to_owned());
        next.lease_until = Some(grant.terms.until);
    };
    let step = moves::decide(now, row, &TaskEvent::Leased { fence }, adjust)?;
    Ok(Step {
        start_by: Some(grant.terms.start_by),
        ..step
    })
}

/// The plan is exactly what was granted.
fn is_intact(seen: &Seen) -> bool {
    let plan = seen.task.plan.as_ref();
    plan.is_some_and(|plan| {
        plan.is_intact() && seen.row.plan_hash.as_deref() == Some(plan.hash.as_str())
    })
}

fn raced(row: &TaskRow) -> crate::error::Error {
    crate::error::Error::Raced(row.id.to_string())
}

pub(crate) async fn renew(
    mut tx: Tx<'_>,
    holder: &str,
    held: &[(TaskId, Fence)],
    until: Timestamp,
) -> Result<Vec<LeaseWord>> {
    let ids: Vec<&TaskId> = held.iter().map(|(id, _)| id).collect();
    let rows = TaskRow::load_all(&mut tx, &ids).await?;
    let rows: BTreeMap<TaskId, TaskRow> =
        rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    let words: Vec<LeaseWord> = held
        .iter()
        .map(|(id, fence)| {
            let row = rows
                .get(id)
                .filter(|row| row.lease_holder.as_deref() == Some(holder));
            attempts::word(row, *fence)
        })
        .collect();
    let kept: Vec<&TaskId> = ids
        .iter()
        .zip(&words)
        .filter(|(_, word)| **word != LeaseWord::Fenced)
        .map(|(id, _)| *id)
        .collect();
    query(sql::attempt::RENEW)
        .bind(until.millis())
        .bind(holder)
        .bind(row::list(&kept))
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(words)
}

pub(crate) async fn sweep(mut tx: Tx<'_>) -> Result<Swept> {
    let (now, marks) = (tx.now, tx.low_water);
    let mut done = Vec::new();
    let mut swept = Swept::default();
    for id in over(&mut tx, "approvals", sql::approval::OVERDUE, &mut done).await? {
        if expire(&mut tx, &id).await? {
            swept.expired += 1;
        }
    }
    for id in over(&mut tx, "starts", sql::attempt::UNSTARTED, &mut done).await? {
        if give_back(&mut tx, &id).await? {
            swept.returned += 1;
        }
    }
    for id in over(&mut tx, "ends", sql::attempt::ENDLESS, &mut done).await? {
        if time_out(&mut tx, &id).await? {
            swept.overdue += 1;
        }
    }
    for id in over(&mut tx, "leases", sql::attempt::OVERDUE, &mut done).await? {
        if lose(&mut tx, &id).await? {
            swept.lost += 1;
        }
    }
    tx.commit().await?;
    if let Some(marks) = marks {
        marks.seen_to(&done, now);
    }
    Ok(swept)
}

/// Of what a deadline is over. The kinds of deadlines of which no more is left are `done`.
async fn over(
    tx: &mut Tx<'_>,
    deadlines: &'static str,
    statement: Sql,
    done: &mut Vec<&'static str>,
) -> Result<Vec<String>> {
    tx.flush().await?;
    let found: Vec<String> = scalar(statement)
        .bind(tx.now.millis())
        .bind(MOVES_PER_SWEEP)
        .bind_some(tx.open_since(deadlines))
        .fetch_all(tx.conn())
        .await?;
    if found.len() < MOVES_PER_SWEEP as usize {
        done.push(deadlines);
    }
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
            let before: i64 = scalar(sql::attempt::RETURNS)
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
    let others = query(sql::attempt::OF_OTHERS)
        .bind(holder)
        .fetch_all(tx.conn())
        .await?;
    for other in &others {
        let other = Columns::of(other, "task");
        let (id, held_by) = (other.text("task_id")?, other.text("lease_holder")?);
        if server_of(&held_by) != server_of(holder) {
            query(sql::attempt::GRACE)
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
    outbox::doubt(&mut tx, server_of(holder)).await?;
    tx.commit().await?;
    Ok(swept)
}

/// `<server>/<life>`; what has no such form is a life of a server that has no name.
pub(crate) fn server_of(holder: &str) -> &str {
    holder.split_once('/').map_or("", |(server, _)| server)
}
