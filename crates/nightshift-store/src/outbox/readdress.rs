//! To another conversation instead: what one task has still to say moves as a whole.

use nightshift_core::chat::Conversation;
use nightshift_core::id::TaskId;
use nightshift_core::port::store::OutboxItem;

use super::{Stored, turn};
use crate::error::Result;
use crate::statement::query;
use crate::transaction::Tx;
use crate::{conversations, sql};

pub(super) async fn run(mut tx: Tx<'_>, item: &OutboxItem, to: &Conversation) -> Result<()> {
    let Some(stored) = Stored::own(&mut tx, item).await? else {
        return Ok(());
    };
    super::merge_newer(&mut tx, &stored).await?;
    turn::unseat(&mut tx, stored.conversation).await?;
    let next = match &stored.task {
        Some(task) if !stored.is_whisper => move_task(&mut tx, &stored, task, to).await?,
        _ => move_one(&mut tx, &stored, to).await?,
    };
    let now = tx.now.millis();
    query(sql::outbox::AGAIN)
        .bind(stored.id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    turn::seat(&mut tx, stored.conversation).await?;
    turn::seat(&mut tx, next).await?;
    tx.commit().await
}

/// Other tasks that speak in the old place are not moved: their askers are other people.
async fn move_task(
    tx: &mut Tx<'_>,
    stored: &Stored,
    task: &TaskId,
    to: &Conversation,
) -> Result<i64> {
    let next = conversations::continued(tx, to, stored.conversation).await?;
    query(sql::outbox::MOVE_TASK)
        .bind(stored.conversation)
        .bind(task.as_str())
        .bind(next)
        .execute(tx.conn())
        .await?;
    query(sql::task::SET_CONVERSATION)
        .bind(task.as_str())
        .bind(next)
        .execute(tx.conn())
        .await?;
    query(sql::outbox::FORGET_MESSAGES)
        .bind(task.as_str())
        .execute(tx.conn())
        .await?;
    Ok(next)
}

async fn move_one(tx: &mut Tx<'_>, stored: &Stored, to: &Conversation) -> Result<i64> {
    let next = conversations::shared(tx, to).await?;
    let seq = conversations::next_seq(tx, next).await?;
    query(sql::outbox::MOVE_ONE)
        .bind(stored.id)
        .bind(next)
        .bind(seq)
        .execute(tx.conn())
        .await?;
    Ok(next)
}
