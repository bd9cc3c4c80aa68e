//! The outbox: each conversation in its order, the newest revision of a card, at least once.

mod bucket;
mod claim;
mod pace;
pub(crate) mod queue;
mod readdress;
mod relay;
pub(crate) mod turn;

use async_trait::async_trait;
use nightshift_core::chat::budget::{Act, Budgets};
use nightshift_core::chat::{Conversation, MessageRef};
use nightshift_core::id::{Platform, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{Blocked, Outbox, OutboxItem, Outgoing, StoreError};
use nightshift_core::time::Timestamp;
use serde_json::json;

use crate::error::{Error, Result};
use crate::row::{self, Columns};
use crate::statement::{Dialect, query};
use crate::transaction::Tx;
use crate::{SqlStore, events, lock, notices, sql};

#[async_trait]
impl Outbox for SqlStore {
    async fn enqueue(&self, outgoing: &[Outgoing], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.change("enqueue", now).await?;
        notices::send(&mut tx, outgoing).await?;
        Ok(tx.commit().await?)
    }

    async fn claim_outbox(
        &self,
        sender: &Sender,
        limit: u32,
        budgets: &Budgets,
        now: Timestamp,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        Ok(claim::run(self, sender, limit, budgets, now).await?)
    }

    async fn sent(
        &self,
        item: &OutboxItem,
        message: Option<&MessageRef>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("sent", now).await?;
        Ok(sent(tx, item, message).await?)
    }

    async fn postpone(
        &self,
        item: &OutboxItem,
        until: Timestamp,
        unsure: bool,
        error: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("postpone", until).await?;
        let Some(stored) = Stored::own(&mut tx, item).await? else {
            return Ok(());
        };
        merge_newer(&mut tx, &stored).await?;
        query(sql::outbox::POSTPONE)
            .bind(item.id)
            .bind(until.millis())
            .bind(i64::from(unsure))
            .bind(error)
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
        turn::seat(&mut tx, stored.conversation).await?;
        Ok(tx.commit().await?)
    }

    async fn give_up(
        &self,
        item: &OutboxItem,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("give_up", now).await?;
        Ok(give_up(tx, item, error).await?)
    }

    async fn readdress(
        &self,
        item: &OutboxItem,
        to: &Conversation,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("readdress", now).await?;
        Ok(readdress::run(tx, item, to).await?)
    }

    async fn relay(
        &self,
        item: &OutboxItem,
        to: &[Conversation],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("relay", now).await?;
        Ok(relay::run(tx, item, to).await?)
    }

    async fn block(
        &self,
        what: &Blocked,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("block", now).await?;
        Ok(block(tx, what, until).await?)
    }

    async fn unblock(
        &self,
        platform: &Platform,
        workspace: &str,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("unblock", beyond).await?;
        query(sql::send::UNBLOCK)
            .bind(platform.as_str())
            .bind(workspace)
            .bind(beyond.millis())
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
        Ok(tx.commit().await?)
    }

    async fn next_due(
        &self,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        Ok(claim::next_due(self, sender, now).await?)
    }
}

async fn block(mut tx: Tx<'_>, what: &Blocked, until: Timestamp) -> Result<()> {
    lock::named(tx.conn(), BUDGETS).await?;
    let workspace = what.workspace.as_deref().unwrap_or_default();
    let channel = what.channel.as_deref().unwrap_or_default();
    query(sql::send::BLOCK)
        .bind(what.platform.as_str())
        .bind(workspace)
        .bind(channel)
        .bind(what.act.map_or("", Act::word))
        .bind(until.millis())
        .execute(tx.conn())
        .await?;
    if let Some(act) = what.act {
        query(sql::send::DRAIN)
            .bind(what.platform.as_str())
            .bind(workspace)
            .bind(channel)
            .bind(act.word())
            .bind(until.millis())
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await
}

/// Whoever spends of the platforms' budgets has this lock.
const BUDGETS: &str = "budgets";

/// What the store itself knows of a message that is being sent.
struct Stored {
    id: i64,
    conversation: i64,
    task: Option<TaskId>,
    key: Option<String>,
    is_whisper: bool,
    sender: Option<String>,
}

impl Stored {
    /// As [`Stored::load`]; also `None` when somebody else has taken the sending over: what became
    /// of our try is not for us to say, unless it arrived.
    async fn own(tx: &mut Tx<'_>, item: &OutboxItem) -> Result<Option<Self>> {
        let stored = Self::load(tx, item.id).await?;
        let ours = |stored: &Self| stored.sender.as_ref().is_none_or(|by| *by == item.sender);
        Ok(stored.filter(ours))
    }

    /// `None` when the message was sent or given up before: the call changes nothing.
    async fn load(tx: &mut Tx<'_>, item: i64) -> Result<Option<Self>> {
        let Some(stored) = Self::read(tx, item).await? else {
            return Ok(None);
        };
        // What follows tells of the task and changes its messages; it may have been moved or
        // settled while we waited for it.
        if let Some(task) = &stored.task
            && tx.conn().dialect() == Dialect::Postgres
        {
            lock::tasks(tx, [task.to_string()].into()).await?;
            return Self::read(tx, item).await;
        }
        Ok(Some(stored))
    }

    async fn read(tx: &mut Tx<'_>, item: i64) -> Result<Option<Self>> {
        let row = query(sql::outbox::ITEM)
            .bind(item)
            .fetch_optional(tx.conn())
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let row = Columns::of(&row, "outbox");
        if !matches!(row.text("state")?.as_str(), "pending" | "sending") {
            return Ok(None);
        }
        Ok(Some(Self {
            id: row.int("outbox_id")?,
            conversation: row.int("conversation_id")?,
            task: match row.maybe_text("task_id")? {
                None => None,
                Some(id) => Some(id.parse().map_err(|e| row.corrupt("task_id", &e))?),
            },
            key: row.maybe_text("message_key")?,
            is_whisper: row.maybe_text("whisper_to")?.is_some(),
            sender: row.maybe_text("sender")?,
        }))
    }
}

async fn settle(tx: &mut Tx<'_>, id: i64, state: &str, error: Option<&str>) -> Result<()> {
    let now = tx.now.millis();
    query(sql::outbox::SETTLE)
        .bind(id)
        .bind(state)
        .bind(now)
        .bind(error)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn sent(mut tx: Tx<'_>, item: &OutboxItem, message: Option<&MessageRef>) -> Result<()> {
    let Some(stored) = Stored::load(&mut tx, item.id).await? else {
        return Ok(());
    };
    settle(&mut tx, stored.id, "sent", None).await?;
    if let (Some(message), false) = (message, stored.is_whisper) {
        remember(&mut tx, &stored, message).await?;
    }
    if let (Notice::TaskCard { task, plan_no }, true, None) =
        (&item.notice, item.unsure, &item.message)
    {
        // What was found of an earlier try shows the card as it was then.
        let now = tx.now;
        notices::card(&mut tx, stored.conversation, task, *plan_no, now);
    }
    turn::seat(&mut tx, stored.conversation).await?;
    let data = json!({
        "marker": item.marker,
        "notice": notices::word(&item.notice),
        "message": message.map(|message| &message.id),
    });
    events::record(&mut tx, "message.sent", stored.task.as_ref(), &data);
    tx.commit().await
}

/// Keeps where the message is, and makes it the thread's root where there is none yet.
async fn remember(tx: &mut Tx<'_>, stored: &Stored, message: &MessageRef) -> Result<()> {
    if let Some(key) = &stored.key {
        query(sql::outbox::REMEMBER_MESSAGE)
            .bind(&**key)
            .bind(stored.task.as_ref().map(TaskId::as_str))
            .bind(stored.conversation)
            .bind(&*message.channel)
            .bind(&*message.id)
            .execute(tx.conn())
            .await?;
    }
    query(sql::outbox::ROOT_THREAD)
        .bind(stored.conversation)
        .bind(&*message.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn give_up(mut tx: Tx<'_>, item: &OutboxItem, error: &str) -> Result<()> {
    let Some(stored) = Stored::own(&mut tx, item).await? else {
        return Ok(());
    };
    settle(&mut tx, stored.id, "dead", Some(error)).await?;
    turn::seat(&mut tx, stored.conversation).await?;
    let data = json!({
        "marker": item.marker,
        "notice": notices::word(&item.notice),
        "error": error,
    });
    events::record(&mut tx, "message.failed", stored.task.as_ref(), &data);
    tx.commit().await
}

/// A revision that was queued while this one was on its way is rendered by this one's next try.
async fn merge_newer(tx: &mut Tx<'_>, stored: &Stored) -> Result<()> {
    let Some(key) = &stored.key else {
        return Ok(());
    };
    query(sql::outbox::MERGE_NEWER)
        .bind(&**key)
        .bind(stored.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The same of one message, which somebody else was sending.
pub(crate) async fn doubt_one(mut tx: Tx<'_>, id: i64) -> Result<()> {
    let Some(stored) = Stored::load(&mut tx, id).await? else {
        return Ok(());
    };
    merge_newer(&mut tx, &stored).await?;
    query(sql::attempt::UNSURE)
        .bind(row::list(&[id]))
        .execute(tx.conn())
        .await?;
    turn::seat(&mut tx, stored.conversation).await?;
    tx.commit().await
}

/// After a crash of this server nobody knows whether what it was sending arrived.
pub(crate) async fn doubt(tx: &mut Tx<'_>, server: &str) -> Result<()> {
    queue::flush(tx).await?;
    let rows = query(sql::outbox::IN_FLIGHT)
        .bind(format!("{server}/"))
        .fetch_all(tx.conn())
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    let mut conversations = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Columns::of(row, "outbox");
        let id = row.int("outbox_id")?;
        if let Some(key) = row.maybe_text("message_key")? {
            query(sql::outbox::MERGE_NEWER)
                .bind(key)
                .bind(id)
                .execute(tx.conn())
                .await?;
        }
        ids.push(id);
        conversations.push(row.int("conversation_id")?);
    }
    query(sql::attempt::UNSURE)
        .bind(row::list(&ids))
        .execute(tx.conn())
        .await?;
    for conversation in conversations {
        turn::seat(tx, conversation).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
