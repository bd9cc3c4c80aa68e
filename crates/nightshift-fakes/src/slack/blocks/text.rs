//! Text objects, and the markup in them.

use serde_json::Value;

use super::Findings;

/// A text object of either type with 1 to `limit` characters.
pub(crate) fn check_text(text: &Value, at: &str, limit: usize, found: &mut Findings) {
    match text["type"].as_str() {
        Some("plain_text") => check_plain(text, at, limit, found),
        Some("mrkdwn") => {
            if found
                .object(text, at, &["type", "text", "verbatim"])
                .is_some()
            {
                check_length(text, at, limit, found);
                let body = text["text"].as_str().unwrap_or_default();
                found.notes.extend(
                    markup_notes(body)
                        .into_iter()
                        .map(|note| format!("{note} [json-pointer:{at}/text]")),
                );
            }
        }
        _ => found.error(at, "must be a text object"),
    }
}

/// A `plain_text` object with 1 to `limit` characters.
pub(super) fn check_plain(text: &Value, at: &str, limit: usize, found: &mut Findings) {
    if text["type"] != "plain_text" {
        found.error(at, "must be a plain_text object");
        return;
    }
    if found.object(text, at, &["type", "text", "emoji"]).is_some() {
        check_length(text, at, limit, found);
    }
}

fn check_length(text: &Value, at: &str, limit: usize, found: &mut Findings) {
    let at = format!("{at}/text");
    match text["text"].as_str() {
        None => found.error(&at, "must be a string"),
        Some("") => found.error(&at, "must be more than 0 characters"),
        Some(body) if body.chars().count() > limit => {
            found.error(&at, format!("must be less than {} characters", limit + 1));
        }
        Some(_) => {}
    }
}

/// What a careful app would not have sent: raw `<`, `>` or `&`, and pings of everyone.
pub(crate) fn markup_notes(text: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut rest = text;
    while let Some(index) = rest.find(['<', '>', '&']) {
        let tail = &rest[index..];
        let taken = match tail.as_bytes()[0] {
            b'<' => control(tail, &mut notes),
            b'&' => entity(tail, &mut notes),
            _ if quotes(&rest[..index]) => 1,
            _ => {
                notes.push("unescaped > in markup".to_owned());
                1
            }
        };
        rest = &tail[taken..];
    }
    notes
}

/// `>` at the start of a line is a quotation.
fn quotes(before: &str) -> bool {
    before.rsplit('\n').next().is_some_and(str::is_empty)
}

fn entity(tail: &str, notes: &mut Vec<String>) -> usize {
    for known in ["&amp;", "&lt;", "&gt;"] {
        if tail.starts_with(known) {
            return known.len();
        }
    }
    notes.push("unescaped & in markup".to_owned());
    1
}

fn control(tail: &str, notes: &mut Vec<String>) -> usize {
    let Some(end) = tail.find('>') else {
        notes.push("unescaped < in markup".to_owned());
        return 1;
    };
    let inner = &tail[1..end];
    let target = inner.split('|').next().unwrap_or_default();
    if ["!here", "!channel", "!everyone"].contains(&target) || target.starts_with("!subteam^") {
        notes.push(format!("pings many people: <{target}>"));
    } else if !is_reference(target) {
        notes.push("unescaped < in markup".to_owned());
        return 1;
    }
    end + 1
}

fn is_reference(target: &str) -> bool {
    let id = |rest: &str| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    if let Some(rest) = target.strip_prefix(['@', '#']) {
        return id(rest);
    }
    target.starts_with("!date^")
        || ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| target.starts_with(scheme))
}
