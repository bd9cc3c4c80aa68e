//! Small notations: ids, durations, sizes, times, names of states.

use nightshift_core::approval::{Decision, RequestState};
use nightshift_core::id::{ActionToken, Seq, TaskId};
use nightshift_core::plan::Risk;
use nightshift_core::port::page::session_cookies;
use nightshift_core::task::{Failure, Stopped, TaskKind};
use nightshift_core::time::{Span, Timestamp};
use nightshift_core::user::Role;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "task_",
    "ms",
    "s",
    "m",
    "h",
    "d",
    "KiB",
    "MiB",
    "GiB",
    " B",
    "cancelled_by ",
    "rejected_by ",
    "approve",
    "granted",
    "low",
    "admin",
    "exit_code",
    "agent",
    "nightshift_page=",
    "; ",
    "2026-",
    "T00:00:00Z",
    "+25:00",
    "act_",
    "-9999-01-01T00:00:00Z",
];

/// What is read is written as it was, and read as the same again.
pub(super) fn words(data: &[u8]) {
    let text = input::text(data);
    let text = text.as_str();
    if let Ok(id) = text.parse::<TaskId>() {
        assert_eq!(id.as_str(), text);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }
    if let Ok(span) = text.parse::<Span>() {
        assert_eq!(span.to_string().parse(), Ok(span));
    }
    if let Some((bytes, shown)) = nightshift_cli::fuzz::size(text) {
        let again = nightshift_cli::fuzz::size(&shown);
        assert_eq!(again.map(|(bytes, _)| bytes), Some(bytes));
    }
    if let Some(stopped) = Stopped::parse(text) {
        assert_eq!(stopped.to_string(), text);
    }
    named(text);
    json(data, text);
    for cookie in session_cookies(text) {
        assert!(text.contains(cookie) && !cookie.contains(';'));
    }
}

fn named(text: &str) {
    assert!(Decision::from_name(text).is_none_or(|it| it.name() == text));
    assert!(RequestState::from_name(text).is_none_or(|it| it.name() == text));
    assert!(Risk::from_name(text).is_none_or(|it| it.name() == text));
    assert!(Role::from_name(text).is_none_or(|it| it.name() == text));
    assert!(Failure::from_name(text).is_none_or(|it| it.name() == text));
    assert!(TaskKind::from_name(text).is_none_or(|it| it.name() == text));
}

fn json(data: &[u8], text: &str) {
    let quoted = serde_json::to_string(text).expect("a text");
    assert_eq!(
        serde_json::from_str::<TaskId>(&quoted).ok(),
        text.parse().ok(),
        "JSON takes other ids"
    );
    let token: ActionToken = serde_json::from_str(&quoted).expect("any text");
    assert_eq!(token.as_str(), text);
    if let Ok(instant) = serde_json::from_str::<Timestamp>(&quoted) {
        let shown = serde_json::to_string(&instant).expect("plain");
        assert_eq!(
            serde_json::from_str::<Timestamp>(&shown).ok(),
            Some(instant)
        );
    }
    if let Ok(seq) = serde_json::from_slice::<Seq>(data) {
        assert_eq!(serde_json::to_string(&seq).ok(), Some(seq.0.to_string()));
    }
}
