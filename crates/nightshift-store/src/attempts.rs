//! Attempts: started, reported on, ended; an old fence changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{
    Attempts, Finish, FinishOutcome, LeaseTerms, LeaseWord, Leased, Start, StoreError, Swept,
};
use nightshift_core::task::state::NoMove;
use nightshift_core::task::{TaskEvent, TaskState, Usage};
use nightshift_core::time::Timestamp;
use nightshift_core::wording::ending;
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::moves::{self, Step, TaskRow};
use crate::row::Columns;
use crate::statement::{query, read_back, scalar};
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

    async fn start_all(
        &self,
        starts: &[Start],
        now: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError> {
        let tx = self.change("attempt_started", now).await?;
        Ok(started(tx, starts).await?)
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
        let tx = self.change("finish", now).await?;
        Ok(end_all(tx, ends).await?)
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

/// As it is written.
#[derive(Serialize)]
struct Begun<'a> {
    task: &'a TaskId,
    fence: Fence,
    isolation: &'a str,
    deadline: i64,
}

async fn started(mut tx: Tx<'_>, starts: &[Start]) -> Result<Vec<LeaseWord>> {
    let ids: Vec<&TaskId> = starts.iter().map(|start| &start.task).collect();
    let rows = TaskRow::load_all(&mut tx, &ids).await?;
    let rows: BTreeMap<&TaskId, &TaskRow> = rows.iter().map(|row| (&row.id, row)).collect();
    let said = |start: &Start| word(rows.get(&start.task).copied(), start.fence);
    let words: Vec<LeaseWord> = starts.iter().map(said).collect();
    let held = starts.iter().zip(&words);
    let held = held.filter(|(_, word)| **word != LeaseWord::Fenced);
    let begun: Vec<Begun<'_>> = held
        .map(|(start, _)| Begun {
            task: &start.task,
            fence: start.fence,
            isolation: &start.isolation,
            deadline: start.deadline.millis(),
        })
        .collect();
    if begun.is_empty() {
        return Ok(words);
    }
    let now = tx.now.millis();
    let first = query(sql::attempt::START)
        .bind(now)
        .bind(row::list(&begun))
        .fetch_all(tx.conn())
        .await?;
    let mut first: BTreeSet<String> = first
        .iter()
        .map(|row| Columns::of(row, "attempt").text("task_id"))
        .collect::<Result<_>>()?;
    // Told again, for the answer was lost: known already.
    if first.is_empty() {
        return Ok(words);
    }
    query(sql::attempt::STARTED)
        .bind(now)
        .bind(row::list(&first))
        .execute(tx.conn())
        .await?;
    for start in begun
        .iter()
        .filter(|start| first.remove(start.task.as_str()))
    {
        let data = json!({ "fence": start.fence, "isolation": start.isolation });
        events::record(&mut tx, "attempt.started", Some(start.task), &data);
    }
    tx.commit().await?;
    Ok(words)
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
    let before: Option<String> = scalar(sql::attempt::STEP)
        .bind(task.as_str())
        .bind(fence.0)
        .fetch_one(tx.conn())
        .await?;
    let before = before.map(read_back);
    query(sql::attempt::PROGRESS)
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
        events::record(&mut tx, "attempt.progress", Some(task), &data);
        if let Some(conversation) = row.conversation {
            let now = tx.now;
            notices::card(&mut tx, conversation, task, row.plan_no, now);
        }
    }
    tx.commit().await?;
    Ok(word)
}

/// So often is a row read again that others change under our hands.
const TRIES: usize = 3;

/// Ends attempts of any tasks; each outcome at its place.
async fn end_all(mut tx: Tx<'_>, ends: &[Finish]) -> Result<Vec<FinishOutcome>> {
    let mut finished = vec![false; ends.len()];
    let mut left: Vec<usize> = (0..ends.len()).collect();
    for _ in 0..TRIES {
        let mut raced = Vec::new();
        while !left.is_empty() {
            // The second end of one task is heard when the first has been.
            let rest = left.split_off(distinct(ends, &left));
            raced.extend(end_some(&mut tx, ends, &left, &mut finished).await?);
            left = rest;
        }
        left = raced;
    }
    if let Some(one) = left.first() {
        return Err(Error::Raced(ends[*one].task.to_string()));
    }
    let outcomes = outcomes(&mut tx, ends, &finished).await?;
    tx.commit().await?;
    Ok(outcomes)
}

