//! The adapter from outside: recorded calls in, Block Kit out, and its answers to what Slack says.

mod calls;
mod config;
mod contracts;
mod fake;
mod inbound;
mod render;
mod socket;
mod verify;

use std::sync::LazyLock;

use nightshift_core::port::{ChatPlatform, Received, Refused, WebhookRequest};
use nightshift_core::secret::Secret;
use nightshift_core::time::Timestamp;

use crate::{SlackConfig, SlackPlatform};

const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: i64 = 1_700_000_000;

fn config() -> SlackConfig {
    SlackConfig {
        enabled: true,
        bot_token: Some(Secret::new("xoxb-test")),
        signing_secret: Some(Secret::new(SIGNING_SECRET)),
        app_token: Some(Secret::new("xapp-test")),
        // A port that nobody listens on: tests that call nobody must not.
        api_url: "http://127.0.0.1:1/api".to_owned(),
        ..SlackConfig::default()
    }
}

/// One for all tests that only receive: making one reads the system's certificates.
static RECEIVER: LazyLock<SlackPlatform> = LazyLock::new(platform);

fn platform() -> SlackPlatform {
    SlackPlatform::new(&config(), None).unwrap()
}

/// A call as Slack would sign it.
fn signed(content_type: &str, body: &[u8]) -> WebhookRequest {
    let stamp = NOW.to_string();
    WebhookRequest {
        headers: vec![
            ("content-type".into(), content_type.into()),
            (crate::verify::TIMESTAMP_HEADER.into(), stamp.clone()),
            (
                crate::verify::SIGNATURE_HEADER.into(),
                crate::verify::sign(SIGNING_SECRET, &stamp, body),
            ),
        ],
        body: body.to_vec(),
        now: Timestamp::from_millis(NOW * 1000),
    }
}

fn receive_json(body: &str) -> Result<Received, Refused> {
    RECEIVER.receive(&signed("application/json", body.as_bytes()))
}

fn receive_form(fields: &[(&str, &str)]) -> Result<Received, Refused> {
    let body = serde_urlencoded::to_string(fields).unwrap();
    // With a parameter, as Slack may send it.
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    RECEIVER.receive(&signed(kind, body.as_bytes()))
}

fn receive_payload(payload: &str) -> Result<Received, Refused> {
    receive_form(&[("payload", payload)])
}
