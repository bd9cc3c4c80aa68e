//! Work of our own that happens by the clock: runs are claimed, so that of many servers one does
//! it, and people are reminded once.

use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::id::TaskId;
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{Prune, Pruned, StoreError, Timed, TimedRun};
use nightshift_core::time::Timestamp;

use crate::error::Result;
use crate::row::Columns;
use crate::statement::query;
use crate::transaction::Tx;
use crate::{SqlStore, notices, retention, sql};

/// Reminders of one run: the next one takes the rest.
const REMINDERS: i64 = 200;

#[async_trait]
impl Timed for SqlStore {
    async fn claim_run(
        &self,
        work: &str,
        every: Duration,
        now: Timestamp,
    ) -> Result<Option<TimedRun>, StoreError> {
        Ok(self.claim(work, every, now).await?)
    }

    async fn remind(&self, before: Duration, now: Timestamp) -> Result<u32, StoreError> {
        let tx = self.change("remind", now).await?;
        Ok(remind(tx, before).await?)
    }

    async fn prune(
        &self,
        what: Prune,
        keep: Duration,
        now: Timestamp,
    ) -> Result<Pruned, StoreError> {
        let tx = self.upkeep("prune", now).await?;
        Ok(retention::prune(tx, what, now.before(keep)).await?)
    }

    async fn removed_tasks(&self, limit: u32) -> Result<Vec<TaskId>, StoreError> {
        let mut conn = self.engine.read().await?;
        Ok(retention::removed(&mut conn, limit).await?)
    }

    async fn files_removed(&self, tasks: &[TaskId]) -> Result<(), StoreError> {
        let mut tx = self.engine.write("files_removed").await?;
        retention::files_removed(&mut tx, tasks).await?;
        Ok(tx.commit().await?)
    }
}

/// A row of `timer`.
struct Timer {
    last_at: Timestamp,
    next_at: Timestamp,
}

impl Timer {
    /// A run planned further away than a period was planned before the clock was put back, or the
    /// period was shortened.
    fn is_due(&self, every: Duration, now: Timestamp) -> bool {
        self.next_at <= now || self.next_at > now.after(every)
    }

    /// Runs between the one that was due and `now`.
    fn missed(&self, every: Duration, now: Timestamp) -> u32 {
        let period = every.as_millis().max(1);
        let late = now.since(self.next_at).as_millis();
        u32::try_from(late / period).unwrap_or(u32::MAX)
    }
}

impl SqlStore {
    async fn claim(&self, work: &str, every: Duration, now: Timestamp) -> Result<Option<TimedRun>> {
        let before = self.timer(work).await?;
        if before
            .as_ref()
            .is_some_and(|timer| !timer.is_due(every, now))
        {
            return Ok(None);
        }
        let next = now.after(every).millis();
        let mut tx = self.engine.write("claim_run").await?;
        let claimed = match &before {
            None => {
                let first = query(sql::timed::FIRST_RUN);
                first.bind(work).bind(now.millis()).bind(next)
            }
            Some(timer) => query(sql::timed::CLAIM_RUN)
                .bind(work)
                .bind(now.millis())
                .bind(next)
                .bind(timer.last_at.millis())
                .bind(timer.next_at.millis()),
        };
        let claimed = claimed.execute(&mut tx).await?;
        tx.commit().await?;
        Ok((claimed.rows_affected() == 1).then(|| TimedRun {
            last_at: before.as_ref().map(|timer| timer.last_at),
            missed: before.map_or(0, |timer| timer.missed(every, now)),
        }))
    }

    async fn timer(&self, work: &str) -> Result<Option<Timer>> {
        let mut conn = self.engine.read().await?;
        let row = query(sql::timed::TIMER)
            .bind(work)
            .fetch_optional(&mut conn)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let row = Columns::of(&row, "timer");
        Ok(Some(Timer {
            last_at: row.time("last_at")?,
            next_at: row.time("next_at")?,
        }))
    }
}

async fn remind(mut tx: Tx<'_>, before: Duration) -> Result<u32> {
    let now = tx.now;
    let rows = query(sql::timed::TO_REMIND)
        .bind(now.millis())
        .bind(now.after(before).millis())
        .bind(REMINDERS)
        .fetch_all(tx.conn())
        .await?;
    let mut reminded = 0;
    for row in &rows {
        let row = Columns::of(row, "approval_request");
        let marked = query(sql::timed::MARK_REMINDED)
            .bind(row.text("request_id")?)
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        if marked.rows_affected() != 1 {
            continue;
        }
        let task: TaskId = row
            .text("task_id")?
            .parse()
            .map_err(|e| row.corrupt("task_id", &e))?;
        let plan_no = row.count("plan_no")?;
        let notice = Notice::ApprovalReminder { task, plan_no };
        notices::post(&mut tx, row.int("conversation_id")?, notice);
        reminded += 1;
    }
    tx.commit().await?;
    Ok(reminded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * 60_000)
    }

    #[test]
    fn a_run_is_due_at_its_time_and_when_it_was_planned_under_another_clock() {
        let timer = Timer {
            last_at: at(0),
            next_at: at(60),
        };
        assert!(!timer.is_due(HOUR, at(59)));
        assert!(timer.is_due(HOUR, at(60)));
        assert!(!timer.is_due(HOUR, at(0)), "the whole period is ahead");
        assert!(timer.is_due(HOUR, at(-1)), "the clock was put back");
    }

    #[test]
    fn missed_runs_are_counted() {
        let timer = Timer {
            last_at: at(0),
            next_at: at(60),
        };
        assert_eq!(timer.missed(HOUR, at(60)), 0);
        assert_eq!(timer.missed(HOUR, at(119)), 0);
        assert_eq!(timer.missed(HOUR, at(180)), 2);
        assert_eq!(timer.missed(HOUR, at(-500)), 0);
    }
}
