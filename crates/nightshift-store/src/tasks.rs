//! Tasks: made, moved on a person's word, listed.

mod create;
mod query;

use std::collections::BTreeMap;

use async_trait::async_trait;
use nightshift_core::authorise::Permit;
use nightshift_core::chat::Conversation;
use nightshift_core::event::Event;
use nightshift_core::id::{ActionToken, Fence, Seq, TaskId, UserId};
use nightshift_core::plan::{History, Plan};
use nightshift_core::port::store::{
    ActionTarget, CardVerb, Cause, Created, MoveOutcome, NewTask, Outgoing, Page, PlanLease,
    PlanRecord, Question, StoreError, TaskFilter, Tasks, Unplanned, VoteCast, VoteOutcome,
};
use nightshift_core::task::state::NoMove;
use nightshift_core::task::{Task, TaskEvent, TaskKind};
use nightshift_core::time::Timestamp;

use crate::error::Result;
use crate::moves::{self, TaskRow};
use crate::statement::query;
use crate::transaction::{Settling, Tx};
use crate::{SqlStore, audit, events, notices, plans, sql, views, votes};

pub(crate) use create::make_actions;

#[async_trait]
impl Tasks for SqlStore {
    async fn create_task(
        &self,
        new: &NewTask,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        let tx = self.change_by("create_task", cause, now).await?;
        Ok(create::run(tx, new).await?)
    }

    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let mut tx = self.engine.snapshot().await?;
        Ok(views::one(&mut tx, id).await?)
    }

    async fn tasks(&self, filter: &TaskFilter) -> Result<Page<Task>, StoreError> {
        let mut tx = self.engine.snapshot().await?;
        Ok(query::list(&mut tx, filter).await?)
    }

    async fn plan(&self, id: &TaskId, plan_no: u32) -> Result<Option<Plan>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(plans::read(&mut conn, id, plan_no).await?)
    }

    async fn lease_planning(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PlanLease>, StoreError> {
        let tx = self.change("lease_planning", now).await?;
        Ok(plans::lease(tx, holder, until).await?)
    }

    async fn record_plan(
        &self,
        record: &PlanRecord,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let tx = self.change("record_plan", now).await?;
        Ok(plans::record(tx, record).await?)
    }

    async fn return_planning(
        &self,
        task: &TaskId,
        fence: Fence,
        why: Unplanned,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("return_planning", now).await?;
        Ok(plans::give_back(tx, task, fence, why).await?)
    }

    async fn fail_planning(
        &self,
        task: &TaskId,
        fence: Fence,
        detail: &str,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let tx = self.change("fail_planning", now).await?;
        Ok(plans::fail(tx, task, fence, detail).await?)
    }

    async fn cast_vote(
        &self,
        vote: &VoteCast,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<VoteOutcome, StoreError> {
        let tx = self.change_by("cast_vote", cause, now).await?;
        Ok(votes::cast(tx, vote).await?)
    }

    async fn revise(
        &self,
        task: &TaskId,
        plan_no: Option<u32>,
        permit: &Permit,
        feedback: &str,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let tx = self.change_by("revise", cause, now).await?;
        Ok(revise(tx, task, plan_no, permit, feedback).await?)
    }

    async fn cancel(
        &self,
        task: &TaskId,
        permit: &Permit,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let tx = self.change_by("cancel", cause, now).await?;
        let by = permit.actor().id();
        let event = TaskEvent::CancelAsked { by };
        Ok(by_hand(tx, task, permit, &event).await?)
    }

    async fn retry(
        &self,
        task: &TaskId,
        permit: &Permit,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let tx = self.change_by("retry", cause, now).await?;
        Ok(by_hand(tx, task, permit, &TaskEvent::Retried).await?)
    }

    async fn actions(
        &self,
        task: &TaskId,
        plan_no: u32,
    ) -> Result<BTreeMap<CardVerb, ActionToken>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(query::actions(&mut conn, task, plan_no).await?)
    }

    async fn action(&self, token: &ActionToken) -> Result<Option<ActionTarget>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(query::action(&mut conn, token).await?)
    }

    async fn ask_question(
        &self,
        at: &Conversation,
        who: &UserId,
        question: &Question,
        expires_at: Timestamp,
        cause: &Cause,
        outgoing: &[Outgoing],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change_by("ask_question", cause, now).await?;
        if tx.settle().await? == Settling::Before {
            return Ok(());
        }
        ask(&mut tx, at, who, question, expires_at).await?;
        notices::send(&mut tx, outgoing).await?;
        Ok(tx.commit().await?)
    }

    async fn question(
        &self,
        at: &Conversation,
        who: &UserId,
        now: Timestamp,
    ) -> Result<Option<Question>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(query::question(&mut conn, at, who, now).await?)
    }

    async fn queue_position(&self, task: &TaskId) -> Result<Option<u32>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(query::queue_position(&mut conn, task).await?)
    }

    async fn history(
        &self,
        kind: TaskKind,
        subject: &str,
        project: Option<&str>,
        limit: u32,
    ) -> Result<History, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(query::history(&mut conn, kind, subject, project, limit).await?)
    }

    async fn events(
        &self,
        after: Seq,
        kind: Option<&str>,
        task: Option<&TaskId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(events::after(&mut conn, after, kind, task, limit).await?)
    }
}

