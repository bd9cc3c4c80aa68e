//! Moves of tasks: the only way. [`decide`] asks the table, [`write()`] changes the rows under their
//! versions, [`follow`] closes the approval request, ends or begins the attempt, and writes the
//! event and the messages.

mod beside;
mod enter;
mod task_row;

use std::collections::BTreeSet;

use nightshift_core::task::state::NoMove;
use nightshift_core::task::{Move, TaskEvent};
use nightshift_core::time::Timestamp;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::row::{self, Columns};
use crate::sql;
use crate::statement::query;
use crate::transaction::Tx;

pub(crate) use beside::write as follow;
pub(crate) use task_row::TaskRow;

/// A move that the table allows.
pub(crate) struct Step {
    pub(crate) before: TaskRow,
    pub(crate) after: TaskRow,
    pub(crate) made: Move,
    /// Of an attempt that begins: its program runs by then.
    pub(crate) start_by: Option<Timestamp>,
}

/// A move that was made.
pub(crate) struct Moved {
    /// The action that the table wants in the audit; whoever knows the person writes it.
    pub(crate) audit: Option<&'static str>,
}

/// Moves a task, or says why not. `adjust` sets what the caller knows beyond the event.
///
/// - `Err(NoMove)` has written nothing.
pub(crate) async fn apply(
    tx: &mut Tx<'_>,
    before: &TaskRow,
    event: &TaskEvent,
    adjust: impl FnOnce(&mut TaskRow) + Send,
) -> Result<Result<Moved, NoMove>> {
    let step = match decide(tx.now, before, event, adjust) {
        Ok(step) => step,
        Err(no) => return Ok(Err(no)),
    };
    let moved = write(tx, [&step]).await?;
    all_won(moved.len() as u64, 1, || before.id.to_string())?;
    follow(tx, &step).await?;
    let audit = step.made.audit;
    Ok(Ok(Moved { audit }))
}

/// Asks the table, and writes nothing.
pub(crate) fn decide(
    now: Timestamp,
    before: &TaskRow,
    event: &TaskEvent,
    adjust: impl FnOnce(&mut TaskRow),
) -> Result<Step, NoMove> {
    let made = before.state.on(before.fence, event)?;
    let mut after = before.clone();
    after.enter(&made.to, event, now);
    adjust(&mut after);
    Ok(Step {
        before: before.clone(),
        after,
        made,
        start_by: None,
    })
}

/// Changes the rows of different tasks, each only if it still is as it was read. The ids of those
/// that were: who follows them up is the caller's to know.
pub(crate) async fn write<'s>(
    tx: &mut Tx<'_>,
    steps: impl IntoIterator<Item = &'s Step>,
) -> Result<BTreeSet<String>> {
    let rows: Vec<Change<'_>> = steps.into_iter().map(Change::of).collect();
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let moved = query(sql::task::MOVE)
        .bind(row::list(&rows))
        .fetch_all(tx.conn())
        .await?;
    moved
        .iter()
        .map(|row| Columns::of(row, "task").text("task_id"))
        .collect()
}

/// A row as it is written, under what was read.
#[derive(Serialize)]
struct Change<'a> {
    version: i64,
    from: &'static str,
    #[serde(flatten)]
    after: task_row::Written<'a>,
}

impl<'a> Change<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            version: step.before.version,
            from: step.before.state.name(),
            after: step.after.written(),
        }
    }
}

/// A guarded write inside a transaction that read the row must change exactly one.
pub(crate) fn won(rows: u64, what: impl FnOnce() -> String) -> Result<()> {
    all_won(rows, 1, what)
}

/// The same of several rows.
pub(crate) fn all_won(rows: u64, of: usize, what: impl FnOnce() -> String) -> Result<()> {
    if rows == of as u64 {
        Ok(())
    } else {
        Err(Error::Raced(what()))
    }
}

#[cfg(test)]
mod tests;
