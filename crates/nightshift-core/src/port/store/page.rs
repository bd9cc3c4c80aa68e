use async_trait::async_trait;

use super::StoreError;
use crate::id::Seq;
use crate::time::Timestamp;

/// A message on the built-in chat page, as the page's own server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMessage {
    pub id: String,
    /// Changes at each post or edit: readers ask for what is newer.
    pub seq: Seq,
    pub channel: String,
    /// The message id of the thread's root, for replies.
    pub thread: Option<String>,
    /// The identity id of who wrote it; `None` for NightShift.
    pub author: Option<String>,
    /// Set: only this person sees it.
    pub only_for: Option<String>,
    /// The page's own JSON of the message.
    pub body: String,
    pub at: Timestamp,
}

/// The built-in page's own memory: what a chat platform's server would keep.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Adds or replaces a message by its id; returns the new `seq`.
    async fn put_page_message(&self, message: &PageMessage) -> Result<Seq, StoreError>;

    /// A message by its id.
    async fn page_message(&self, id: &str) -> Result<Option<PageMessage>, StoreError>;

    /// Messages of a channel newer than `after`, oldest first, that `reader` may see.
    async fn page_messages(
        &self,
        channel: &str,
        reader: &str,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<PageMessage>, StoreError>;
}
