//! The outbox: each conversation in its order, the newest revision of a card, at least once.

mod readdress;

use async_trait::async_trait;
use nightshift_core::chat::{Conversation, Identity, MessageRef};
use nightshift_core::id::{Platform, TaskId};
use nightshift_core::port::store::{Outbox, OutboxItem, Outgoing, StoreError, Whisper};
use nightshift_core::time::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::row::{self, Columns};
use crate::transaction::Tx;
use crate::{SqlStore, conversations, events, notices, sql};

#[async_trait]
impl Outbox for SqlStore {
    async fn enqueue(&self, outgoing: &[Outgoing], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.change("enqueue", now).await?;
        notices::send(&mut tx, outgoing).await?;
        Ok(tx.commit().await?)
    }

    async fn claim_outbox(
        &self,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let tx = self.change("claim_outbox", now).await?;
        Ok(claim(tx, limit).await?)
    }

    async fn sent(
        &self,
        item: &OutboxItem,
        message: Option<&MessageRef>,
        pace_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.change("sent", now).await?;
        Ok(sent(tx, item, message, pace_until).await?)
    }

    async fn postpone(
        &self,
        item: &OutboxItem,
        until: Timestamp,
        unsure: bool,
        error: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("postpone", until).await?;
        let Some(stored) = Stored::load(&mut tx, item).await? else {
            return Ok(());
        };
        merge_newer(&mut tx, &stored).await?;
        sqlx::query(sql::outbox::POSTPONE)
            .bind(item.id)
            .bind(until.millis())
            .bind(i64::from(unsure))
            .bind(error)
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
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

    async fn block(
        &self,
        platform: &Platform,
        workspace: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("block", until).await?;
        sqlx::query(sql::outbox::BLOCK)
            .bind(platform.as_str())
            .bind(workspace)
            .bind(until.millis())
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
        Ok(tx.commit().await?)
    }

    async fn unblock(
        &self,
        platform: &Platform,
        workspace: &str,
        beyond: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change("unblock", beyond).await?;
        sqlx::query(sql::outbox::UNBLOCK)
            .bind(platform.as_str())
            .bind(workspace)
            .bind(beyond.millis())
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
        Ok(tx.commit().await?)
    }

    async fn next_due(&self, _now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut conn = self.engine.read().await?;
        let due: Option<i64> = sqlx::query_scalar(sql::outbox::NEXT_DUE)
            .fetch_one(&mut *conn)
            .await
            .map_err(Error::from)?;
        Ok(due.map(Timestamp::from_millis))
    }
}

async fn claim(mut tx: Tx<'_>, limit: u32) -> Result<Vec<OutboxItem>> {
    let now = tx.now.millis();
    let rows = sqlx::query(sql::outbox::CLAIM)
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
    let mut items = Vec::new();
    for row in &rows {
        match read(row) {
            Ok(item) => items.push(item),
            // One that nobody can read must not hold up all others.
            Err(error) => set_aside(&mut tx, row, &error).await?,
        }
    }
    let ids: Vec<i64> = items.iter().map(|item| item.id).collect();
    sqlx::query(sql::outbox::SENDING)
        .bind(row::json(&ids))
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(items)
}

async fn set_aside(tx: &mut Tx<'_>, row: &AnyRow, error: &Error) -> Result<()> {
    let id = Columns::of(row, "outbox").int("outbox_id")?;
    tracing::error!(message.id = id, %error, "A message cannot be read; it is set aside.");
    let why = "what was stored of it cannot be read";
    settle(tx, id, "dead", Some(why)).await?;
    events::record(tx, "message.failed", None, json!({ "error": why })).await
}

fn read(row: &AnyRow) -> Result<OutboxItem> {
    let row = Columns::of(row, "outbox");
    let message = match (
        row.maybe_text("sent_channel")?,
        row.maybe_text("remote_id")?,
    ) {
        (Some(channel), Some(id)) => Some(MessageRef { channel, id }),
        _ => None,
    };
    let whisper = account(&row, "whisper_platform", "whisper_to")?;
    let handle = row.maybe_text("whisper_handle")?;
    Ok(OutboxItem {
        id: row.int("outbox_id")?,
        to: conversations::read(&row)?,
        notice: row.json("notice")?,
        whisper: whisper.map(|person| Whisper { person, handle }),
        message,
        marker: row.text("marker")?,
        unsure: row.flag("unsure")?,
        attempt: row.count("attempt")?,
        asker: account(&row, "asker_platform", "asker_id")?,
        queued_at: row.time("queued_at")?,
    })
}

fn account(
    row: &Columns<'_>,
    platform: &'static str,
    id: &'static str,
) -> Result<Option<Identity>> {
    Ok(match (row.maybe_text(platform)?, row.maybe_text(id)?) {
        (Some(platform), Some(id)) => Some(Identity {
            platform: Platform::new(platform),
            id,
        }),
        _ => None,
    })
}

/// What the store itself knows of a message that is being sent.
struct Stored {
    id: i64,
    conversation: i64,
    task: Option<TaskId>,
    key: Option<String>,
    is_whisper: bool,
}

impl Stored {
    /// `None` when the message was sent or given up before: the call changes nothing.
    async fn load(tx: &mut Tx<'_>, item: &OutboxItem) -> Result<Option<Self>> {
        let row = sqlx::query(sql::outbox::ITEM)
            .bind(item.id)
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
        }))
    }
}

