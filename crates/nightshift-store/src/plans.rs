//! Plans: the planner's lease, the finished plan, the feedback that asks for another.

use nightshift_core::id::{Fence, RequestId, TaskId};
use nightshift_core::plan::Plan;
use nightshift_core::port::store::{MoveOutcome, PlanLease, PlanRecord, Unplanned};
use nightshift_core::task::state::RequestStep;
use nightshift_core::task::{TaskEvent, TaskKind, TaskState, Wishes};
use nightshift_core::time::Timestamp;
use serde_json::json;

use crate::audit;
use crate::engine::connection::Conn;
use crate::error::Result;
use crate::leases::LOSSES;
use crate::moves::{self, TaskRow, won};
use crate::row::{self, Columns};
use crate::statement::{query, read_back, scalar};
use crate::transaction::Tx;
use crate::{events, notices, sql, tasks, views};

pub(crate) async fn lease(
    mut tx: Tx<'_>,
    holder: &str,
    until: Timestamp,
) -> Result<Option<PlanLease>> {
    loop {
        let now = tx.now.millis();
        let from = tx
            .low_water("planning", scalar(sql::plan::FIRST_PLANNING))
            .await?;
        let next: Option<String> = scalar(sql::plan::NEXT_PLANNING)
            .bind(now)
            .bind_some(from)
            .fetch_optional(tx.conn())
            .await?;
        let found = match next.map(|id| id.parse::<TaskId>()) {
            Some(Ok(id)) => TaskRow::load(&mut tx, &id).await?,
            _ => None,
        };
        let Some(row) = found else {
            // A loss that was counted above stays counted.
            tx.commit().await?;
            return Ok(None);
        };
        // Nobody gave it back: its planner died over it.
        if row.lease_holder.is_some() {
            lose(&mut tx, &row).await?;
            continue;
        }
        let lease = take(&mut tx, &row, holder, until).await?;
        tx.commit().await?;
        return Ok(Some(lease));
    }
}

async fn take(tx: &mut Tx<'_>, row: &TaskRow, holder: &str, until: Timestamp) -> Result<PlanLease> {
    let leased = query(sql::plan::LEASE_PLANNING)
        .bind(row.id.as_str())
        .bind(row.version)
        .bind(holder)
        .bind(until.millis())
        .execute(tx.conn())
        .await?;
    won(leased.rows_affected(), || row.id.to_string())?;
    let task = *views::present(tx, &row.id).await?;
    let feedback: Vec<String> = scalar(sql::plan::FEEDBACK)
        .bind(row.id.as_str())
        .fetch_all(tx.conn())
        .await?;
    Ok(PlanLease {
        fence: task.fence,
        task,
        feedback: feedback.into_iter().map(read_back).collect(),
    })
}

/// The planner that held the task is gone. A request that three planners died over is given up.
pub(crate) async fn lose(tx: &mut Tx<'_>, row: &TaskRow) -> Result<()> {
    if row.state != TaskState::Planning {
        return Ok(());
    }
    if row.lost_count + 1 < LOSSES {
        return free(tx, row, 1).await;
    }
    let event = TaskEvent::PlanFailed { fence: row.fence };
    let adjust = |next: &mut TaskRow| {
        next.lost_count += 1;
        next.detail = Some("its planner was lost three times.".to_owned());
    };
    if moves::apply(tx, row, &event, adjust).await?.is_ok() {
        notices::given_up(tx, &row.id).await?;
    }
    Ok(())
}

async fn free(tx: &mut Tx<'_>, row: &TaskRow, losses: i64) -> Result<()> {
    let freed = query(sql::plan::FREE_PLANNING)
        .bind(row.id.as_str())
        .bind(row.version)
        .bind(losses)
        .execute(tx.conn())
        .await?;
    won(freed.rows_affected(), || row.id.to_string())
}

pub(crate) async fn give_back(
    mut tx: Tx<'_>,
    task: &TaskId,
    fence: Fence,
    why: Unplanned,
) -> Result<()> {
    let row = TaskRow::load(&mut tx, task).await?;
    let held = row.filter(|row| row.fence == fence && row.state == TaskState::Planning);
    let Some(row) = held else {
        return Ok(());
    };
    match why {
        Unplanned::HandedBack => free(&mut tx, &row, 0).await?,
        Unplanned::Lost => lose(&mut tx, &row).await?,
    }
    tx.commit().await
}

