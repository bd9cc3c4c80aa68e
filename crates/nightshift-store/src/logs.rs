//! Output of attempts: one gapless sequence of bytes per attempt.

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::store::{LogPart, Logs, StoreError};

use crate::SqlStore;
use crate::engine::connection::Conn;
use crate::engine::turns::Rank;
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::sql;
use crate::statement::{query, scalar};

#[async_trait]
impl Logs for SqlStore {
    async fn append_log(
        &self,
        task: &TaskId,
        fence: Fence,
        offset: u64,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        Ok(self.append(task, fence, offset, bytes).await?)
    }

    async fn read_log(
        &self,
        task: &TaskId,
        fence: Fence,
        offset: u64,
        limit: u32,
    ) -> Result<LogPart, StoreError> {
        let mut tx = self.engine.snapshot().await?;
        Ok(read(&mut tx, task, fence, offset, limit).await?)
    }
}

impl SqlStore {
    async fn append(&self, task: &TaskId, fence: Fence, offset: u64, bytes: &[u8]) -> Result<bool> {
        let mut tx = self.engine.write_as("append_log", Rank::Later).await?;
        let current: i64 = scalar(sql::log::CURRENT)
            .bind(task.as_str())
            .bind(fence.0)
            .fetch_one(&mut tx)
            .await?;
        if current == 0 {
            return Ok(false);
        }
        let end = end(&mut tx, task, fence).await?;
        if offset > end {
            let task = task.to_string();
            return Err(Error::LogGap { task, end, offset });
        }
        // What is there already is not written twice.
        let known = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) else {
            return Ok(true);
        };
        query(sql::log::APPEND)
            .bind(task.as_str())
            .bind(fence.0)
            .bind(end as i64)
            .bind(fresh.len() as i64)
            .bind(fresh)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn end(conn: &mut Conn, task: &TaskId, fence: Fence) -> Result<u64> {
    let end: Option<i64> = scalar(sql::log::END)
        .bind(task.as_str())
        .bind(fence.0)
        .fetch_optional(conn)
        .await?;
    Ok(end.unwrap_or(0) as u64)
}

async fn read(
    conn: &mut Conn,
    task: &TaskId,
    fence: Fence,
    offset: u64,
    limit: u32,
) -> Result<LogPart> {
    let end = end(conn, task, fence).await?;
    let from = offset.min(end);
    let to = from.saturating_add(u64::from(limit));
    let rows = query(sql::log::READ)
        .bind(task.as_str())
        .bind(fence.0)
        .bind(from as i64)
        .bind(i64::try_from(to).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    let mut bytes = Vec::new();
    for row in &rows {
        let row = Columns::of(row, "log_chunk");
        let off = row.int("off")? as u64;
        let data = row.bytes("data")?;
        let skip = from.saturating_sub(off) as usize;
        bytes.extend_from_slice(data.get(skip..).unwrap_or_default());
    }
    bytes.truncate(limit as usize);
    Ok(LogPart {
        next_offset: from + bytes.len() as u64,
        bytes,
        end,
    })
}
