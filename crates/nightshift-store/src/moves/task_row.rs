//! The hot row of a task, as the moves read and write it.

use nightshift_core::id::{Fence, RequestId, TaskId, UserId};
use nightshift_core::task::{Failure, Stopped, TaskKind, TaskState};
use nightshift_core::time::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::row::{self, Columns};
use crate::sql;
use crate::statement::query;
use crate::transaction::Tx;

#[derive(Debug, Clone)]
pub(crate) struct TaskRow {
    pub(crate) id: TaskId,
    pub(crate) kind: TaskKind,
    pub(crate) owner: UserId,
    pub(crate) conversation: Option<i64>,
    pub(crate) state: TaskState,
    pub(crate) state_at: Timestamp,
    pub(crate) detail: Option<String>,
    pub(crate) version: i64,
    pub(crate) fence: Fence,
    /// Of the last attempt; 0 before the first.
    pub(crate) attempt_fence: Fence,
    pub(crate) attempt_no: u32,
    pub(crate) lost_count: u32,
    pub(crate) plan_no: u32,
    pub(crate) plan_hash: Option<String>,
    pub(crate) executor: Option<String>,
    /// The agent's or command's name: what makes tasks comparable.
    pub(crate) subject: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) run_at: Timestamp,
    pub(crate) lease_holder: Option<String>,
    pub(crate) lease_until: Option<Timestamp>,
    pub(crate) cancel_asked_at: Option<Timestamp>,
    pub(crate) queued_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
}

/// The columns that a move writes.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    task_id: &'a TaskId,
    state: &'static str,
    state_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    fence: Fence,
    attempt_fence: Fence,
    attempt_no: u32,
    lost_count: u32,
    plan_no: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    run_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_holder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_asked_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<i64>,
}

impl TaskRow {
    pub(crate) fn read(row: &AnyRow) -> Result<Self> {
        let row = Columns::of(row, "task");
        let fence = Fence(row.int("fence")?);
        Ok(Self {
            id: row.word("task_id", |text| text.parse().ok())?,
            kind: row.word("kind", TaskKind::from_name)?,
            owner: UserId::new(row.text("owner")?),
            conversation: row.maybe_int("conversation_id")?,
            state: read_state(&row, fence)?,
            state_at: row.time("state_at")?,
            detail: row.maybe_text("detail")?,
            version: row.int("version")?,
            fence,
            attempt_fence: Fence(row.int("attempt_fence")?),
            attempt_no: row.count("attempt_no")?,
            lost_count: row.count("lost_count")?,
            plan_no: row.count("plan_no")?,
            plan_hash: row.maybe_text("plan_hash")?,
            executor: row.maybe_text("executor")?,
            subject: row.maybe_text("subject")?,
            project: row.maybe_text("project")?,
            run_at: row.time("run_at")?,
            lease_holder: row.maybe_text("lease_holder")?,
            lease_until: row.maybe_time("lease_until")?,
            cancel_asked_at: row.maybe_time("cancel_asked_at")?,
            queued_at: row.maybe_time("queued_at")?,
            started_at: row.maybe_time("started_at")?,
            completed_at: row.maybe_time("completed_at")?,
        })
    }

    /// Reads the row inside the transaction that is going to change it.
    pub(crate) async fn load(tx: &mut Tx<'_>, id: &TaskId) -> Result<Option<Self>> {
        let row = query(sql::task::ROW)
            .bind(id.as_str())
            .fetch_optional(tx.conn())
            .await?;
        tx.hold(id.as_str());
        row.as_ref().map(Self::read).transpose()
    }

    /// The same of several tasks; those that do not exist are left out.
    pub(crate) async fn load_all(tx: &mut Tx<'_>, ids: &[&TaskId]) -> Result<Vec<Self>> {
        let rows = query(sql::task::ROWS)
            .bind(row::list(&ids))
            .fetch_all(tx.conn())
            .await?;
        for id in ids {
            tx.hold(id.as_str());
        }
        rows.iter().map(Self::read).collect()
    }

    pub(super) fn written(&self) -> Written<'_> {
        let (mut request_id, mut stop_by, mut reason) = (None, None, None);
        match &self.state {
            TaskState::Staged { request } => request_id = Some(request),
            TaskState::Cancelling { by, .. } | TaskState::Cancelled { by } => {
                stop_by = Some(by.to_string());
            }
            TaskState::Failed { reason: why } => reason = Some(why.name()),
            TaskState::Planning
            | TaskState::Queued
            | TaskState::Running { .. }
            | TaskState::Paused { .. }
            | TaskState::Completed
            | TaskState::Expired => {}
        }
        Written {
            task_id: &self.id,
            state: self.state.name(),
            state_at: self.state_at.millis(),
            request_id,
            stop_by,
            reason,
            detail: self.detail.as_deref(),
            fence: self.fence,
            attempt_fence: self.attempt_fence,
            attempt_no: self.attempt_no,
            lost_count: self.lost_count,
            plan_no: self.plan_no,
            plan_hash: self.plan_hash.as_deref(),
            executor: self.executor.as_deref(),
            subject: self.subject.as_deref(),
            project: self.project.as_deref(),
            run_at: self.run_at.millis(),
            lease_holder: self.lease_holder.as_deref(),
            lease_until: self.lease_until.map(Timestamp::millis),
            cancel_asked_at: self.cancel_asked_at.map(Timestamp::millis),
            queued_at: self.queued_at.map(Timestamp::millis),
            started_at: self.started_at.map(Timestamp::millis),
            completed_at: self.completed_at.map(Timestamp::millis),
        }
    }
}

fn read_state(row: &Columns<'_>, fence: Fence) -> Result<TaskState> {
    let stopped = || row.word("stop_by", Stopped::parse);
    Ok(match row.text("state")?.as_str() {
        "planning" => TaskState::Planning,
        "staged" => TaskState::Staged {
            request: RequestId::new(row.text("request_id")?),
        },
        "queued" => TaskState::Queued,
        "running" => TaskState::Running { fence },
        "paused" => TaskState::Paused { fence },
        "cancelling" => TaskState::Cancelling {
            fence,
            by: stopped()?,
        },
        "completed" => TaskState::Completed,
        "failed" => TaskState::Failed {
            reason: row.word("reason", Failure::from_name)?,
        },
        "cancelled" => TaskState::Cancelled { by: stopped()? },
        "expired" => TaskState::Expired,
        other => return Err(row.corrupt("state", &format!("unknown word `{other}`"))),
    })
}
