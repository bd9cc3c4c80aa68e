//! Wire → [`Inbound`].

use nightshift_core::chat::{Conversation, Delivery, Gesture, Identity, Inbound};
use nightshift_core::id::ActionToken;
use nightshift_core::port::Refused;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{CHANNEL, WORKSPACE, platform};

/// In front of what the page calls a gesture.
const KEY: &str = "web:";
/// People are used to it from other platforms; here it says nothing.
const COMMAND: &str = "/nightshift";
/// A thread is named by the message that opened it.
const LONGEST_THREAD: usize = 400;

#[derive(Debug, Deserialize)]
struct Say {
    id: String,
    text: String,
    #[serde(default)]
    thread: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Press {
    id: String,
    action: String,
    #[serde(default)]
    thread: Option<String>,
}

/// The inner error is why there is nothing for us in it.
pub(crate) fn read(person: &str, body: &[u8]) -> Result<Result<Delivery, &'static str>, Refused> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
    let kind = value.get("kind").and_then(Value::as_str);
    let (id, thread, gesture) = match kind.ok_or(Refused::Malformed)? {
        "say" => {
            let say: Say = parsed(value)?;
            let text = without_command(&say.text).to_owned();
            let thread = say.thread.unwrap_or_else(|| own_id(person, &say.id));
            (say.id, Some(thread), Gesture::Say { text })
        }
        "press" => {
            let press: Press = parsed(value)?;
            let action = ActionToken::new(press.action);
            (press.id, press.thread, Gesture::Press { action })
        }
        _ => return Ok(Err("a gesture of an unknown kind")),
    };
    if !is_id(&id) || !thread.as_deref().is_none_or(is_thread) {
        return Err(Refused::Malformed);
    }
    let inbound = Inbound {
        from: Identity {
            platform: platform(),
            id: person.to_owned(),
        },
        display_name: None,
        at: Conversation {
            platform: platform(),
            workspace: WORKSPACE.to_owned(),
            channel: CHANNEL.to_owned(),
            thread,
        },
        gesture,
        reply_handle: None,
        form_handle: None,
    };
    Ok(Ok(Delivery {
        keys: vec![format!("{KEY}{}", own_id(person, &id))],
        body_hash: Sha256::digest(body).into(),
        inbound,
    }))
}

/// The id of the message that a delivery's words are.
pub(crate) fn message_id(delivery: &Delivery) -> Option<String> {
    let key = delivery.keys.first()?;
    key.strip_prefix(KEY).map(str::to_owned)
}

/// Begins with the person: nobody can name, and so replace, a message of somebody else.
fn own_id(person: &str, id: &str) -> String {
    format!("{person}:{id}")
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|_| Refused::Malformed)
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (8..=64).contains(&id.len()) && id.bytes().all(plain)
}

fn is_thread(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_THREAD && !id.chars().any(char::is_control)
}

fn without_command(text: &str) -> &str {
    let trimmed = text.trim();
    match trimmed.get(..COMMAND.len()) {
        Some(head) if head.eq_ignore_ascii_case(COMMAND) => {
            let rest = &trimmed[COMMAND.len()..];
            if rest.is_empty() || rest.starts_with(char::is_whitespace) {
                rest.trim_start()
            } else {
                trimmed
            }
        }
        _ => trimmed,
    }
}
