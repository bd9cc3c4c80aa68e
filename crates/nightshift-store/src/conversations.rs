//! Places where messages go, and the order of messages in each.

use nightshift_core::chat::Conversation;

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::Columns;
use crate::statement::scalar;
use crate::transaction::Tx;
use crate::{lock, sql};

/// The row of a place that several tasks may share.
pub(crate) async fn shared(tx: &mut Tx<'_>, at: &Conversation) -> Result<i64> {
    if let Some(id) = find(tx, at).await? {
        return Ok(id);
    }
    let name = format!(
        "place {} {} {} {:?}",
        at.platform, at.workspace, at.channel, at.thread
    );
    lock::named(tx.conn(), &name).await?;
    match find(tx, at).await? {
        Some(id) => Ok(id),
        None => insert(tx.conn(), at, Sharing::Shared, 0).await,
    }
}

async fn find(tx: &mut Tx<'_>, at: &Conversation) -> Result<Option<i64>> {
    let found = scalar(sql::outbox::FIND_CONVERSATION)
        .bind(at.platform.as_str())
        .bind(&*at.workspace)
        .bind(&*at.channel)
        .bind(at.thread.as_deref())
        .fetch_optional(tx.conn())
        .await?;
    Ok(found)
}

/// Where a task's messages go: below its own first message, or in the thread it came from.
pub(crate) async fn for_task(tx: &mut Tx<'_>, at: &Conversation) -> Result<i64> {
    if at.thread.is_some() {
        shared(tx, at).await
    } else {
        insert(tx.conn(), at, Sharing::OwnThread, 0).await
    }
}

/// A row for one task that goes on where the numbering of another one ends.
pub(crate) async fn continued(tx: &mut Tx<'_>, at: &Conversation, old: i64) -> Result<i64> {
    let next_seq: i64 = scalar(sql::outbox::SEQ_OF)
        .bind(old)
        .fetch_one(tx.conn())
        .await?;
    insert(tx.conn(), at, Sharing::OwnThread, next_seq).await
}

#[derive(Clone, Copy)]
enum Sharing {
    Shared,
    OwnThread,
}

async fn insert(
    conn: &mut Conn,
    at: &Conversation,
    sharing: Sharing,
    next_seq: i64,
) -> Result<i64> {
    let id = scalar(sql::outbox::OPEN_CONVERSATION)
        .bind(at.platform.as_str())
        .bind(&*at.workspace)
        .bind(&*at.channel)
        .bind(at.thread.as_deref())
        .bind(i64::from(matches!(sharing, Sharing::OwnThread)))
        .bind(next_seq)
        .fetch_one(conn)
        .await?;
    Ok(id)
}

pub(crate) async fn next_seq(tx: &mut Tx<'_>, conversation: i64) -> Result<i64> {
    let seq = scalar(sql::outbox::NEXT_SEQ)
        .bind(conversation)
        .fetch_one(tx.conn())
        .await?;
    Ok(seq)
}

/// Reads the columns `platform, workspace, channel, thread`.
pub(crate) fn read(row: &Columns<'_>) -> Result<Conversation> {
    Ok(Conversation {
        platform: nightshift_core::id::Platform::new(row.text("platform")?),
        workspace: row.text("workspace")?,
        channel: row.text("channel")?,
        thread: row.maybe_text("thread")?,
    })
}
