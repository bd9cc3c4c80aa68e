//! The built-in page's own memory.

use async_trait::async_trait;
use nightshift_core::id::Seq;
use nightshift_core::port::store::{PageMessage, Pages, StoreError};

use sqlx::any::AnyRow;

use crate::SqlStore;
use crate::error::Result;
use crate::lock;
use crate::row::Columns;
use crate::sql;
use crate::statement::{query, scalar};

#[async_trait]
impl Pages for SqlStore {
    async fn put_page_message(&self, message: &PageMessage) -> Result<Seq, StoreError> {
        Ok(self.put(message).await?)
    }

    async fn page_message(&self, id: &str) -> Result<Option<PageMessage>, StoreError> {
        Ok(self.message(id).await?)
    }

    async fn page_messages(
        &self,
        channel: &str,
        reader: &str,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<PageMessage>, StoreError> {
        Ok(self.messages(channel, reader, after, limit).await?)
    }
}

impl SqlStore {
    async fn put(&self, message: &PageMessage) -> Result<Seq> {
        let mut tx = self.engine.write("put_page_message").await?;
        // The next number comes from the last one.
        lock::named(&mut tx, "page").await?;
        let seq: i64 = scalar(sql::page::PUT)
            .bind(&*message.id)
            .bind(&*message.channel)
            .bind(message.thread.as_deref())
            .bind(message.author.as_deref())
            .bind(message.only_for.as_deref())
            .bind(&*message.body)
            .bind(message.at.millis())
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(Seq(seq))
    }

    async fn message(&self, id: &str) -> Result<Option<PageMessage>> {
        let mut conn = self.engine.read().await?;
        let row = query(sql::page::MESSAGE)
            .bind(id)
            .fetch_optional(&mut conn)
            .await?;
        row.as_ref().map(message).transpose()
    }

    async fn messages(
        &self,
        channel: &str,
        reader: &str,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<PageMessage>> {
        let mut conn = self.engine.read().await?;
        let rows = query(sql::page::MESSAGES)
            .bind(channel)
            .bind(reader)
            .bind(after.0)
            .bind(i64::from(limit))
            .fetch_all(&mut conn)
            .await?;
        rows.iter().map(message).collect()
    }
}

fn message(row: &AnyRow) -> Result<PageMessage> {
    let row = Columns::of(row, "page_message");
    Ok(PageMessage {
        id: row.text("page_message_id")?,
        seq: Seq(row.int("seq")?),
        channel: row.text("channel")?,
        thread: row.maybe_text("thread")?,
        author: row.maybe_text("author")?,
        only_for: row.maybe_text("only_for")?,
        body: row.text("body")?,
        at: row.time("at")?,
    })
}
