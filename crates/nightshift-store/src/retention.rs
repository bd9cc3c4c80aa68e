//! Removing what is old, a bounded step at a time. What belongs to a task stays as long as the
//! task does; the audit stays for ever.

use nightshift_core::id::TaskId;
use nightshift_core::port::store::{Prune, Pruned};
use nightshift_core::time::Timestamp;

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::{self, Columns};
use crate::sql;
use crate::statement::{Sql, query, scalar};
use crate::transaction::Tx;

/// Rows of one step: some milliseconds, so that nobody waits long for the writer.
const ROWS: i64 = 500;
/// A chunk of output is up to 64 KiB: this many are the work of a step.
const CHUNKS: i64 = 64;
/// Attempts without output cost little.
const ATTEMPTS: i64 = 50;
/// A task has a dozen rows in tables of their own.
const TASKS: i64 = 40;

/// What was over at `until` or before goes.
pub(crate) async fn prune(mut tx: Tx<'_>, what: Prune, until: Timestamp) -> Result<Pruned> {
    let until = until.millis();
    let pruned = match what {
        Prune::DeliveryKeys => by_age(&mut tx, sql::retention::DELIVERY_KEYS, until).await,
        Prune::Deliveries => by_age(&mut tx, sql::retention::DELIVERIES, until).await,
        Prune::IdempotencyKeys => by_age(&mut tx, sql::retention::IDEMPOTENCY_KEYS, until).await,
        Prune::Questions => by_age(&mut tx, sql::retention::QUESTIONS, until).await,
        Prune::Strangers => by_age(&mut tx, sql::retention::STRANGERS, until).await,
        Prune::Messages => by_age(&mut tx, sql::retention::MESSAGES, until).await,
        Prune::Events => events(&mut tx, until).await,
        Prune::PageMessages => page_messages(&mut tx, until).await,
        Prune::Output => output(&mut tx, until).await,
        Prune::Tasks => tasks(&mut tx, until).await,
        Prune::Leftovers => leftovers(&mut tx).await,
    }?;
    tx.commit().await?;
    Ok(pruned)
}

async fn by_age(tx: &mut Tx<'_>, statement: Sql, until: i64) -> Result<Pruned> {
    let gone = query(statement)
        .bind(until)
        .bind(ROWS)
        .execute(tx.conn())
        .await?;
    Ok(step(gone.rows_affected(), ROWS))
}

fn step(rows: u64, most: i64) -> Pruned {
    let more = i64::try_from(rows).is_ok_and(|rows| rows >= most);
    Pruned { rows, more }
}

/// Events about no task lie between those of tasks that stay: a mark tells how far we came.
async fn events(tx: &mut Tx<'_>, until: i64) -> Result<Pruned> {
    let seen: Option<i64> = scalar(sql::retention::EVENTS_SEEN)
        .fetch_optional(tx.conn())
        .await?;
    let seen = seen.unwrap_or(0);
    let next = query(sql::retention::EVENTS_NEXT)
        .bind(seen)
        .bind(until)
        .bind(ROWS)
        .fetch_one(tx.conn())
        .await?;
    let next = Columns::of(&next, "event");
    let Some(last) = next.maybe_int("last")? else {
        return Ok(Pruned::default());
    };
    let gone = query(sql::retention::EVENTS)
        .bind(seen)
        .bind(last)
        .execute(tx.conn())
        .await?;
    query(sql::retention::SEE_EVENTS)
        .bind(last)
        .execute(tx.conn())
        .await?;
    Ok(Pruned {
        rows: gone.rows_affected(),
        more: next.int("n")? >= ROWS,
    })
}

