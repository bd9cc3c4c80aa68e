//! Channels, people, messages, files and modals, as a test reads them.

use serde_json::{Value, json};

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

/// A button that a person sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Button {
    pub label: String,
    pub action_id: String,
    pub block_id: String,
    pub value: Option<String>,
    pub style: Option<String>,
    pub(crate) raw: Value,
}

impl Message {
    /// Everything a person reads in it, line by line, with entities decoded.
    pub fn visible(&self) -> String {
        if self.blocks.is_empty() {
            return decode(&self.text);
        }
        let mut lines = Vec::new();
        for block in &self.blocks {
            collect_text(block, &mut lines);
        }
        decode(&lines.join("\n"))
    }

    pub fn buttons(&self) -> Vec<Button> {
        self.blocks.iter().flat_map(buttons_of).collect()
    }

    pub fn button_labels(&self) -> Vec<String> {
        self.buttons().into_iter().map(|b| b.label).collect()
    }

    /// The first button whose label contains `word`.
    pub fn button(&self, word: &str) -> Option<Button> {
        self.buttons()
            .into_iter()
            .find(|button| button.label.contains(word))
    }

    pub(crate) fn version(&self) -> Version {
        Version {
            text: self.text.clone(),
            blocks: self.blocks.clone(),
        }
    }

    /// The thread it belongs to: its parent's `ts`, or its own.
    pub(crate) fn root(&self) -> &str {
        self.thread_ts.as_deref().unwrap_or(&self.ts)
    }
}

fn buttons_of(block: &Value) -> Vec<Button> {
    let block_id = block["block_id"].as_str().unwrap_or_default();
    let in_actions = block["elements"].as_array().cloned().unwrap_or_default();
    in_actions
        .into_iter()
        .chain(block.get("accessory").cloned())
        .filter(|element| element["type"] == "button")
        .map(|raw| Button {
            label: decode(raw["text"]["text"].as_str().unwrap_or_default()),
            action_id: text_of(&raw, "action_id").unwrap_or_default(),
            block_id: block_id.to_owned(),
            value: text_of(&raw, "value"),
            style: text_of(&raw, "style"),
            raw,
        })
        .collect()
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

/// Text of a block, without the labels of buttons.
fn collect_text(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::String(text) => lines.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_text(item, lines)),
        Value::Object(map) => {
            if value["type"] == "button" || value["type"] == "actions" {
                return;
            }
            for key in ["text", "fields", "elements", "label", "title", "alt_text"] {
                if let Some(inner) = map.get(key) {
                    collect_text(inner, lines);
                }
            }
        }
        _ => {}
    }
}

/// Undoes Slack's three entities, the ampersand last.
pub(crate) fn decode(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Slack's three entities, the ampersand first.
pub(crate) fn encode(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
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

/// A form that a person sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Modal {
    pub id: String,
    pub user: String,
    pub view: Value,
    pub open: bool,
    /// What the app's last answer complained about, by block id.
    pub errors: Value,
}

impl Modal {
    pub fn title(&self) -> &str {
        self.view["title"]["text"].as_str().unwrap_or_default()
    }

    pub fn private_metadata(&self) -> &str {
        self.view["private_metadata"].as_str().unwrap_or_default()
    }

    pub fn callback_id(&self) -> &str {
        self.view["callback_id"].as_str().unwrap_or_default()
    }

    /// Block id and action id of the first input.
    pub(crate) fn first_input(&self) -> Option<(String, String)> {
        self.view["blocks"].as_array()?.iter().find_map(|block| {
            let element = block.get("element")?;
            Some((text_of(block, "block_id")?, text_of(element, "action_id")?))
        })
    }
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
        map.insert("parent_user_id".into(), bot.user.clone().into());
    }
    if message.ours {
        map.insert("bot_id".into(), bot.bot.clone().into());
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
    pub(crate) bot: String,
    pub(crate) app: String,
}