async fn settle(tx: &mut Tx<'_>, id: i64, state: &str, error: Option<&str>) -> Result<()> {
    let now = tx.now.millis();
    sqlx::query(sql::outbox::SETTLE)
        .bind(id)
        .bind(state)
        .bind(now)
        .bind(error)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn sent(
    mut tx: Tx<'_>,
    item: &OutboxItem,
    message: Option<&MessageRef>,
    pace_until: Timestamp,
) -> Result<()> {
    let Some(stored) = Stored::load(&mut tx, item).await? else {
        return Ok(());
    };
    settle(&mut tx, stored.id, "sent", None).await?;
    if !stored.is_whisper {
        if let Some(message) = message {
            remember(&mut tx, &stored, message).await?;
        }
        let pace = if item.message.is_some() {
            sql::outbox::PACE_EDITS
        } else {
            sql::outbox::PACE_POSTS
        };
        sqlx::query(pace)
            .bind(stored.conversation)
            .bind(pace_until.millis())
            .execute(tx.conn())
            .await?;
    }
    let data = json!({
        "marker": item.marker,
        "notice": notices::word(&item.notice),
        "message": message.map(|message| &message.id),
    });
    events::record(&mut tx, "message.sent", stored.task.as_ref(), data).await?;
    tx.commit().await
}

/// Keeps where the message is, and makes it the thread's root where there is none yet.
async fn remember(tx: &mut Tx<'_>, stored: &Stored, message: &MessageRef) -> Result<()> {
    if let Some(key) = &stored.key {
        sqlx::query(sql::outbox::REMEMBER_MESSAGE)
            .bind(&**key)
            .bind(stored.task.as_ref().map(TaskId::as_str))
            .bind(stored.conversation)
            .bind(&*message.channel)
            .bind(&*message.id)
            .execute(tx.conn())
            .await?;
    }
    sqlx::query(sql::outbox::ROOT_THREAD)
        .bind(stored.conversation)
        .bind(&*message.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn give_up(mut tx: Tx<'_>, item: &OutboxItem, error: &str) -> Result<()> {
    let Some(stored) = Stored::load(&mut tx, item).await? else {
        return Ok(());
    };
    settle(&mut tx, stored.id, "dead", Some(error)).await?;
    let data = json!({
        "marker": item.marker,
        "notice": notices::word(&item.notice),
        "error": error,
    });
    events::record(&mut tx, "message.failed", stored.task.as_ref(), data).await?;
    tx.commit().await
}

/// A revision that was queued while this one was on its way is rendered by this one's next try.
async fn merge_newer(tx: &mut Tx<'_>, stored: &Stored) -> Result<()> {
    let Some(key) = &stored.key else {
        return Ok(());
    };
    sqlx::query(sql::outbox::MERGE_NEWER)
        .bind(&**key)
        .bind(stored.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// After a crash nobody knows whether what was being sent arrived.
pub(crate) async fn doubt(tx: &mut Tx<'_>) -> Result<()> {
    let rows = sqlx::query(sql::outbox::IN_FLIGHT)
        .fetch_all(tx.conn())
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Columns::of(row, "outbox");
        let id = row.int("outbox_id")?;
        if let Some(key) = row.maybe_text("message_key")? {
            sqlx::query(sql::outbox::MERGE_NEWER)
                .bind(key)
                .bind(id)
                .execute(tx.conn())
                .await?;
        }
        ids.push(id);
    }
    sqlx::query(sql::attempt::UNSURE)
        .bind(row::json(&ids))
        .execute(tx.conn())
        .await?;
    Ok(())
}
