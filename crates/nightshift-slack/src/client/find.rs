//! Looks for a message of ours that may or may not have arrived.

use nightshift_core::chat::{Conversation, MessageRef};
use nightshift_core::port::ChatError;
use serde_json::Value;

use super::Client;

/// `metadata.event_type` of every message of ours; the payload's `key` is the marker.
pub(super) const EVENT_TYPE: &str = "nightshift_message";

/// Messages per page, and pages: threads come oldest first, so ours is on the last page.
const PAGE: &str = "200";
const PAGES: usize = 5;

impl Client {
    /// The message with this marker in the thread, or among the channel's newest.
    pub(crate) async fn find(
        &self,
        to: &Conversation,
        key: &str,
    ) -> Result<Option<MessageRef>, ChatError> {
        let channel = self.conversation_id(&to.channel).await?;
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let page = self.page(&channel, to.thread.as_deref(), &cursor).await?;
            if let Some(id) = marked(&page, key) {
                return Ok(Some(MessageRef { channel, id }));
            }
            let next = page.pointer("/response_metadata/next_cursor");
            match next.and_then(Value::as_str) {
                // A channel comes newest first: what is not on its first page is older than the try.
                Some(next) if !next.is_empty() && to.thread.is_some() => {
                    next.clone_into(&mut cursor);
                }
                _ => break,
            }
        }
        Ok(None)
    }

    async fn page(
        &self,
        channel: &str,
        thread: Option<&str>,
        cursor: &str,
    ) -> Result<Value, ChatError> {
        let mut query = vec![
            ("channel", channel),
            ("include_all_metadata", "true"),
            ("limit", PAGE),
        ];
        if !cursor.is_empty() {
            query.push(("cursor", cursor));
        }
        match thread {
            Some(ts) => {
                query.push(("ts", ts));
                self.ask("conversations.replies", &query).await
            }
            None => self.ask("conversations.history", &query).await,
        }
    }
}

fn marked(page: &Value, key: &str) -> Option<String> {
    let messages = page.get("messages")?.as_array()?;
    let ours = messages.iter().find(|message| {
        let metadata = |pointer| message.pointer(pointer).and_then(Value::as_str);
        metadata("/metadata/event_type") == Some(EVENT_TYPE)
            && metadata("/metadata/event_payload/key") == Some(key)
    })?;
    Some(ours.get("ts")?.as_str()?.to_owned())
}
