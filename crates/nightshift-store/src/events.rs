//! The log of what happened.

use nightshift_core::event::Event;
use nightshift_core::id::{Seq, TaskId};
use nightshift_core::time::Timestamp;
use serde_json::{Value, json};

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::{self, Columns};
use crate::statement::query;
use crate::transaction::{Place, Tx};
use crate::{horizon, sql};

/// Collected: written with the others of the transaction, in the order of the calls.
pub(crate) fn record(tx: &mut Tx<'_>, kind: &str, task: Option<&TaskId>, data: &Value) {
    let actor = tx.actor.as_ref().map(ToString::to_string);
    record_by(tx, kind, task, actor, data);
}

/// With an actor that is no user: a stranger's identity.
pub(crate) fn record_by(
    tx: &mut Tx<'_>,
    kind: &str,
    task: Option<&TaskId>,
    actor: Option<String>,
    data: &Value,
) {
    let at = tx.ordered();
    let place = tx.collected.reserve(at, kind, task, actor);
    tx.collected.fill(place, data);
}

/// The place of an event that may come to nothing.
pub(crate) fn reserve(tx: &mut Tx<'_>, kind: &str, task: Option<&TaskId>) -> Place {
    let actor = tx.actor.as_ref().map(ToString::to_string);
    let at = tx.ordered();
    tx.collected.reserve(at, kind, task, actor)
}

/// One line of a batch about no task.
pub(crate) fn line(kind: &'static str, at: Timestamp, data: &Value) -> Value {
    json!({ "kind": kind, "at": at.millis(), "data": data.to_string() })
}

pub(crate) async fn record_batch(tx: &mut Tx<'_>, lines: &[Value]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    tx.flush().await?;
    query(sql::event::RECORD_BATCH)
        .bind(row::list(&lines))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// `kind` may end in `.` for a whole family.
pub(crate) async fn after(
    conn: &mut Conn,
    after: Seq,
    kind: Option<&str>,
    task: Option<&TaskId>,
    limit: u32,
) -> Result<Vec<Event>> {
    // Events of one task are written under its row's lock, one after the other.
    let horizon = match task {
        Some(_) => i64::MAX,
        None => horizon::read(conn).await?,
    };
    let family = kind.filter(|kind| kind.ends_with('.'));
    let exact = kind.filter(|kind| !kind.ends_with('.'));
    let rows = query(sql::event::EVENTS)
        .bind(after.0)
        .bind(exact)
        .bind(family)
        .bind(task.map(TaskId::as_str))
        .bind(i64::from(limit))
        .bind(horizon)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "event");
            Ok(Event {
                seq: Seq(row.int("seq")?),
                at: row.time("at")?,
                kind: row.text("kind")?,
                task_id: match row.maybe_text("task_id")? {
                    None => None,
                    Some(id) => Some(id.parse().map_err(|e| row.corrupt("task_id", &e))?),
                },
                actor: row.maybe_text("actor")?,
                data: row.json("data")?,
            })
        })
        .collect()
}