async fn page_messages(tx: &mut Tx<'_>, until: i64) -> Result<Pruned> {
    let old = old(tx, sql::retention::PAGE_OLD, until, TASKS).await?;
    let mut rows = 0;
    for statement in [sql::retention::PAGE_REPLIES, sql::retention::PAGE_MESSAGES] {
        let gone = query(statement)
            .bind(row::list(&old))
            .execute(tx.conn())
            .await?;
        rows += gone.rows_affected();
    }
    Ok(Pruned {
        rows,
        more: step(old.len() as u64, TASKS).more,
    })
}

async fn old(tx: &mut Tx<'_>, statement: Sql, until: i64, most: i64) -> Result<Vec<String>> {
    let found = scalar(statement)
        .bind(until)
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    Ok(found)
}

async fn output(tx: &mut Tx<'_>, until: i64) -> Result<Pruned> {
    let attempts = query(sql::retention::OUTPUT_OLD)
        .bind(until)
        .bind(ATTEMPTS)
        .fetch_all(tx.conn())
        .await?;
    let now = tx.now.millis();
    let mut left = CHUNKS;
    for attempt in &attempts {
        let attempt = Columns::of(attempt, "attempt");
        let (task, fence) = (attempt.text("task_id")?, attempt.int("fence")?);
        let gone = query(sql::retention::OUTPUT)
            .bind(&*task)
            .bind(fence)
            .bind(left)
            .execute(tx.conn())
            .await?;
        left -= i64::try_from(gone.rows_affected()).unwrap_or(left);
        if left <= 0 {
            // There may be more of this one: it is told to be gone when it is.
            break;
        }
        query(sql::retention::OUTPUT_DROPPED)
            .bind(&*task)
            .bind(fence)
            .bind(now)
            .execute(tx.conn())
            .await?;
    }
    Ok(Pruned {
        rows: u64::try_from(CHUNKS - left).unwrap_or(0),
        more: left <= 0 || step(attempts.len() as u64, ATTEMPTS).more,
    })
}

async fn tasks(tx: &mut Tx<'_>, until: i64) -> Result<Pruned> {
    let old = old(tx, sql::retention::TASKS_OLD, until, TASKS).await?;
    let ids = row::list(&old);
    for statement in sql::retention::TASKS {
        query(*statement)
            .bind(ids.clone())
            .execute(tx.conn())
            .await?;
    }
    Ok(step(old.len() as u64, TASKS))
}

/// One removed task: its rows are many, so it may take several steps.
async fn leftovers(tx: &mut Tx<'_>) -> Result<Pruned> {
    let task: Option<String> = scalar(sql::retention::LEFTOVER)
        .fetch_optional(tx.conn())
        .await?;
    let Some(task) = task else {
        return Ok(Pruned::default());
    };
    let mut pruned = Pruned {
        rows: 0,
        more: true,
    };
    for (statement, most) in sql::retention::LEFTOVERS.iter().zip([CHUNKS, ROWS, ROWS]) {
        let gone = query(*statement)
            .bind(&*task)
            .bind(most)
            .execute(tx.conn())
            .await?;
        pruned.rows += gone.rows_affected();
        if step(gone.rows_affected(), most).more {
            return Ok(pruned);
        }
    }
    query(sql::retention::LEFTOVER_GONE)
        .bind(&*task)
        .execute(tx.conn())
        .await?;
    Ok(pruned)
}

pub(crate) async fn removed(conn: &mut Conn, limit: u32) -> Result<Vec<TaskId>> {
    let found: Vec<String> = scalar(sql::retention::REMOVED_TASKS)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    // An id that we would not give out names no directory of ours.
    Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
}

pub(crate) async fn files_removed(conn: &mut Conn, tasks: &[TaskId]) -> Result<()> {
    let ids: Vec<&str> = tasks.iter().map(TaskId::as_str).collect();
    query(sql::replicas::FORGET_FILES)
        .bind(row::list(&ids))
        .execute(&mut *conn)
        .await?;
    query(sql::retention::FILES_REMOVED)
        .bind(row::list(&ids))
        .execute(conn)
        .await?;
    Ok(())
}
