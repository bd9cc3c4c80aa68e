//! Channels, people, messages, files and modals, as a test reads them.

mod modal;
mod shown;

use serde_json::{Value, json};

pub use modal::Modal;
pub use shown::Button;
pub(crate) use shown::encode;

/// What kind of conversation a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    Public,
    Private,
    /// A direct conversation of one person with the app.
    Direct,
}

impl ChannelKind {
    /// Slack's `channel_type`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Direct => "im",
        }
    }

    /// The event that carries this channel's messages.
    pub(crate) fn subscription(self) -> &'static str {
        match self {
            Self::Public => "message.channels",
            Self::Private => "message.groups",
            Self::Direct => "message.im",
        }
    }

    /// The scope that reads it.
    pub(crate) fn history_scope(self) -> &'static str {
        match self {
            Self::Public => "channels:history",
            Self::Private => "groups:history",
            Self::Direct => "im:history",
        }
    }

    pub(crate) fn read_scope(self) -> &'static str {
        match self {
            Self::Public => "channels:read",
            Self::Private => "groups:read",
            Self::Direct => "im:read",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) has_bot: bool,
    pub(crate) archived: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) team: String,
}

/// A message as it looked before an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub text: String,
    pub blocks: Vec<Value>,
}

/// A message as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub channel: String,
    pub ts: String,
    /// The parent's `ts`, for a reply.
    pub thread_ts: Option<String>,
    /// The author's user id.
    pub author: String,
    /// Posted by the app under test.
    pub ours: bool,
    pub text: String,
    pub blocks: Vec<Value>,
    pub metadata: Option<Value>,
    /// Ids of the files shared by it.
    pub files: Vec<String>,
    /// Earlier versions, oldest first.
    pub history: Vec<Version>,
    pub deleted: bool,
    pub at_ms: i64,
    pub edited_at_ms: Option<i64>,
    /// Only this person sees it.
    pub ephemeral_to: Option<String>,
    /// It holds a link, and the app did not turn unfurling off: Slack fetches the address.
    pub unfurled: bool,
}

/// A file that people see in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileShared {
    pub id: String,
    pub name: String,
    pub title: String,
    pub bytes: Vec<u8>,
    pub channel: String,
    pub thread_ts: Option<String>,
    pub comment: Option<String>,
    pub at_ms: i64,
}

/// The message as the API and the events show it.
pub(crate) fn to_json(message: &Message, bot: &Bot, with_metadata: bool) -> Value {
    let mut json = json!({
        "type": "message",
        "user": message.author,
        "text": message.text,
        "ts": message.ts,
        "team": bot.team,
    });
    let map = json.as_object_mut().expect("invariant: built as an object");
    if !message.blocks.is_empty() {
        map.insert("blocks".into(), message.blocks.clone().into());
    }
    if let Some(thread) = &message.thread_ts {
        map.insert("thread_ts".into(), thread.clone().into());
    }
    if message.ours {
        map.insert("bot_id".into(), bot.id.clone().into());
        map.insert("app_id".into(), bot.app.clone().into());
    }
    if let Some(metadata) = message.metadata.as_ref().filter(|_| with_metadata) {
        map.insert("metadata".into(), metadata.clone());
    }
    if !message.files.is_empty() {
        let files: Vec<Value> = message.files.iter().map(|id| json!({"id": id})).collect();
        map.insert("files".into(), files.into());
    }
    json
}

/// Who the app under test is in this workspace.
#[derive(Debug, Clone)]
pub(crate) struct Bot {
    pub(crate) team: String,
    pub(crate) user: String,
    pub(crate) id: String,
    pub(crate) app: String,
}
