//! Questions about tasks that change nothing.

use std::collections::BTreeMap;

use nightshift_core::chat::Conversation;
use nightshift_core::id::{ActionToken, TaskId, UserId};
use nightshift_core::plan::{Actual, History};
use nightshift_core::port::store::{ActionTarget, CardVerb, Page, Question, TaskFilter};
use nightshift_core::task::{Task, TaskKind};
use nightshift_core::time::Timestamp;

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::Columns;
use crate::statement::{query, scalar};
use crate::{sql, views};

/// A page holds at most this many, whatever is asked for.
const LONGEST_PAGE: u32 = 1000;

pub(crate) async fn list(conn: &mut Conn, filter: &TaskFilter) -> Result<Page<Task>> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE);
    let (before, below) = filter
        .cursor
        .as_deref()
        .and_then(read_cursor)
        .unwrap_or((i64::MAX, ""));
    let rows = query(sql::task::LIST)
        .bind(filter.state.as_deref())
        .bind(filter.owner.as_ref().map(UserId::as_str))
        .bind(filter.text.as_deref().filter(|text| !text.is_empty()))
        .bind(before)
        .bind(below)
        .bind(i64::from(limit) + 1)
        .fetch_all(&mut *conn)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Columns::of(row, "task");
        found.push((row.text("task_id")?, row.int("created_at")?));
    }
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|(id, at)| format!("{at}.{id}"));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    let items = views::load(conn, &ids).await?;
    Ok(Page { items, next_cursor })
}

/// `<created_at>.<task_id>` of the last task of the page before; another text starts anew.
fn read_cursor(cursor: &str) -> Option<(i64, &str)> {
    let (at, id) = cursor.split_once('.')?;
    Some((at.parse().ok()?, id))
}

pub(crate) async fn actions(
    conn: &mut Conn,
    task: &TaskId,
    plan_no: u32,
) -> Result<BTreeMap<CardVerb, ActionToken>> {
    let rows = query(sql::task::ACTIONS)
        .bind(task.as_str())
        .bind(i64::from(plan_no))
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "action");
            let verb = row.word("verb", CardVerb::from_name)?;
            Ok((verb, ActionToken::new(row.text("token")?)))
        })
        .collect()
}

pub(crate) async fn action(conn: &mut Conn, token: &ActionToken) -> Result<Option<ActionTarget>> {
    let row = query(sql::task::ACTION)
        .bind(token.as_str())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = Columns::of(&row, "action");
    Ok(Some(ActionTarget {
        task: row.word("task_id", |text| text.parse().ok())?,
        plan_no: row.count("plan_no")?,
        verb: row.word("verb", CardVerb::from_name)?,
    }))
}

pub(crate) async fn question(
    conn: &mut Conn,
    at: &Conversation,
    who: &UserId,
    now: Timestamp,
) -> Result<Option<Question>> {
    let row = query(sql::task::QUESTION)
        .bind(at.platform.as_str())
        .bind(&*at.workspace)
        .bind(&*at.channel)
        .bind(at.thread.as_deref().unwrap_or_default())
        .bind(who.as_str())
        .bind(now.millis())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = Columns::of(&row, "question");
    Ok(Some(Question {
        task: row.word("task_id", |text| text.parse().ok())?,
        plan_no: row.count("plan_no")?,
    }))
}

pub(crate) async fn queue_position(conn: &mut Conn, task: &TaskId) -> Result<Option<u32>> {
    let position: i64 = scalar(sql::task::QUEUE_POSITION)
        .bind(task.as_str())
        .fetch_one(conn)
        .await?;
    Ok(u32::try_from(position).ok().filter(|place| *place > 0))
}

pub(crate) async fn history(
    conn: &mut Conn,
    kind: TaskKind,
    subject: &str,
    project: Option<&str>,
    limit: u32,
) -> Result<History> {
    let rows = query(sql::task::HISTORY)
        .bind(kind.name())
        .bind(subject)
        .bind(project.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    let mut actuals = Vec::with_capacity(rows.len());
    for row in &rows {
        let used = views::read_usage(&Columns::of(row, "attempt"))?;
        actuals.push(Actual {
            tokens: used.tokens,
            usd: used.usd,
            seconds: used.seconds,
        });
    }
    Ok(History { actuals })
}
