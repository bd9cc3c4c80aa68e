//! What Slack sends: calls with signatures, frames, answers, text.

use std::sync::OnceLock;
use std::time::Duration;

use nightshift_core::chat::{Delivery, Gesture, Inbound};
use nightshift_core::error::Retry;
use nightshift_core::port::{ChatKind, ChatPlatform, Received, Refused, WebhookRequest};
use nightshift_core::time::Timestamp;
use nightshift_slack::fuzz::{self, Frame};
use nightshift_slack::{SlackConfig, SlackPlatform};
use sha2::{Digest, Sha256};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "x-slack-signature: right\n",
    "x-slack-request-timestamp: ",
    "content-type: application/x-www-form-urlencoded\n",
    "content-type: application/json\n",
    "payload=",
    "command=%2Fnightshift",
    "&text=",
    "ssl_check=1",
    "\"type\":\"event_callback\"",
    "\"type\":\"block_actions\"",
    "\"type\":\"view_submission\"",
    "\"type\":\"url_verification\"",
    "\"challenge\":\"c\"",
    "\"event\":{",
    "\"app_mention\"",
    "\"message\"",
    "\"subtype\":\"file_share\"",
    "\"thread_ts\":",
    "\"team_id\":null",
    "\"enterprise_id\":\"E1\"",
    "\"actions\":[{\"type\":\"button\",\"value\":\"act_1\"}]",
    "\"view\":{",
    "\"envelope_id\":\"e1\"",
    "\"type\":\"disconnect\"",
    "\"ok\":true",
    "\"ok\":false",
    "\"error\":\"ratelimited\"",
    "\"error\":\"fatal_error\"",
    "\"needed\":\"chat:write\"",
    "<@UBOT>",
    "<@U2|bob>",
    "<#C1|general>",
    "<!here>",
    "<https://example.com|example.com>",
    "<mailto:a@example.com|a@example.com>",
    "&lt;",
    "&gt;",
];

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// The time of each call.
const NOW: Timestamp = Timestamp::from_millis(1_531_420_618_000);

fn platform() -> &'static SlackPlatform {
    static PLATFORM: OnceLock<SlackPlatform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let config: SlackConfig = serde_json::from_value(serde_json::json!({
            "enabled": true, "bot_token": "xoxb-1-2-3", "signing_secret": SECRET,
            "transport": "http",
        }))
        .expect("the section is right");
        SlackPlatform::new(&config, Some("https://night.example")).expect("the keys are right")
    })
}

/// Header lines, an empty line, the body. `right` stands for the signature that Slack would send.
pub(super) fn webhook(data: &[u8]) {
    let (mut headers, body) = input::head(data);
    let stamp = input::header(&headers, "x-slack-request-timestamp").unwrap_or_default();
    let right = fuzz::signature(SECRET, stamp, body);
    let in_time = stamp.bytes().all(|b| b.is_ascii_digit())
        && stamp.parse().is_ok_and(|seconds: i64| {
            Timestamp::from_millis(seconds.saturating_mul(1000)).since(NOW) <= WINDOW
                && NOW.since(Timestamp::from_millis(seconds.saturating_mul(1000))) <= WINDOW
        });
    // As over HTTP: of a repeated header the first counts.
    let signed = headers
        .iter_mut()
        .find(|(name, _)| name == "x-slack-signature")
        .is_some_and(|(_, value)| {
            if value == "right" {
                value.clone_from(&right);
            }
            value.eq_ignore_ascii_case(&right) && value.starts_with("v0=")
        });
    let request = WebhookRequest {
        headers,
        body: body.to_vec(),
        now: NOW,
    };
    let received = platform().receive(&request);
    assert_eq!(received, platform().receive(&request), "the same twice");
    if !(signed && in_time) {
        assert_eq!(received, Err(Refused::Unsigned), "nobody signed this");
        return;
    }
    assert_ne!(received, Err(Refused::Unsigned), "Slack signed this");
    if let Ok(Received::Event { delivery, .. }) = &received {
        is_sound(delivery, body);
    }
    let mut forged = request;
    forged.body.push(b' ');
    assert_eq!(platform().receive(&forged), Err(Refused::Unsigned));
}

