//! Wire → [`Inbound`]. The same for webhook calls and Socket Mode.
//!
//! Only what cannot be parsed is malformed. Everything else that is not for us is ignored, with
//! the reason, so that Slack does not deliver it again.

mod command;
mod event;
mod interaction;
mod text;

use nightshift_core::chat::{Delivery, Inbound};
use nightshift_core::id::Platform;
use nightshift_core::port::Refused;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use interaction::{FORM_ACTION, FORM_BLOCK, FORM_CALLBACK};
pub(crate) use text::plain as text_as_typed;

/// The bot's own account, once `auth.test` has told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) user: Option<String>,
    pub(crate) bot: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Parsed {
    /// Slack checks our address; the challenge goes back.
    Challenge(String),
    Ignored(&'static str),
    Event(Box<Delivery>),
}

/// What a payload is once it has been read: its keys and what was done.
pub(super) type Read = Result<(Vec<String>, Inbound), &'static str>;

pub(super) fn platform() -> Platform {
    Platform::new("slack")
}

/// A webhook call with a right signature.
pub(crate) fn from_http(
    content_type: Option<&str>,
    body: &[u8],
    me: &Me,
) -> Result<Parsed, Refused> {
    if is_form(content_type) {
        from_form(body)
    } else {
        from_json(body, body, me)
    }
}

/// The payload of a Socket Mode envelope of this type.
pub(crate) fn from_socket(kind: &str, payload: &str, me: &Me) -> Result<Parsed, Refused> {
    let body = payload.as_bytes();
    match kind {
        "events_api" => from_json(body, body, me),
        "interactive" => from_interaction(payload, body),
        "slash_commands" => {
            let command = serde_json::from_str(payload).map_err(|_| Refused::Malformed)?;
            Ok(finish(command::read(command, &hash(body)), body))
        }
        _ => Ok(Parsed::Ignored("an envelope of an unknown type")),
    }
}

fn is_form(content_type: Option<&str>) -> bool {
    let kind = content_type.and_then(|header| header.split(';').next());
    kind.is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn from_form(body: &[u8]) -> Result<Parsed, Refused> {
    if std::str::from_utf8(body).is_err() {
        return Err(Refused::Malformed);
    }
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_bytes(body).map_err(|_| Refused::Malformed)?;
    let field = |name: &str| {
        fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    // A certificate check of Slack's: nothing else in such a body counts.
    if field("ssl_check").is_some_and(|value| value == "1" || value == "true") {
        return Ok(Parsed::Ignored("a certificate check"));
    }
    if let Some(payload) = field("payload") {
        return from_interaction(payload, body);
    }
    if field("command").is_none() {
        return Err(Refused::Malformed);
    }
    let object: Value = fields
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    let command = serde_json::from_value(object).map_err(|_| Refused::Malformed)?;
    Ok(finish(command::read(command, &hash(body)), body))
}

fn from_interaction(payload: &str, body: &[u8]) -> Result<Parsed, Refused> {
    let value = object(payload.as_bytes())?;
    Ok(finish(interaction::read(value), body))
}

fn from_json(json: &[u8], body: &[u8], me: &Me) -> Result<Parsed, Refused> {
    let value = object(json)?;
    match kind(&value) {
        "url_verification" => match value.get("challenge").and_then(Value::as_str) {
            Some(challenge) => Ok(Parsed::Challenge(challenge.to_owned())),
            None => Err(Refused::Malformed),
        },
        "event_callback" => Ok(finish(event::read(value, me), body)),
        _ => Ok(Parsed::Ignored("a call of an unknown type")),
    }
}

fn object(json: &[u8]) -> Result<Value, Refused> {
    match serde_json::from_slice(json) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Refused::Malformed),
    }
}

pub(super) fn kind(value: &Value) -> &str {
    value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn finish(read: Read, body: &[u8]) -> Parsed {
    match read {
        Ok((keys, inbound)) => Parsed::Event(Box::new(Delivery {
            keys,
            body_hash: hash(body),
            inbound,
        })),
        Err(reason) => Parsed::Ignored(reason),
    }
}

fn hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}
