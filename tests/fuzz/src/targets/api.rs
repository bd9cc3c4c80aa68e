//! What clients of the API send.

use nightshift_server::fuzz;
use nightshift_server::{ApiError, Code};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "content-type: application/json\n",
    "content-type: text/plain\n",
    "idempotency-key: k1\n",
    "idempotency-key: ",
    "last-event-id: ",
    "\"description\":\"tidy\"",
    "\"auto_approve\":true",
    "\"agent\":\"stub\"",
    "\"timeout\":\"5m\"",
    "\"timeout\":\"1ms\"",
    "\"max_cost\":",
    "\"callback_url\":\"http://x\"",
    "\"idempotency_key\":\"k1\"",
    "\"reason\":",
    "\"feedback\":",
    "\"plan_hash\":\"sha256:",
    "after=",
    "limit=",
    "cursor=",
    "&",
    "%2F",
    "%ff",
    "+",
    "1000",
    "..",
    "/",
    "\u{202e}",
];

/// A refusal is the client's fault, has a sentence, and does not repeat the body.
fn is_civil(error: &ApiError) {
    let status = error.code.status();
    assert!(status.is_client_error(), "{status}");
    assert!(!error.message.is_empty() || !error.fields.is_empty());
    assert!(error.fields.len() <= 40, "{} fields", error.fields.len());
    if error.code == Code::Malformed {
        assert!(error.message.len() < 100, "the body in an error");
    }
}

fn request(data: &[u8]) -> (fuzz::Headers, &[u8]) {
    let (lines, body) = input::head(data);
    let lines = lines
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    (fuzz::headers(lines), body)
}

/// Header lines, an empty line, the body.
pub(super) fn submission(data: &[u8]) {
    let (headers, body) = request(data);
    let (description, wishes, key) = match fuzz::submission(&headers, body) {
        Ok(read) => read,
        Err(error) => return is_civil(&error),
    };
    let object: serde_json::Value = serde_json::from_slice(body).expect("an object");
    assert_eq!(object["description"], description.as_str(), "not the words");
    assert_eq!(wishes.auto_approve, object["auto_approve"] == true);
    assert!(wishes.command.is_none() && wishes.callback_url.is_none());
    if let Some(text) = object["timeout"].as_str() {
        let zero = text.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
        assert_eq!(
            wishes.timeout_s == Some(0),
            zero,
            "{text} is rounded to nothing"
        );
    }
    let Some(key) = key else {
        assert!(!headers.contains_key("idempotency-key"));
        return;
    };
    assert!((1..=200).contains(&key.key.len()) && !key.key.contains(char::is_control));
    renamed(&headers, &object, &key.body_hash);
}

/// The same request under its name in the header is the same; another request is another.
fn renamed(headers: &fuzz::Headers, object: &serde_json::Value, hash: &[u8; 32]) {
    let hashed = |object: &serde_json::Value| {
        let body = serde_json::to_vec(object).expect("plain data");
        let mut headers = headers.clone();
        if !headers.contains_key("idempotency-key") {
            headers.extend(fuzz::headers([("idempotency-key", &b"k"[..])]));
        }
        let read = fuzz::submission(&headers, &body).ok()?;
        Some(read.2?.body_hash)
    };
    let mut bare = object.clone();
    bare.as_object_mut()
        .expect("an object")
        .remove("idempotency_key");
    assert_eq!(hashed(&bare).as_ref(), Some(hash));
    bare["description"] = format!("{} more", bare["description"]).into();
    assert_ne!(hashed(&bare).as_ref(), Some(hash));
}

pub(super) fn decision(data: &[u8]) {
    let (headers, body) = request(data);
    let read = match fuzz::decision(&headers, body) {
        Ok(read) => read,
        Err(error) => return is_civil(&error),
    };
    if body.is_empty() {
        assert_eq!(read, [None, None, None]);
        return;
    }
    let object: serde_json::Value = serde_json::from_slice(body).expect("an object");
    for (name, value) in ["reason", "feedback", "plan_hash"].into_iter().zip(read) {
        assert_eq!(object[name].as_str(), value.as_deref(), "{name}");
    }
}

/// What stands after the `?`.
pub(super) fn query(data: &[u8]) {
    match fuzz::query(&input::text(data)) {
        Ok((after, limit, cursor)) => {
            assert!((1..=1000).contains(&limit));
            assert!(after.is_none_or(|after| i64::try_from(after).is_ok()));
            assert!(cursor.is_none_or(|cursor| !cursor.is_empty()));
        }
        Err(error) => {
            assert!(error.code.status().is_client_error());
        }
    }
}

/// `Last-Event-ID`, and output that is cut anywhere.
pub(super) fn stream(data: &[u8]) {
    let (first, bytes) = input::line(data);
    let headers = fuzz::headers([("last-event-id", first.as_bytes())]);
    let (seq, offset) = fuzz::last_event_id(&headers);
    // What is no number, or no header at all, counts as none.
    let shown = headers.get("last-event-id").and_then(|it| it.to_str().ok());
    let shown = shown.unwrap_or_default().trim();
    assert_eq!(seq, shown.parse().ok());
    assert_eq!(offset, shown.parse().ok());
    let mut read = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + 5).min(bytes.len());
        let (text, length) = fuzz::whole(&bytes[at..end], end == bytes.len());
        assert!(length > 0 || text.is_empty());
        assert!(length > 0, "a reader would never get on");
        read.push_str(&text);
        at += length;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(read, text);
    }
}

/// The path of a result, as an agent named it.
pub(super) fn file_name(data: &[u8]) {
    let value = fuzz::attachment(&input::text(data));
    let shown = value.to_str().expect("printable ASCII");
    let rest = shown
        .strip_prefix("attachment; filename=\"")
        .expect("the form");
    let (plain, rest) = rest.split_once('"').expect("closed");
    assert!(!plain.contains(['\\', '/']));
    let encoded = rest.strip_prefix("; filename*=UTF-8''").expect("the form");
    assert!(!encoded.contains(['"', ';', ' ', '\'', '/']));
}