const WINDOW: Duration = Duration::from_secs(300);

/// What every delivery promises to the intake.
fn is_sound(delivery: &Delivery, body: &[u8]) {
    assert!(!delivery.keys.is_empty(), "nothing to know it again by");
    assert!(delivery.keys.iter().all(|key| key.contains(':')));
    let hash: [u8; 32] = Sha256::digest(body).into();
    assert_eq!(delivery.body_hash, hash);
    let inbound = &delivery.inbound;
    assert_eq!(inbound.from.platform.as_str(), "slack");
    assert!(!inbound.from.id.is_empty() && !inbound.at.workspace.is_empty());
    match &inbound.gesture {
        Gesture::Say { text } => {
            assert_eq!(text.trim(), text);
            assert!(!inbound.at.channel.is_empty());
        }
        Gesture::Press { action } => assert!(!action.as_str().is_empty()),
        Gesture::Submit { form, .. } => assert!(!form.as_str().is_empty()),
    }
    let stored = serde_json::to_string(inbound).expect("plain data");
    let read: Inbound = serde_json::from_str(&stored).expect("what was stored is read");
    assert_eq!(&read, inbound);
}

/// A frame of Socket Mode.
pub(super) fn frame(data: &[u8]) {
    let text = input::text(data);
    match fuzz::frame(&text) {
        Frame::Unreadable => {
            let object: Result<serde_json::Map<_, _>, _> = serde_json::from_str(&text);
            // What is an object is read, but for names that stand twice.
            let twice = |key: &str| text.matches(&format!("\"{key}\"")).count() > 1;
            let doubtful = ["type", "envelope_id", "reason", "payload"];
            assert!(
                object.is_err() || text.contains("\\u") || doubtful.into_iter().any(twice),
                "not read"
            );
        }
        Frame::Control => {}
        Frame::Envelope(id, delivery) => {
            assert!(!id.is_empty());
            if let Some(delivery) = delivery {
                let body = delivery.body_hash;
                assert_ne!(body, [0; 32]);
                assert!(!delivery.keys.is_empty() && !delivery.inbound.from.id.is_empty());
            }
        }
    }
}

/// `status retry-after`, then the body.
pub(super) fn answer(data: &[u8]) {
    let (first, body) = input::line(data);
    let (status, wait) = first.split_once(' ').unwrap_or((&first, ""));
    let status: u16 = status.parse().unwrap_or(200);
    let wait = nightshift_http::fuzz::retry_after(wait);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_hours(24)));
    for visible in [false, true] {
        match fuzz::answer(status, wait, body, visible) {
            Ok(value) => {
                assert!(status != 429 && status < 500);
                assert_eq!(value["ok"], true);
            }
            Err(error) => {
                if status == 429 {
                    assert_eq!(error.kind, ChatKind::RateLimited);
                }
                if let (429 | 500..=599, Some(wait)) = (status, wait) {
                    assert_eq!(error.retry, Retry::After(wait), "told when");
                }
                // A post that may have arrived must not be sent again in silence.
                if visible && status >= 500 {
                    assert_eq!(error.kind, ChatKind::Ambiguous);
                }
                if !visible {
                    assert_ne!(error.kind, ChatKind::Ambiguous);
                }
            }
        }
    }
}

/// Text as people typed it: what we escape, Slack's clients show and we read back unchanged.
pub(super) fn typed(data: &[u8]) {
    let text = input::text(data);
    let _ = fuzz::as_typed(&text);
    let escaped = fuzz::escaped(&text);
    assert!(!escaped.contains(['<', '>']), "live markup: {escaped}");
    for (at, _) in escaped.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;"];
        assert!(known.iter().any(|entity| escaped[at..].starts_with(entity)));
    }
    let shown: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect();
    assert_eq!(fuzz::as_typed(&escaped), shown.trim());
}
