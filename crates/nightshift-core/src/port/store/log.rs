use async_trait::async_trait;

use super::StoreError;
use crate::id::{Fence, TaskId};

/// Part of an attempt's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPart {
    pub bytes: Vec<u8>,
    /// Byte offset after `bytes`.
    pub next_offset: u64,
    /// Bytes stored so far.
    pub end: u64,
}

#[async_trait]
pub trait Logs: Send + Sync {
    /// Appends at `offset`; bytes that are there already are not written twice.
    ///
    /// - `offset` beyond the end is an error: the log has no gaps.
    /// - An old fence is refused with `false`.
    async fn append_log(
        &self,
        task: &TaskId,
        fence: Fence,
        offset: u64,
        bytes: &[u8],
    ) -> Result<bool, StoreError>;

    /// At most `limit` bytes from `offset` of the current or last attempt's output.
    async fn read_log(
        &self,
        task: &TaskId,
        fence: Fence,
        offset: u64,
        limit: u32,
    ) -> Result<LogPart, StoreError>;
}
