//! Moves of tasks. `apply` is the only way: it asks the table, writes the row under its version,
//! closes the approval request, ends the attempt, and writes the event and the messages.

mod task_row;

use nightshift_core::id::{Fence, RequestId, TaskId};
use nightshift_core::task::state::{AttemptStep, NoMove, RequestEnd, RequestStep};
use nightshift_core::task::{Move, TaskEvent, TaskState};
use nightshift_core::time::Timestamp;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::transaction::Tx;
use crate::{attempts, events, notices, sql, tasks};

pub(crate) use task_row::TaskRow;

/// A move that was made.
pub(crate) struct Moved {
    pub(crate) row: TaskRow,
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
    let step = match before.state.on(before.fence, event) {
        Ok(step) => step,
        Err(no) => return Ok(Err(no)),
    };
    let mut after = before.clone();
    after.enter(&step.to, event, tx.now);
    adjust(&mut after);
    close_request(tx, before, &step).await?;
    end_attempt(tx, before, step.attempt).await?;
    update(tx, before, &after).await?;
    if after.plan_no != before.plan_no {
        tasks::make_actions(tx, &after.id, after.plan_no).await?;
    }
    let kind = after.state.event();
    events::record(tx, &kind, Some(&after.id), data(tx, before, &after, event)).await?;
    notices::tell(tx, before, &after, &step.notices).await?;
    Ok(Ok(Moved {
        row: after,
        audit: step.audit,
    }))
}

