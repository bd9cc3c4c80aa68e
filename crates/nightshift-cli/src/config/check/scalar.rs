//! What a single value may be, and the one form that the typed tree reads it in.

use std::net::SocketAddr;

use nightshift_core::time::Span;
use serde_yaml::{Number, Value};
use url::{Host, Url};

use crate::config::key::Kind;
use crate::config::keys::PLATFORMS;
use crate::config::size::Size;

pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// What a value is, without the value.
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a YAML tag",
    }
}

/// A text from outside, as the value that the kind wants; what does not fit stays text.
pub(super) fn from_text(kind: Kind, text: String) -> Value {
    let trimmed = text.trim();
    let value = match kind {
        Kind::Flag => flag(trimmed).map(Value::Bool),
        Kind::Whole(_) => trimmed.parse::<u64>().ok().map(|n| Value::Number(n.into())),
        Kind::Number => trimmed.parse::<f64>().ok().map(|n| Value::Number(n.into())),
        _ => None,
    };
    value.unwrap_or(Value::String(text))
}

/// The value in the form that the typed tree reads, or nothing.
pub(super) fn accept(kind: Kind, value: Value) -> Option<Value> {
    match (kind, &value) {
        (Kind::Secret, Value::String(text)) if text.is_empty() => Some(Value::Null),
        (Kind::Text | Kind::Secret | Kind::Scalar, Value::String(_))
        | (Kind::Flag, Value::Bool(_)) => Some(value),
        // Ids of some platforms look like numbers.
        (Kind::Text | Kind::Scalar, Value::Number(number)) if !number.is_f64() => {
            Some(Value::String(number.to_string()))
        }
        (Kind::Scalar, Value::Number(number)) => Some(Value::String(number.to_string())),
        (Kind::Scalar, Value::Bool(flag)) => Some(Value::String(flag.to_string())),
        (Kind::Whole(least), Value::Number(number)) => number
            .as_u64()
            .is_some_and(|number| number >= least)
            .then_some(value),
        (Kind::Number, Value::Number(number)) => accept_number(number),
        (Kind::Size, Value::Number(number)) => number
            .as_u64()
            .map(|bytes| Value::String(bytes.to_string())),
        (kind, Value::String(text)) => is_valid(kind, text).then_some(value),
        _ => None,
    }
}

fn accept_number(number: &Number) -> Option<Value> {
    let number = number
        .as_f64()
        .filter(|number| number.is_finite() && *number >= 0.0)?;
    Some(Value::Number(number.into()))
}

fn is_valid(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Span => text.parse::<Span>().is_ok(),
        Kind::Size => text.parse::<Size>().is_ok(),
        Kind::Path => text.starts_with('/') || text == "~" || text.starts_with("~/"),
        Kind::Url => parse_url(text).is_some(),
        Kind::Endpoint => {
            parse_url(text).is_some_and(|url| url.scheme() == "https" || is_here(&url))
        }
        Kind::Listen => is_listen(text),
        Kind::Identity => is_identity(text),
        Kind::OneOf(words) => words.contains(&text),
        _ => false,
    }
}

fn parse_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// Whether the address is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_listen(text: &str) -> bool {
    match text.strip_prefix("localhost:") {
        Some(port) => port.parse::<u16>().is_ok(),
        None => text.parse::<SocketAddr>().is_ok(),
    }
}

fn is_identity(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(platform, id)| PLATFORMS.contains(&platform) && !id.trim().is_empty())
}
