//! What a person sees of a message: its text without markup, its buttons.

use serde_json::Value;

use super::{Message, Version};

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
fn decode(text: &str) -> String {
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
