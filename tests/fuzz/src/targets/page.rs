//! What browsers send to the built-in page, and what is kept for it.

use nightshift_core::chat::Gesture;
use nightshift_core::id::Seq;
use nightshift_core::port::page::{CSRF_HEADER, PageDoor, SESSION_COOKIE};
use nightshift_core::port::store::PageMessage;
use nightshift_core::port::{Refused, WebhookRequest};
use nightshift_core::time::Timestamp;
use nightshift_web::{WebDoor, fuzz};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "\"kind\":\"say\"",
    "\"kind\":\"press\"",
    "\"id\":\"12345678\"",
    "\"text\":\"hello\"",
    "\"action\":\"act_1\"",
    "\"thread\":\"ana:12345678\"",
    "\"thread\":null",
    "/nightshift ",
    "cookie: nightshift_page=",
    "x-csrf-token: ",
    "; ",
    "right",
    "\"kind\":\"card\"",
    "\"kind\":\"file\"",
    "\"content\":{\"hex\":\"00ff\"}",
    "\"body\":{",
    "616e61.",
];

const PERSON: &str = "ana";

pub(super) fn gesture(data: &[u8]) {
    let delivery = match fuzz::gesture(PERSON, data) {
        Ok(Ok(delivery)) => delivery,
        Ok(Err(reason)) => return assert!(!reason.is_empty()),
        Err(refused) => return assert_eq!(refused, Refused::Malformed),
    };
    let inbound = &delivery.inbound;
    assert_eq!(inbound.from.id, PERSON, "somebody else's words");
    assert_eq!(delivery.keys.len(), 1);
    let id = delivery.keys[0]
        .strip_prefix("web:ana:")
        .expect("a key of hers");
    assert!((8..=64).contains(&id.len()));
    if let Some(thread) = &inbound.at.thread {
        assert!(!thread.is_empty() && !thread.contains(char::is_control));
    }
    let door = WebDoor::new([7; 32]);
    let said = door.said(&delivery, Timestamp::from_millis(0));
    assert_eq!(
        said.is_some(),
        matches!(inbound.gesture, Gesture::Say { .. })
    );
    if let Some(message) = said {
        assert!(
            message.id.starts_with("ana:"),
            "another's message is replaced"
        );
        assert_eq!(message.author.as_deref(), Some(PERSON));
        let _: serde_json::Value = serde_json::from_str(&door.shown(&message)).expect("JSON");
    }
}

/// Header lines; `right` in them stands for the cookie and the token that belong together.
pub(super) fn session(data: &[u8]) {
    let door = WebDoor::new([7; 32]);
    let issued = door.issue(PERSON);
    let (lines, _) = input::head(data);
    let mut headers = Vec::new();
    for (name, value) in lines {
        let right = if name == "cookie" {
            &issued.cookie
        } else {
            &issued.csrf
        };
        headers.push((name, value.replace("right", right)));
    }
    let request = WebhookRequest {
        headers: headers.clone(),
        body: Vec::new(),
        now: Timestamp::from_millis(0),
    };
    let value = |name: &str| input::header(&headers, name).unwrap_or_default().to_owned();
    let shown = value("cookie").to_lowercase();
    // Digits may be in either case; anything else is a forgery.
    let has_cookie = shown.contains(&issued.cookie) && shown.contains(SESSION_COOKIE);
    let has_token = value(CSRF_HEADER).to_lowercase() == issued.csrf;
    if let Some(person) = fuzz::person(&door, &request) {
        assert_eq!(person, PERSON);
        assert!(has_cookie && has_token, "a session that was never issued");
        return;
    }
    let plain = format!("{SESSION_COOKIE}={}", issued.cookie);
    assert!(
        !(value("cookie") == plain && has_token),
        "a visitor is locked out"
    );
}

/// A message of the page, as it is stored.
pub(super) fn message(data: &[u8]) {
    let door = WebDoor::new([7; 32]);
    let message = PageMessage {
        id: "ns-1".to_owned(),
        seq: Seq(1),
        channel: "playground".to_owned(),
        thread: None,
        author: None,
        only_for: None,
        body: input::text(data),
        at: Timestamp::from_millis(0),
    };
    let shown: serde_json::Value = serde_json::from_str(&door.shown(&message)).expect("JSON");
    assert_eq!(shown["id"], "ns-1");
    assert!(shown["body"]["kind"].is_string());
    if door.file(&message).is_some() {
        assert_eq!(shown["body"]["kind"], "file");
        assert!(
            shown["body"].get("content").is_none(),
            "a page load would hold all files"
        );
    }
}