fn distinct(ends: &[Finish], some: &[usize]) -> usize {
    let mut tasks = BTreeSet::new();
    let tasks_of = some.iter().map(|n| &ends[*n].task);
    tasks_of.take_while(|task| tasks.insert(*task)).count()
}

/// Ends attempts of different tasks; those whose rows others changed meanwhile are given back.
async fn end_some(
    tx: &mut Tx<'_>,
    ends: &[Finish],
    some: &[usize],
    finished: &mut [bool],
) -> Result<Vec<usize>> {
    let ids: Vec<&TaskId> = some.iter().map(|n| &ends[*n].task).collect();
    let rows = TaskRow::load_all(tx, &ids).await?;
    let rows: BTreeMap<&TaskId, &TaskRow> = rows.iter().map(|row| (&row.id, row)).collect();
    let mut verdicts = Vec::with_capacity(some.len());
    for n in some {
        if let Some(row) = rows.get(&ends[*n].task) {
            verdicts.push((*n, decide(tx, &ends[*n], row).await?));
        }
    }
    let steps = verdicts.iter().filter_map(|(_, step)| step.as_ref().ok());
    let won = moves::write(tx, steps).await?;
    let mut raced = Vec::new();
    for (n, verdict) in verdicts {
        let finish = &ends[n];
        match verdict {
            Err(no) => evidence(tx, finish, no),
            Ok(_) if !won.contains(finish.task.as_str()) => raced.push(n),
            Ok(step) => {
                follow(tx, finish, &step).await?;
                finished[n] = true;
            }
        }
    }
    Ok(raced)
}

async fn decide(tx: &mut Tx<'_>, finish: &Finish, row: &TaskRow) -> Result<Result<Step, NoMove>> {
    let event = match finish.event {
        TaskEvent::Lost { fence, .. } => leases::loss(row, fence),
        ref event => event.clone(),
    };
    let run_at = match event {
        // Given back by who could not begin: nothing has failed.
        TaskEvent::LeaseReturned { .. } => tx.now,
        _ => leases::run_again_at(tx, row, &event).await?,
    };
    let detail = finish.detail.clone();
    let cancelling = match &row.state {
        TaskState::Cancelling { by, .. } => Some(by),
        _ => None,
    };
    let adjust = |next: &mut TaskRow| {
        let beaten = cancelling.filter(|_| {
            let state = &next.state;
            matches!(state, TaskState::Completed | TaskState::Failed { .. })
        });
        next.detail = match beaten {
            Some(by) => Some(ending::beat_the_cancel(by, detail.as_deref())),
            None => detail,
        };
        leases::wait_until(next, run_at);
    };
    Ok(moves::decide(tx.now, row, &event, adjust))
}

async fn follow(tx: &mut Tx<'_>, finish: &Finish, step: &Step) -> Result<()> {
    moves::follow(tx, step).await?;
    let (task, fence) = (&finish.task, finish.fence);
    tx.collected
        .total(task, fence, finish.usage, finish.log_bytes);
    if step.after.state.is_terminal() {
        tx.collected.result(task, row::json(&finish.result));
        if let Some(conversation) = step.after.conversation {
            for part in &finish.parts {
                notices::post(tx, conversation, part.clone());
            }
        }
    }
    Ok(())
}

/// A zombie spoke: kept for whoever asks why, and nothing else changes.
fn evidence(tx: &mut Tx<'_>, finish: &Finish, no: NoMove) {
    let data = json!({ "fence": finish.fence, "why": no.to_string() });
    events::record(tx, "attempt.fenced", Some(&finish.task), &data);
}

/// An end that is not among the finished changed nothing.
async fn outcomes(
    tx: &mut Tx<'_>,
    ends: &[Finish],
    finished: &[bool],
) -> Result<Vec<FinishOutcome>> {
    let ended = ends.iter().zip(finished).filter(|(_, finished)| **finished);
    let ids: Vec<&str> = ended.map(|(end, _)| end.task.as_str()).collect();
    let mut tasks = views::present_all(tx, &ids).await?;
    let outcome = |(end, finished): (&Finish, &bool)| {
        if !*finished {
            return Ok(FinishOutcome::Fenced);
        }
        let task = tasks.remove(&end.task);
        let task = task.ok_or_else(|| Error::Raced(end.task.to_string()))?;
        Ok(FinishOutcome::Finished(Box::new(task)))
    };
    ends.iter().zip(finished).map(outcome).collect()
}
