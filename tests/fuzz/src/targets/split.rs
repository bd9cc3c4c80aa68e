//! Cutting texts to a platform's limits.

use nightshift_core::chat::TextUnit;
use nightshift_core::chat::split::{shorten, split};

use crate::input;

pub(super) const WORDS: &[&str] = &["```", "```rust\n", "\n```\n", "``", "`", "🦀", "\n\n", "é"];

const UNITS: [TextUnit; 3] = [TextUnit::Bytes, TextUnit::Chars, TextUnit::Utf16];

fn knobs(data: &[u8]) -> (u8, TextUnit, String) {
    let (limit, rest) = data.split_first().unwrap_or((&0, &[]));
    let (unit, rest) = rest.split_first().unwrap_or((&0, &[]));
    (*limit, UNITS[usize::from(*unit) % 3], input::text(rest))
}

/// A byte for the limit, one for the unit, the text.
pub(super) fn split_text(data: &[u8]) {
    let (limit, unit, text) = knobs(data);
    let limit = 64 + usize::from(limit);
    let parts = split(&text, limit, unit);
    for part in &parts {
        assert!(unit.len(part) <= limit, "too long: {part:?}");
        assert_eq!(
            part.matches("```").count() % 2,
            0,
            "an open fence: {part:?}"
        );
    }
    if !text.contains("```") {
        assert_eq!(parts.concat(), text, "not the text");
        return;
    }
    // Besides fences and their languages nothing is added; nothing at all is lost.
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|c| !c.is_whitespace() && *c != '`')
            .collect()
    };
    let shown = plain(&parts.concat());
    let mut shown = shown.iter();
    for c in plain(&text) {
        assert!(shown.any(|other| *other == c), "{c:?} is lost");
    }
}

pub(super) fn shorten_text(data: &[u8]) {
    let (limit, unit, text) = knobs(data);
    let limit = 3 + usize::from(limit);
    let (short, cut) = shorten(&text, limit, unit);
    assert!(unit.len(&short) <= limit);
    assert_eq!(cut, short != text);
    if cut {
        let head = short.strip_suffix('…').expect("a mark");
        assert!(text.starts_with(head));
    }
}
