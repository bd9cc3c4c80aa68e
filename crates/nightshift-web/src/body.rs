//! What a message of the page holds, as it is stored; and how the page's script sees it.

use nightshift_core::card::{Attachment, Card};
use nightshift_core::port::store::PageMessage;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Kept in the message's row, which pages read again at each load.
const LARGEST_FILE: usize = 1 << 20;

/// The stored form. Variants are added, never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub(crate) enum Body {
    /// A person's own words.
    Said {
        text: String,
    },
    /// A message of ours.
    Card(Card),
    File(StoredFile),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    name: String,
    comment: Option<String>,
    bytes: u64,
    content: Content,
}

/// Most results are text, which JSON holds as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    Text(String),
    Hex(String),
}

impl Body {
    /// `None` when the file is too large.
    pub(crate) fn file(file: &Attachment) -> Option<Self> {
        if file.bytes.len() > LARGEST_FILE {
            return None;
        }
        let content = match std::str::from_utf8(&file.bytes) {
            Ok(text) => Content::Text(text.to_owned()),
            Err(_) => Content::Hex(hex::encode(&file.bytes)),
        };
        Some(Self::File(StoredFile {
            name: file.name.clone(),
            comment: file.comment.clone(),
            bytes: file.bytes.len() as u64,
            content,
        }))
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plain data")
    }

    fn of(message: &PageMessage) -> Option<Self> {
        serde_json::from_str(&message.body).ok()
    }

    /// For the page's script: a file without its content.
    fn shown(self) -> Value {
        match self {
            Self::Said { text } => json!({ "kind": "said", "text": text }),
            Self::Card(card) => json!({ "kind": "card", "card": card }),
            Self::File(file) => json!({
                "kind": "file", "name": file.name, "comment": file.comment, "bytes": file.bytes,
            }),
        }
    }
}

/// A message as the page's script reads it.
pub(crate) fn shown(message: &PageMessage) -> String {
    // A row that a newer version wrote: said, not hidden.
    let body = Body::of(message).map_or_else(|| json!({ "kind": "unknown" }), Body::shown);
    json!({
        "id": message.id,
        "thread": message.thread,
        "author": message.author,
        "private": message.only_for.is_some(),
        "at": message.at,
        "body": body,
    })
    .to_string()
}

pub(crate) fn file(message: &PageMessage) -> Option<Attachment> {
    let Some(Body::File(file)) = Body::of(message) else {
        return None;
    };
    let bytes = match file.content {
        Content::Text(text) => text.into_bytes(),
        Content::Hex(digits) => hex::decode(digits).ok()?,
    };
    Some(Attachment {
        name: file.name,
        bytes,
        comment: file.comment,
    })
}
