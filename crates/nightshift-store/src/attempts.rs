//! Attempts: started, reported on, ended; an old fence changes nothing.

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{
    Attempts, Finish, FinishOutcome, LeaseTerms, LeaseWord, Leased, StoreError, Swept,
};
use nightshift_core::task::state::NoMove;
use nightshift_core::task::{TaskEvent, TaskState, Usage};
use nightshift_core::time::Timestamp;
use nightshift_core::wording::ending;
use serde_json::json;

use crate::error::Result;
use crate::moves::{self, TaskRow};
use crate::transaction::Tx;
use crate::{SqlStore, events, leases, notices, row, sql, views};

#[async_trait]
impl Attempts for SqlStore {
    async fn lease(
        &self,
        executor: &str,
        holder: &str,
        terms: LeaseTerms,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Leased>, StoreError> {
        let tx = self.change("lease", now).await?;
        Ok(leases::lease(tx, executor, holder, terms, limit).await?)
    }

    async fn attempt_started(
        &self,
        task: &TaskId,
        fence: Fence,
        isolation: &str,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<LeaseWord, StoreError> {
        let tx = self.change("attempt_started", now).await?;
        Ok(started(tx, task, fence, isolation, deadline).await?)
    }

    async fn attempt_progress(
        &self,
        task: &TaskId,
        fence: Fence,
        step: Option<&str>,
        usage: Usage,
        session: Option<&str>,
        now: Timestamp,
    ) -> Result<LeaseWord, StoreError> {
        let tx = self.upkeep("attempt_progress", now).await?;
        let report = Report {
            step,
            usage,
            session,
        };
        Ok(progress(tx, task, fence, &report).await?)
    }

    async fn renew(
        &self,
        holder: &str,
        held: &[(TaskId, Fence)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError> {
        let tx = self.upkeep("renew", now).await?;
        Ok(leases::renew(tx, holder, held, until).await?)
    }

    async fn finish_all(
        &self,
        ends: &[Finish],
        now: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError> {
        let mut tx = self.change("finish", now).await?;
        let mut outcomes = Vec::with_capacity(ends.len());
        for finish in ends {
            outcomes.push(end(&mut tx, finish).await?);
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let tx = self.change("sweep", now).await?;
        Ok(leases::sweep(tx).await?)
    }

    async fn recover(
        &self,
        holder: &str,
        grace: Timestamp,
        now: Timestamp,
    ) -> Result<Swept, StoreError> {
        let tx = self.change("recover", now).await?;
        Ok(leases::recover(tx, holder, grace).await?)
    }
}

/// What the store says to whoever holds this fence.
pub(crate) fn word(row: Option<&TaskRow>, fence: Fence) -> LeaseWord {
    match row.map(|row| &row.state) {
        Some(TaskState::Running { fence: held } | TaskState::Paused { fence: held })
            if *held == fence =>
        {
            LeaseWord::Keep
        }
        Some(TaskState::Cancelling { fence: held, .. }) if *held == fence => LeaseWord::Stop,
        _ => LeaseWord::Fenced,
    }
}

async fn started(
    mut tx: Tx<'_>,
    task: &TaskId,
    fence: Fence,
    isolation: &str,
    deadline: Timestamp,
) -> Result<LeaseWord> {
    let row = TaskRow::load(&mut tx, task).await?;
    let word = word(row.as_ref(), fence);
    if word == LeaseWord::Fenced {
        return Ok(word);
    }
    let now = tx.now.millis();
    let first = sqlx::query(sql::attempt::START)
        .bind(task.as_str())
        .bind(fence.0)
        .bind(now)
        .bind(isolation)
        .bind(deadline.millis())
        .execute(tx.conn())
        .await?;
    if first.rows_affected() == 1 {
        sqlx::query(sql::attempt::STARTED)
            .bind(task.as_str())
            .bind(now)
            .execute(tx.conn())
            .await?;
        let data = json!({ "fence": fence, "isolation": isolation });
        events::record(&mut tx, "attempt.started", Some(task), data).await?;
        tx.commit().await?;
    }
    Ok(word)
}

struct Report<'a> {
    step: Option<&'a str>,
    usage: Usage,
    session: Option<&'a str>,
}

async fn progress(
    mut tx: Tx<'_>,
    task: &TaskId,
    fence: Fence,
    report: &Report<'_>,
) -> Result<LeaseWord> {
    let row = TaskRow::load(&mut tx, task).await?;
    let word = word(row.as_ref(), fence);
    let (Some(row), LeaseWord::Keep | LeaseWord::Stop) = (row, word) else {
        return Ok(LeaseWord::Fenced);
    };
    let before: Option<String> = sqlx::query_scalar(sql::attempt::STEP)
        .bind(task.as_str())
        .bind(fence.0)
        .fetch_one(tx.conn())
        .await?;
    sqlx::query(sql::attempt::PROGRESS)
        .bind(task.as_str())
        .bind(fence.0)
        .bind(report.step)
        .bind(report.usage.tokens as i64)
        .bind(report.usage.usd)
        .bind(report.usage.seconds)
        .bind(report.session)
        .execute(tx.conn())
        .await?;
    if report.step.is_some() && report.step != before.as_deref() {
        let data = json!({ "fence": fence, "step": report.step });
        events::record(&mut tx, "attempt.progress", Some(task), data).await?;
        if let Some(conversation) = row.conversation {
            let now = tx.now;
            notices::card(&mut tx, conversation, task, row.plan_no, now).await?;
        }
    }
    tx.commit().await?;
    Ok(word)
}

/// Ends an attempt's row together with the move that ends it.
pub(crate) async fn close(
    tx: &mut Tx<'_>,
    task: &TaskId,
    fence: Fence,
    outcome: &str,
) -> Result<()> {
    let now = tx.now.millis();
    let closed = sqlx::query(sql::attempt::FINISH)
        .bind(task.as_str())
        .bind(fence.0)
        .bind(now)
        .bind(outcome)
        .execute(tx.conn())
        .await?;
    moves::won(closed.rows_affected(), || format!("attempt of {task}"))
}

async fn end(tx: &mut Tx<'_>, finish: &Finish) -> Result<FinishOutcome> {
    let Some(row) = TaskRow::load(tx, &finish.task).await? else {
        return Ok(FinishOutcome::Fenced);
    };
    let event = match finish.event {
        TaskEvent::Lost { fence, .. } => leases::loss(&row, fence),
        ref event => event.clone(),
    };
    let run_at = match event {
        // Given back by who could not begin: nothing has failed.
        TaskEvent::LeaseReturned { .. } => tx.now,
        _ => leases::run_again_at(tx, &row, &event).await?,
    };
    let detail = finish.detail.clone();
    let cancelling = match &row.state {
        TaskState::Cancelling { by, .. } => Some(by.clone()),
        _ => None,
    };
    let adjust = |next: &mut TaskRow| {
        let beaten = cancelling.filter(|_| {
            let state = &next.state;
            matches!(state, TaskState::Completed | TaskState::Failed { .. })
        });
        next.detail = match beaten {
            Some(by) => Some(ending::beat_the_cancel(&by, detail.as_deref())),
            None => detail,
        };
        leases::wait_until(next, run_at);
    };
    let moved = match moves::apply(tx, &row, &event, adjust).await? {
        Ok(moved) => moved,
        Err(no) => return evidence(tx, finish, no).await,
    };
    write_totals(tx, finish).await?;
    if moved.row.state.is_terminal() {
        write_result(tx, finish).await?;
        if let Some(conversation) = moved.row.conversation {
            for part in &finish.parts {
                notices::post(tx, conversation, part).await?;
            }
        }
    }
    let view = views::present(tx, &finish.task).await?;
    Ok(FinishOutcome::Finished(view))
}

/// A zombie spoke: kept for whoever asks why, and nothing else changes.
async fn evidence(tx: &mut Tx<'_>, finish: &Finish, no: NoMove) -> Result<FinishOutcome> {
    let data = json!({ "fence": finish.fence, "why": no.to_string() });
    events::record(tx, "attempt.fenced", Some(&finish.task), data).await?;
    Ok(FinishOutcome::Fenced)
}

async fn write_totals(tx: &mut Tx<'_>, finish: &Finish) -> Result<()> {
    sqlx::query(sql::attempt::TOTALS)
        .bind(finish.task.as_str())
        .bind(finish.fence.0)
        .bind(finish.usage.tokens as i64)
        .bind(finish.usage.usd)
        .bind(finish.usage.seconds)
        .bind(finish.log_bytes as i64)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_result(tx: &mut Tx<'_>, finish: &Finish) -> Result<()> {
    sqlx::query(sql::task::SET_RESULT)
        .bind(finish.task.as_str())
        .bind(row::json(&finish.result))
        .execute(tx.conn())
        .await?;
    Ok(())
}