/// A move that one person asked for, without anything else to write.
async fn by_hand(
    mut tx: Tx<'_>,
    task: &TaskId,
    permit: &Permit,
    event: &TaskEvent,
) -> Result<MoveOutcome> {
    tx.act_as(permit);
    if tx.settle().await? == Settling::Before {
        return Ok(MoveOutcome::Settled);
    }
    let Some(row) = TaskRow::load(&mut tx, task).await? else {
        return Ok(MoveOutcome::NotFound);
    };
    match moves::apply(&mut tx, &row, event, |_| ()).await? {
        Ok(moved) => finish_by_hand(tx, task, permit, moved.audit).await,
        Err(no) => refused(tx, task, no).await,
    }
}

async fn revise(
    mut tx: Tx<'_>,
    task: &TaskId,
    plan_no: Option<u32>,
    permit: &Permit,
    feedback: &str,
) -> Result<MoveOutcome> {
    tx.act_as(permit);
    if tx.settle().await? == Settling::Before {
        return Ok(MoveOutcome::Settled);
    }
    let Some(row) = TaskRow::load(&mut tx, task).await? else {
        return Ok(MoveOutcome::NotFound);
    };
    if plan_no.is_some_and(|seen| seen != row.plan_no) {
        return refused(tx, task, NoMove::Stale).await;
    }
    let moved = match moves::apply(&mut tx, &row, &TaskEvent::Revised, |_| ()).await? {
        Ok(moved) => moved,
        Err(no) => return refused(tx, task, no).await,
    };
    plans::set_feedback(&mut tx, &row, feedback).await?;
    let who = permit.actor().id();
    query(sql::task::FORGET_QUESTION)
        .bind(task.as_str())
        .bind(who.as_str())
        .execute(tx.conn())
        .await?;
    finish_by_hand(tx, task, permit, moved.audit).await
}

async fn finish_by_hand(
    mut tx: Tx<'_>,
    task: &TaskId,
    permit: &Permit,
    action: Option<&'static str>,
) -> Result<MoveOutcome> {
    if let Some(action) = action {
        let who = permit.actor().id();
        audit::done(&mut tx, who.as_str(), action, "done", task);
    }
    let view = views::present(&mut tx, task).await?;
    tx.commit().await?;
    Ok(MoveOutcome::Moved(view))
}

/// Nothing was changed: the transaction rolls back, and its delivery stays open for the answer.
pub(crate) async fn refused(mut tx: Tx<'_>, task: &TaskId, no: NoMove) -> Result<MoveOutcome> {
    let view = views::present(&mut tx, task).await?;
    tx.undo().await;
    Ok(match no {
        NoMove::WrongState => MoveOutcome::WrongState(view),
        NoMove::Fenced | NoMove::Stale => MoveOutcome::Stale(view),
    })
}

async fn ask(
    tx: &mut Tx<'_>,
    at: &Conversation,
    who: &UserId,
    question: &Question,
    expires_at: Timestamp,
) -> Result<()> {
    query(sql::task::ASK)
        .bind(at.platform.as_str())
        .bind(&*at.workspace)
        .bind(&*at.channel)
        .bind(at.thread.as_deref().unwrap_or_default())
        .bind(who.as_str())
        .bind(question.task.as_str())
        .bind(i64::from(question.plan_no))
        .bind(expires_at.millis())
        .execute(tx.conn())
        .await?;
    Ok(())
}
