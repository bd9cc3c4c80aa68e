//! The tree as a JSON schema, for editors: made from the table of keys and the defaults.

use serde_json::{Map, Value, json};

use super::key::{Key, Kind};
use super::keys;
use super::section::Config;

pub(crate) fn schema() -> Value {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut schema = section(keys::ROOT, Some(&defaults));
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("NightShift configuration");
    schema
}

fn section(keys: &[Key], defaults: Option<&Value>) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let default = defaults.and_then(|value| value.get(key.name));
            let mut schema = of_kind(key.kind, default);
            schema["description"] = json!(key.about);
            if let Some(default) = default.filter(|value| !value.is_object() && !value.is_null()) {
                schema["default"] = default.clone();
            }
            (key.name.to_owned(), schema)
        })
        .collect();
    json!({"type": ["object", "null"], "additionalProperties": false, "properties": properties})
}

fn of_kind(kind: Kind, defaults: Option<&Value>) -> Value {
    // A variable may stand for any scalar.
    let variable = json!({"type": "string", "pattern": r"\$\{"});
    let or_variable = |schema: Value| json!({"anyOf": [schema, {"type": "null"}, variable]});
    match kind {
        Kind::Text => json!({"type": ["string", "integer", "null"]}),
        Kind::Secret => json!({"type": ["string", "null"], "writeOnly": true}),
        Kind::Path | Kind::Url | Kind::Endpoint | Kind::Listen | Kind::Identity => {
            json!({"type": ["string", "null"]})
        }
        Kind::Scalar => json!({"type": ["string", "number", "boolean", "null"]}),
        Kind::Flag => or_variable(json!({"type": "boolean"})),
        Kind::Whole(least) => or_variable(json!({"type": "integer", "minimum": least})),
        Kind::Number => or_variable(json!({"type": "number", "minimum": 0})),
        Kind::Span => or_variable(json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"})),
        Kind::Size => or_variable(json!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB)?$"}]})),
        Kind::OneOf(words) => or_variable(json!({"enum": words})),
        Kind::List(item) => json!({"type": ["array", "null"], "items": of_kind(*item, None)}),
        Kind::OneOrMore(item) => {
            json!({"anyOf": [of_kind(*item, None), {"type": "array", "items": of_kind(*item, None)}]})
        }
        Kind::Map(below) | Kind::SecretNames(below) => json!({
            "type": ["object", "null"],
            "additionalProperties": of_kind(*below, None)}),
        Kind::Section(keys) => section(keys, defaults),
        Kind::Short(short, keys) => json!({"anyOf": [of_kind(*short, None), section(keys, None)]}),
    }
}