pub(crate) async fn record(mut tx: Tx<'_>, record: &PlanRecord) -> Result<MoveOutcome> {
    let Some(row) = TaskRow::load(&mut tx, &record.task).await? else {
        return Ok(MoveOutcome::NotFound);
    };
    let request = RequestId::from_entropy(tx.entropy());
    let fence = record.fence;
    let event = match record.need {
        Some(_) => TaskEvent::Planned {
            fence,
            request: request.clone(),
        },
        None => TaskEvent::PlannedAndGranted { fence },
    };
    let step = match row.state.on(row.fence, &event) {
        Ok(step) => step,
        Err(no) => return tasks::refused(tx, &record.task, no).await,
    };
    if let Some(action) = step.audit {
        // Let through by the permission of who asked: the grant is theirs, and is told as theirs.
        tx.actor = Some(row.owner.clone());
        let who = row.owner.as_str();
        audit::done(&mut tx, who, action, "granted", &row.id);
    }
    insert(&mut tx, &row, &record.plan).await?;
    if let Some(step) = step.request {
        ask(&mut tx, &row, record, &request, step).await?;
    }
    let (subject, project) = comparable(&mut tx, &row, &record.plan).await?;
    let plan = &record.plan;
    let adjust = |next: &mut TaskRow| {
        next.plan_hash = Some(plan.hash.to_string());
        // Counted from now on are the losses of attempts.
        next.lost_count = 0;
        next.executor = Some(plan.body.executor.clone());
        next.subject = subject;
        next.project = project;
    };
    if let Err(no) = moves::apply(&mut tx, &row, &event, adjust).await? {
        return tasks::refused(tx, &record.task, no).await;
    }
    let view = views::present(&mut tx, &record.task).await?;
    tx.commit().await?;
    Ok(MoveOutcome::Moved(view))
}

async fn insert(tx: &mut Tx<'_>, row: &TaskRow, plan: &Plan) -> Result<()> {
    query(sql::plan::RECORD)
        .bind(row.id.as_str())
        .bind(i64::from(row.plan_no))
        .bind(plan.hash.as_str())
        .bind(row::json(&plan.body))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Puts the question; a plan that a grant lets through has an answered one that needed nobody.
async fn ask(
    tx: &mut Tx<'_>,
    row: &TaskRow,
    record: &PlanRecord,
    request: &RequestId,
    step: RequestStep,
) -> Result<()> {
    let now = tx.now.millis();
    query(sql::approval::ASK)
        .bind(request.as_str())
        .bind(row.id.as_str())
        .bind(i64::from(row.plan_no))
        .bind(record.plan.hash.as_str())
        .bind(i64::from(record.need.unwrap_or(0)))
        .bind(step.state())
        .bind(now)
        .bind(record.expires_at.millis())
        .bind(record.need.is_none().then_some(now))
        .execute(tx.conn())
        .await?;
    let Some(kind) = step.event() else {
        return Ok(());
    };
    let data = json!({
        "request_id": request,
        "plan_hash": record.plan.hash,
        "need": record.need.unwrap_or(0),
        "expires_at": record.expires_at,
    });
    events::record(tx, kind, Some(&row.id), &data);
    Ok(())
}

/// What makes this task comparable with others: agent or command, and project.
async fn comparable(
    tx: &mut Tx<'_>,
    row: &TaskRow,
    plan: &Plan,
) -> Result<(Option<String>, Option<String>)> {
    let wishes: Option<String> = scalar(sql::task::WISHES)
        .bind(row.id.as_str())
        .fetch_optional(tx.conn())
        .await?;
    let wishes = wishes.map_or_else(|| "{}".to_owned(), read_back);
    let wishes: Wishes = serde_json::from_str(&wishes).map_err(|e| corrupt_wishes(&row.id, &e))?;
    let subject = match row.kind {
        TaskKind::Agent => plan.body.agent.clone(),
        TaskKind::Command => wishes.command.map(|call| call.name),
    };
    Ok((subject, wishes.project))
}

fn corrupt_wishes(id: &TaskId, why: &serde_json::Error) -> crate::error::Error {
    crate::error::Error::Corrupt {
        table: "task_text",
        column: "wishes",
        row: id.to_string(),
        why: why.to_string(),
    }
}

pub(crate) async fn fail(
    mut tx: Tx<'_>,
    task: &TaskId,
    fence: Fence,
    detail: &str,
) -> Result<MoveOutcome> {
    let Some(row) = TaskRow::load(&mut tx, task).await? else {
        return Ok(MoveOutcome::NotFound);
    };
    let event = TaskEvent::PlanFailed { fence };
    let adjust = |next: &mut TaskRow| next.detail = Some(detail.to_owned());
    if let Err(no) = moves::apply(&mut tx, &row, &event, adjust).await? {
        return tasks::refused(tx, task, no).await;
    }
    let view = views::present(&mut tx, task).await?;
    tx.commit().await?;
    Ok(MoveOutcome::Moved(view))
}

/// Keeps what somebody said about the plan of `row`, for the next one.
pub(crate) async fn set_feedback(tx: &mut Tx<'_>, row: &TaskRow, feedback: &str) -> Result<()> {
    let kept = query(sql::plan::SET_FEEDBACK)
        .bind(row.id.as_str())
        .bind(i64::from(row.plan_no))
        .bind(feedback)
        .execute(tx.conn())
        .await?;
    won(kept.rows_affected(), || format!("plan of {}", row.id))
}

pub(crate) async fn read(conn: &mut Conn, id: &TaskId, plan_no: u32) -> Result<Option<Plan>> {
    let row = query(sql::plan::PLAN)
        .bind(id.as_str())
        .bind(i64::from(plan_no))
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = Columns::of(&row, "plan");
    views::read_plan(&row, row.text("plan_hash")?).map(Some)
}
