//! Untrusted text → mrkdwn: exactly `&`, `<` and `>` are escaped, so that nothing becomes a
//! mention, a broadcast or a link. <https://docs.slack.dev/messaging/formatting-message-text>

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// Escapes as much as `limit` UTF-16 units hold, with `…` in place of the rest.
pub(super) fn escape_within(text: &str, limit: usize) -> String {
    if escaped_len(text) <= limit {
        return escape(text);
    }
    let mut out = String::new();
    let mut used = 1; // the ellipsis
    for c in text.chars() {
        used += unit_len(c);
        if used > limit {
            break;
        }
        push(&mut out, c);
    }
    out.push('…');
    out
}

/// Length after escaping, in UTF-16 units.
pub(super) fn escaped_len(text: &str) -> usize {
    text.chars().map(unit_len).sum()
}

fn unit_len(c: char) -> usize {
    entity(c).map_or(c.len_utf16(), str::len)
}

fn push(out: &mut String, c: char) {
    match entity(c) {
        Some(entity) => out.push_str(entity),
        // Slack refuses some control characters and shows none.
        None if c.is_control() && c != '\n' && c != '\t' => {
            out.push(char::REPLACEMENT_CHARACTER);
        }
        None => out.push(c),
    }
}

fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// Puts a zero-width space into every run of three backticks: no fence opens or closes here.
pub(super) fn break_fences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        if c != '`' {
            run = 0;
        } else if run == 2 {
            out.push('\u{200b}');
            run = 1;
        } else {
            run += 1;
        }
        out.push(c);
    }
    out
}
