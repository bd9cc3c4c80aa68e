//! What the app says in its acknowledgements and at response URLs.

use serde_json::{Map, Value, json};

use super::Shared;
use super::blocks::{self, check_message};
use super::message::Message;
use super::request::{Delivery, Request};
use super::state::{ResponseUrl, State};

/// Slack's limits of a response URL.
const RESPONSE_URL_USES: u32 = 5;
const RESPONSE_URL_TTL_MS: i64 = 30 * 60 * 1000;

const FIELDS: &[&str] = &[
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "mrkdwn",
    "unfurl_links",
    "unfurl_media",
    "metadata",
];

impl Shared {
    /// The body of a command's acknowledgement is an answer to the person.
    pub(super) fn command_answered(&self, request: &Request, delivery: &Delivery) {
        if delivery.body.trim().is_empty() {
            return;
        }
        let said = if delivery.content_type.starts_with("text/plain") {
            json!({"text": delivery.body})
        } else {
            let Ok(said) = serde_json::from_str(&delivery.body) else {
                self.violation("the answer to a command is neither plain text nor JSON");
                return;
            };
            said
        };
        let url = ResponseUrl {
            at_ms: self.now(),
            uses: 0,
            user: text(&request.payload, "user_id"),
            channel: text(&request.payload, "channel_id"),
            message: None,
        };
        if let Err(error) = self.respond(&url, &said) {
            self.violation(format!("the answer to a command is refused: {error}"));
        }
    }

    /// `response_action` of a submitted view: nothing closes it.
    pub(super) fn submission_answered(&self, request: &Request, body: &str) {
        let id = text(&request.payload["view"], "id");
        let answer: Value = if body.trim().is_empty() {
            json!({"response_action": "clear"})
        } else {
            serde_json::from_str(body).unwrap_or_default()
        };
        self.with(|state| {
            let known = known_blocks(state, &id);
            let Some(modal) = state.modals.iter_mut().find(|modal| modal.id == id) else {
                return;
            };
            match answer["response_action"].as_str() {
                Some("clear") => modal.open = false,
                Some("update") => modal.view = answer["view"].clone(),
                Some("errors") => {
                    modal.errors = answer["errors"].clone();
                    let stray: Vec<String> = keys(&answer["errors"])
                        .filter(|key| !known.contains(key))
                        .collect();
                    for key in stray {
                        state.violation(format!("view error for unknown block {key}"));
                    }
                }
                _ => {
                    modal.open = false;
                    state.violation("the answer to a submission has no known response_action");
                }
            }
        });
    }

    /// One POST to a response URL: the status and body that Slack answers.
    pub(crate) fn use_response_url(&self, id: &str, body: &[u8]) -> (u16, String) {
        let now = self.now();
        let url = self.with(|state| match state.response_urls.get_mut(id) {
            None => Err((404, "invalid_url".to_owned())),
            Some(url) if now - url.at_ms > RESPONSE_URL_TTL_MS => {
                Err((404, "expired_url".to_owned()))
            }
            Some(url) if url.uses >= RESPONSE_URL_USES => Err((404, "used_url".to_owned())),
            Some(url) => {
                url.uses += 1;
                Ok(url.clone())
            }
        });
        let url = match url {
            Ok(url) => url,
            Err(refusal) => return refusal,
        };
        let Ok(said) = serde_json::from_slice::<Value>(body) else {
            return (400, "invalid_payload".to_owned());
        };
        match self.respond(&url, &said) {
            Ok(()) => (200, "ok".to_owned()),
            Err(error) => (400, error),
        }
    }

    fn respond(&self, url: &ResponseUrl, said: &Value) -> Result<(), String> {
        let map = said.as_object().ok_or("invalid_payload")?;
        for key in map.keys().filter(|key| !FIELDS.contains(&key.as_str())) {
            self.violation(format!("unknown field in an answer: {key}"));
        }
        let mut blocks = map.get("blocks").cloned().unwrap_or_else(|| json!([]));
        let found = check_message(&blocks);
        self.with(|state| {
            blocks::fill_ids(&mut blocks, || state.next());
            for note in found.notes {
                state.violation(format!("answer: {note}"));
            }
        });
        if !found.errors.is_empty() {
            self.violation(format!("answer: {}", found.errors.join("; ")));
            return Err("invalid_blocks".to_owned());
        }
        let now = self.now();
        self.with(|state| apply(state, url, map, blocks, now, &self.bot.user))
    }
}

fn apply(
    state: &mut State,
    url: &ResponseUrl,
    said: &Map<String, Value>,
    blocks: Value,
    now: i64,
    bot: &str,
) -> Result<(), String> {
    let flag = |key: &str| said.get(key).and_then(Value::as_bool) == Some(true);
    let blocks: Vec<Value> = blocks.as_array().cloned().unwrap_or_default();
    let text = said.get("text").and_then(Value::as_str).unwrap_or_default();
    let original = url.message.as_ref().and_then(|ts| {
        state
            .messages
            .iter_mut()
            .find(|message| message.channel == url.channel && &message.ts == ts)
    });
    match original {
        Some(original) if flag("delete_original") => {
            original.deleted = true;
            return Ok(());
        }
        Some(original) if flag("replace_original") => {
            original.history.push(original.version());
            text.clone_into(&mut original.text);
            original.blocks = blocks;
            original.edited_at_ms = Some(now);
            return Ok(());
        }
        _ => {}
    }
    if text.is_empty() && blocks.is_empty() {
        return Err("no_text".to_owned());
    }
    let in_channel = said.get("response_type").and_then(Value::as_str) == Some("in_channel");
    let ts = state.next_ts(now);
    state.messages.push(Message {
        channel: url.channel.clone(),
        ts,
        thread_ts: said
            .get("thread_ts")
            .and_then(Value::as_str)
            .map(str::to_owned),
        author: bot.to_owned(),
        ours: true,
        text: text.to_owned(),
        blocks,
        metadata: said.get("metadata").cloned(),
        files: Vec::new(),
        history: Vec::new(),
        deleted: false,
        at_ms: now,
        edited_at_ms: None,
        ephemeral_to: (!in_channel).then(|| url.user.clone()),
        unfurled: false,
    });
    Ok(())
}

fn known_blocks(state: &State, modal: &str) -> Vec<String> {
    let view = state.modals.iter().find(|known| known.id == modal);
    view.and_then(|modal| modal.view["blocks"].as_array())
        .into_iter()
        .flatten()
        .map(|block| text(block, "block_id"))
        .collect()
}

fn keys(value: &Value) -> impl Iterator<Item = String> {
    value.as_object().into_iter().flat_map(Map::keys).cloned()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
