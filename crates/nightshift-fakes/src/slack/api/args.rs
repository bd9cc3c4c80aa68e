//! Arguments: JSON, form or query, and what Slack minds about them.

use serde_json::{Map, Value};

use crate::slack::method::Method;
use crate::slack::state::State;

/// One call as it came in.
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) bearer: Option<String>,
    pub(crate) content_type: String,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

/// Its arguments.
pub(crate) struct Arguments {
    pub(crate) map: Map<String, Value>,
    pub(crate) malformed: bool,
    pub(crate) warnings: Vec<&'static str>,
}

/// Arguments that a form carries as JSON text.
const STRUCTURED: &[&str] = &["blocks", "attachments", "metadata", "view", "files"];

pub(super) fn read(incoming: &Incoming, method: &Method, state: &mut State) -> Arguments {
    let mut arguments = Arguments {
        map: pairs(incoming.query.as_bytes()),
        malformed: false,
        warnings: Vec::new(),
    };
    let media = incoming.content_type.to_ascii_lowercase();
    if media.starts_with("application/json") {
        read_json(incoming, method, state, &mut arguments, &media);
    } else if media.starts_with("application/x-www-form-urlencoded") {
        arguments.map.extend(pairs(&incoming.body));
    } else if !incoming.body.is_empty() {
        state.violation(format!("{}: no usable content type", method.name));
        arguments.malformed = true;
    }
    if arguments.map.remove("token").is_some() {
        state.violation(format!("{}: the token is in the arguments", method.name));
    }
    for key in arguments.map.keys() {
        let known = method.required.contains(&key.as_str());
        if !known && !method.optional.contains(&key.as_str()) {
            state.violation(format!("{}: unknown argument {key}", method.name));
        }
    }
    arguments
}

fn read_json(
    incoming: &Incoming,
    method: &Method,
    state: &mut State,
    arguments: &mut Arguments,
    media: &str,
) {
    if !method.takes_json {
        state.violation(format!("{} takes no JSON", method.name));
        arguments.malformed = true;
        return;
    }
    if !media.contains("charset=utf-8") {
        state.violation(format!("{}: JSON without charset=utf-8", method.name));
        arguments.warnings.push("missing_charset");
    }
    if let Ok(Value::Object(map)) = serde_json::from_slice(&incoming.body) {
        arguments.map.extend(map);
    } else {
        state.violation(format!("{}: the body is no JSON object", method.name));
        arguments.malformed = true;
    }
}

fn pairs(text: &[u8]) -> Map<String, Value> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text).unwrap_or_default();
    pairs
        .into_iter()
        .map(|(key, text)| {
            let parsed = STRUCTURED
                .contains(&key.as_str())
                .then(|| serde_json::from_str(&text).ok())
                .flatten();
            (key, parsed.unwrap_or(Value::String(text)))
        })
        .collect()
}
