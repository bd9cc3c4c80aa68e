//! What is written beside a move that was made: the request, the attempt, events, messages.

use nightshift_core::id::{RequestId, TaskId};
use nightshift_core::task::TaskState;
use nightshift_core::task::state::{AttemptStep, RequestEnd, RequestStep};
use nightshift_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Step, won};
use crate::error::Result;
use crate::statement::query;
use crate::transaction::{Lease, Tx};
use crate::{events, notices, sql, tasks};

/// Everything but the row of the task.
pub(crate) async fn write(tx: &mut Tx<'_>, step: &Step) -> Result<()> {
    close_request(tx, step).await?;
    write_attempt(tx, step);
    let after = &step.after;
    if after.plan_no != step.before.plan_no {
        tasks::make_actions(tx, &after.id, after.plan_no);
    }
    events::record(tx, &after.state.event(), Some(&after.id), &data(tx, step));
    notices::tell(tx, &step.before, after, &step.made.notices).await
}

fn data(tx: &Tx<'_>, step: &Step) -> Value {
    let mut data = json!({
        "from": step.before.state.name(),
        "plan_no": step.after.plan_no,
    });
    if let Some(reason) = step.after.state.reason() {
        data["reason"] = reason.into();
    }
    if step.made.attempt == Some(AttemptStep::Leased) {
        data["fence"] = step.after.fence.0.into();
    }
    if let Some(delivery) = &tx.delivery {
        data["delivery"] = delivery.as_str().into();
    }
    data
}

/// Decides the open request together with the move; a grant has its own guard.
async fn close_request(tx: &mut Tx<'_>, step: &Step) -> Result<()> {
    let before = &step.before;
    let (TaskState::Staged { request }, Some(RequestStep::Decided(end))) =
        (&before.state, step.made.request)
    else {
        return Ok(());
    };
    let now = tx.now.millis();
    let closed = match end {
        RequestEnd::Granted => {
            query(sql::approval::GRANT)
                .bind(request.as_str())
                .bind(now)
                .bind(before.plan_hash.as_deref())
                .execute(tx.conn())
                .await?
        }
        RequestEnd::Denied | RequestEnd::Expired | RequestEnd::Superseded => {
            query(sql::approval::CLOSE)
                .bind(request.as_str())
                .bind(now)
                .bind(end.name())
                .execute(tx.conn())
                .await?
        }
    };
    won(closed.rows_affected(), || format!("request {request}"))?;
    record_end(tx, &before.id, request, end);
    Ok(())
}

fn record_end(tx: &mut Tx<'_>, task: &TaskId, request: &RequestId, end: RequestEnd) {
    if let Some(kind) = RequestStep::Decided(end).event() {
        events::record(tx, kind, Some(task), &json!({ "request_id": request }));
    }
}

/// Begins the attempt's row with the move, or ends it.
fn write_attempt(tx: &mut Tx<'_>, step: &Step) {
    let Some(attempt) = step.made.attempt else {
        return;
    };
    let data = match attempt.outcome() {
        None => begin(tx, step),
        Some(outcome) => end(tx, step, outcome),
    };
    events::record(tx, attempt.event(), Some(&step.after.id), &data);
}

fn begin(tx: &mut Tx<'_>, step: &Step) -> Value {
    let after = &step.after;
    tx.collected.lease(Lease {
        task: after.id.clone(),
        fence: after.fence,
        number: after.attempt_no,
        plan_hash: after.plan_hash.clone(),
        executor: after.executor.clone(),
        holder: after.lease_holder.clone(),
        start_by: step.start_by.map(Timestamp::millis),
    });
    json!({ "fence": after.fence, "number": after.attempt_no, "executor": after.executor })
}

fn end(tx: &mut Tx<'_>, step: &Step, outcome: &'static str) -> Value {
    let fence = step.before.running_fence();
    tx.collected.end_attempt(&step.before.id, fence, outcome);
    json!({ "fence": fence, "number": step.before.attempt_no, "outcome": outcome })
}
