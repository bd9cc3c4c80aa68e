//! What a transaction writes beside its moves: collected row by row, written in few statements.
//!
//! Nothing of it is read again in the same transaction before [`Tx::flush`].

use std::collections::{BTreeMap, BTreeSet};

use nightshift_core::id::{ActionToken, Fence, TaskId};
use nightshift_core::port::store::CardVerb;
use nightshift_core::task::Usage;
use nightshift_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Tx;
use crate::error::Result;
use crate::outbox::queue::Message;
use crate::statement::run;
use crate::{moves, row, sql};

#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) messages: Vec<Message>,
    rows: Rows,
}

/// One list for each statement.
#[derive(Default)]
struct Rows {
    ends: Vec<End>,
    totals: Vec<Totals>,
    leases: Vec<Lease>,
    results: Vec<ResultText>,
    actions: Vec<ActionRow>,
    lines: Vec<Line>,
    audit: Vec<AuditRow>,
}

#[derive(Serialize)]
struct End {
    task: TaskId,
    fence: Fence,
    outcome: &'static str,
}

#[derive(Serialize)]
struct Totals {
    task: TaskId,
    fence: Fence,
    tokens: i64,
    usd: f64,
    seconds: f64,
    log_bytes: i64,
}

/// An attempt that begins.
#[derive(Serialize)]
pub(crate) struct Lease {
    pub(crate) task: TaskId,
    pub(crate) fence: Fence,
    pub(crate) number: u32,
    pub(crate) plan_hash: Option<String>,
    pub(crate) executor: Option<String>,
    pub(crate) holder: Option<String>,
    pub(crate) start_by: Option<i64>,
}

#[derive(Serialize)]
struct ResultText {
    task: TaskId,
    result: String,
}

#[derive(Serialize)]
struct ActionRow {
    token: ActionToken,
    task: TaskId,
    plan_no: u32,
    verb: &'static str,
}

/// An event. One without data is left out.
#[derive(Serialize)]
struct Line {
    at: i64,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    data: Option<String>,
    /// Its place among the events of its task in the same statement, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct AuditRow {
    pub(crate) at: i64,
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
}

/// The place of an event whose data is not known yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize);

impl Collected {
    /// The attempt's row must be open: the write fails otherwise.
    pub(crate) fn end_attempt(&mut self, task: &TaskId, fence: Fence, outcome: &'static str) {
        let task = task.clone();
        self.rows.ends.push(End {
            task,
            fence,
            outcome,
        });
    }

    pub(crate) fn total(&mut self, task: &TaskId, fence: Fence, usage: Usage, log_bytes: u64) {
        self.rows.totals.push(Totals {
            task: task.clone(),
            fence,
            tokens: usage.tokens as i64,
            usd: usage.usd,
            seconds: usage.seconds,
            log_bytes: log_bytes as i64,
        });
    }

    pub(crate) fn lease(&mut self, lease: Lease) {
        self.rows.leases.push(lease);
    }

    pub(crate) fn result(&mut self, task: &TaskId, result: String) {
        let task = task.clone();
        self.rows.results.push(ResultText { task, result });
    }

    pub(crate) fn action(
        &mut self,
        token: ActionToken,
        task: &TaskId,
        plan_no: u32,
        verb: CardVerb,
    ) {
        self.rows.actions.push(ActionRow {
            token,
            task: task.clone(),
            plan_no,
            verb: verb.name(),
        });
    }

    /// Of which something is told.
    pub(super) fn tasks(&self) -> BTreeSet<String> {
        let lines = self.rows.lines.iter();
        lines.filter_map(|line| line.task.clone()).collect()
    }

    pub(crate) fn audit(&mut self, entry: AuditRow) {
        self.rows.audit.push(entry);
    }

    /// Keeps the place of an event: without [`Collected::fill`] there is none.
    pub(crate) fn reserve(
        &mut self,
        at: Timestamp,
        kind: &str,
        task: Option<&TaskId>,
        actor: Option<String>,
    ) -> Place {
        self.rows.lines.push(Line {
            at: at.millis(),
            kind: kind.to_owned(),
            task: task.map(ToString::to_string),
            actor,
            data: None,
            n: None,
        });
        Place(self.rows.lines.len() - 1)
    }

    pub(crate) fn fill(&mut self, place: Place, data: &Value) {
        self.rows.lines[place.0].data = Some(data.to_string());
    }
}

impl Rows {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.ends.len()
            + self.totals.len()
            + self.leases.len()
            + self.results.len()
            + self.actions.len()
            + self.lines.len()
            + self.audit.len()
    }

    fn number_lines(&mut self) {
        self.lines.retain(|line| line.data.is_some());
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for line in &mut self.lines {
            let Line { task, n, .. } = line;
            if let Some(task) = task.as_deref() {
                let count = counts.entry(task).or_default();
                *count += 1;
                *n = Some(*count);
            }
        }
    }
}

/// Writes the rows; what its messages are is known before.
pub(super) async fn write(tx: &mut Tx<'_>) -> Result<()> {
    let mut rows = std::mem::take(&mut tx.collected.rows);
    rows.number_lines();
    if rows.is_empty() {
        return Ok(());
    }
    let now = tx.now.millis();
    let written = run(&sql::beside::WRITE)
        .batch(row::list(&rows.ends))
        .batch(row::list(&rows.totals))
        .batch(row::list(&rows.leases))
        .batch(row::list(&rows.results))
        .batch(row::list(&rows.actions))
        .batch(row::list(&rows.lines))
        .batch(row::list(&rows.audit))
        .int(now)
        .execute(tx.conn())
        .await?;
    // Every row of a list is one row of its table, and those that end something find it open.
    moves::all_won(written, rows.len(), || "an attempt".to_owned())
}
