//! Slack's own method reference, signature vectors and recorded calls, where
//! `NIGHTSHIFT_CONTRACTS` names a folder that holds them; without it these tests check nothing.

use std::path::PathBuf;

use nightshift_core::port::WebhookRequest;
use nightshift_core::secret::Secret;
use nightshift_core::time::Timestamp;
use serde_json::Value;

use super::fake::Call;
use super::*;
use crate::manifest;
use crate::verify::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};

fn contracts() -> Option<PathBuf> {
    std::env::var_os("NIGHTSHIFT_CONTRACTS").map(|folder| PathBuf::from(folder).join("slack"))
}

fn load(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every argument is one that the method knows, and none that it needs is missing.
pub(super) fn check_arguments(call: &Call) {
    let Some(contracts) = contracts() else {
        return;
    };
    let method = call.method();
    let reference = load(contracts.join(format!("specs/methods/{method}.json")));
    assert_eq!(reference["json_input_supported"], true, "{method}");
    let body = call.json();
    for name in body.as_object().unwrap().keys() {
        let known = reference["args"]["properties"].get(name).is_some();
        assert!(known, "{method} does not know {name}");
    }
    for name in reference["args"]["required"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(
            name == "token" || body.get(name).is_some(),
            "{method} needs {name}"
        );
    }
}

#[test]
fn every_vector_of_signatures_holds() {
    let Some(contracts) = contracts() else {
        return;
    };
    let vectors = load(contracts.join("vectors/signature_vectors.json"));
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() > 3);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let stamp = text("timestamp");
        let request = WebhookRequest {
            headers: vec![
                (TIMESTAMP_HEADER.into(), stamp.clone()),
                (SIGNATURE_HEADER.into(), text("signature")),
            ],
            body: text("body").into_bytes(),
            now: Timestamp::from_millis(stamp.parse::<i64>().unwrap_or(0) * 1000),
        };
        let holds = verify(&Secret::new(text("signing_secret")), &request).is_ok();
        assert_eq!(holds, vector["valid"] == true, "{vector}");
    }
}

/// Signed as Slack would send it, no recorded call is taken for garbage.
#[test]
fn every_recorded_call_is_understood_or_ignored() {
    let Some(contracts) = contracts() else {
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(contracts.join("samples/bolt-python")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let body = std::fs::read_to_string(&path).unwrap();
        let received = match name.split('.').next().unwrap() {
            "INDEX" | "LICENSE" => continue,
            "event" | "url_verification" => receive_json(&body),
            "slash_command" if path.extension().is_some_and(|kind| kind == "form") => RECEIVER
                .receive(&signed(
                    "application/x-www-form-urlencoded",
                    body.trim_end().as_bytes(),
                )),
            "slash_command" => {
                let fields: Value = serde_json::from_str(&body).unwrap();
                let fields: Vec<(&str, &str)> = fields
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
                    .collect();
                receive_form(&fields)
            }
            _ => receive_payload(&body),
        };
        assert!(received.is_ok(), "{name}: {received:?}");
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_manifest_uses_only_what_the_schema_knows() {
    let address = nightshift_http::Url::parse("https://ns.example.com/webhook").unwrap();
    let http = manifest(Some(&address));
    let socket = manifest(None);
    for (manifest, is_socket) in [(&http, false), (&socket, true)] {
        let settings = &manifest["settings"];
        assert_eq!(settings["socket_mode_enabled"], is_socket);
        assert_eq!(
            settings["event_subscriptions"]["bot_events"],
            serde_json::json!(["app_mention", "message.im"])
        );
    }
    let url = "https://ns.example.com/webhook/slack";
    assert_eq!(http["features"]["slash_commands"][0]["url"], url);
    assert_eq!(http["settings"]["interactivity"]["request_url"], url);
    assert_eq!(http["settings"]["event_subscriptions"]["request_url"], url);
    assert!(!socket.to_string().contains("http"));
    let Some(contracts) = contracts() else {
        return;
    };
    let schema = load(contracts.join("specs/slack_app_manifest.schema.2.0.0.json"));
    for manifest in [&http, &socket] {
        check_schema(manifest, &schema, &schema, "manifest");
    }
}

/// The part of JSON Schema that says which keys there are and must be, and how long texts may be.
fn check_schema(value: &Value, schema: &Value, root: &Value, at: &str) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(target.trim_start_matches('#')).unwrap();
        return check_schema(value, target, root, at);
    }
    if let (Some(text), Some(most)) = (value.as_str(), schema["maxLength"].as_u64()) {
        assert!(text.chars().count() as u64 <= most, "{at} is too long");
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        assert!(allowed.contains(value), "{at}: {value}");
    }
    if let Some(items) = value.as_array() {
        for item in items {
            check_schema(item, &schema["items"], root, at);
        }
    }
    let (Some(object), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return;
    };
    for (name, value) in object {
        let at = format!("{at}.{name}");
        let known = known
            .get(name)
            .unwrap_or_else(|| panic!("{at} is not known"));
        check_schema(value, known, root, &at);
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        assert!(object.contains_key(name), "{at}.{name} is missing");
    }
}