impl TaskRow {
    /// What the event itself changes, beside the state.
    fn enter(&mut self, state: &TaskState, event: &TaskEvent, now: Timestamp) {
        self.state = state.clone();
        self.state_at = now;
        if self.running_fence() == Fence(0) {
            self.lease_holder = None;
            self.lease_until = None;
        }
        match event {
            TaskEvent::Leased { fence } => {
                self.fence = *fence;
                self.attempt_fence = *fence;
                self.attempt_no += 1;
                self.started_at = None;
                self.detail = None;
            }
            TaskEvent::Lost { .. } => self.lost_count += 1,
            // It never ran: no attempt is spent.
            TaskEvent::LeaseReturned { .. } => self.attempt_no -= 1,
            TaskEvent::Revised | TaskEvent::Retried => self.plan_again(),
            TaskEvent::CancelAsked { .. } => self.cancel_asked_at = Some(now),
            TaskEvent::Planned { .. }
            | TaskEvent::PlannedAndGranted { .. }
            | TaskEvent::PlanFailed { .. }
            | TaskEvent::Granted { .. }
            | TaskEvent::Rejected { .. }
            | TaskEvent::Expired
            | TaskEvent::LeaseRefused { .. }
            | TaskEvent::Completed { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Retryable { .. }
            | TaskEvent::StopConfirmed { .. }
            | TaskEvent::Frozen { .. }
            | TaskEvent::Thawed { .. } => {}
        }
        self.stamp(now);
    }

    fn stamp(&mut self, now: Timestamp) {
        if self.state == TaskState::Queued {
            self.queued_at = Some(now);
        }
        if self.state.is_terminal() {
            self.completed_at = Some(now);
        }
        if matches!(self.state, TaskState::Queued | TaskState::Planning) {
            self.run_at = now;
        }
    }

    fn plan_again(&mut self) {
        self.plan_no += 1;
        self.plan_hash = None;
        self.lost_count = 0;
        self.detail = None;
        self.queued_at = None;
        self.started_at = None;
        self.completed_at = None;
        self.cancel_asked_at = None;
    }

    /// The fence of the attempt that runs in this state; 0 where nothing runs.
    pub(crate) fn running_fence(&self) -> Fence {
        match &self.state {
            TaskState::Running { fence }
            | TaskState::Paused { fence }
            | TaskState::Cancelling { fence, .. } => *fence,
            TaskState::Planning
            | TaskState::Staged { .. }
            | TaskState::Queued
            | TaskState::Completed
            | TaskState::Failed { .. }
            | TaskState::Cancelled { .. }
            | TaskState::Expired => Fence(0),
        }
    }
}

fn data(tx: &Tx<'_>, before: &TaskRow, after: &TaskRow, event: &TaskEvent) -> Value {
    let mut data = json!({
        "from": before.state.name(),
        "plan_no": after.plan_no,
    });
    if let Some(reason) = after.state.reason() {
        data["reason"] = reason.into();
    }
    if let TaskEvent::Leased { fence } = event {
        data["fence"] = fence.0.into();
    }
    if let Some(delivery) = &tx.delivery {
        data["delivery"] = delivery.as_str().into();
    }
    data
}

/// Decides the open request together with the move; a grant has its own guard.
async fn close_request(tx: &mut Tx<'_>, before: &TaskRow, step: &Move) -> Result<()> {
    let (TaskState::Staged { request }, Some(RequestStep::Decided(end))) =
        (&before.state, step.request)
    else {
        return Ok(());
    };
    let now = tx.now.millis();
    let closed = match end {
        RequestEnd::Granted => {
            sqlx::query(sql::approval::GRANT)
                .bind(request.as_str())
                .bind(now)
                .bind(before.plan_hash.as_deref())
                .execute(tx.conn())
                .await?
        }
        RequestEnd::Denied | RequestEnd::Expired | RequestEnd::Superseded => {
            sqlx::query(sql::approval::CLOSE)
                .bind(request.as_str())
                .bind(now)
                .bind(end.name())
                .execute(tx.conn())
                .await?
        }
    };
    won(closed.rows_affected(), || format!("request {request}"))?;
    record_end(tx, &before.id, request, end).await
}

async fn record_end(
    tx: &mut Tx<'_>,
    task: &TaskId,
    request: &RequestId,
    end: RequestEnd,
) -> Result<()> {
    let Some(kind) = RequestStep::Decided(end).event() else {
        return Ok(());
    };
    events::record(tx, kind, Some(task), json!({ "request_id": request })).await
}

/// Closes the attempt's row when the move ends it; a lease has written its own row.
async fn end_attempt(tx: &mut Tx<'_>, before: &TaskRow, step: Option<AttemptStep>) -> Result<()> {
    let Some((step, outcome)) = step.and_then(|step| Some((step, step.outcome()?))) else {
        return Ok(());
    };
    let fence = before.running_fence();
    attempts::close(tx, &before.id, fence, outcome).await?;
    let data = json!({ "fence": fence, "number": before.attempt_no, "outcome": outcome });
    events::record(tx, step.event(), Some(&before.id), data).await
}

async fn update(tx: &mut Tx<'_>, before: &TaskRow, after: &TaskRow) -> Result<()> {
    let words = after.words();
    let moved = sqlx::query(sql::task::MOVE)
        .bind(after.id.as_str())
        .bind(before.version)
        .bind(before.state.name())
        .bind(after.state.name())
        .bind(after.state_at.millis())
        .bind(words.request)
        .bind(words.stop_by)
        .bind(words.reason)
        .bind(after.detail.as_deref())
        .bind(after.fence.0)
        .bind(after.attempt_fence.0)
        .bind(i64::from(after.attempt_no))
        .bind(i64::from(after.lost_count))
        .bind(i64::from(after.plan_no))
        .bind(after.plan_hash.as_deref())
        .bind(after.executor.as_deref())
        .bind(after.subject.as_deref())
        .bind(after.project.as_deref())
        .bind(after.run_at.millis())
        .bind(after.lease_holder.as_deref())
        .bind(after.lease_until.map(Timestamp::millis))
        .bind(after.cancel_asked_at.map(Timestamp::millis))
        .bind(after.queued_at.map(Timestamp::millis))
        .bind(after.started_at.map(Timestamp::millis))
        .bind(after.completed_at.map(Timestamp::millis))
        .execute(tx.conn())
        .await?;
    won(moved.rows_affected(), || after.id.to_string())
}

/// A guarded write inside a transaction that read the row must change exactly one.
pub(crate) fn won(rows: u64, what: impl FnOnce() -> String) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::Raced(what()))
    }
}
