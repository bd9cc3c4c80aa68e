//! Message text as Slack writes it → text as the person typed it.
//! <https://docs.slack.dev/messaging/formatting-message-text>

/// Without the mention of us: every `<@ME>` where we know who we are; else, in a mention, the first.
pub(super) fn without_mention(text: &str, mention: bool, me: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut drop_next = me.is_none() && mention;
    for piece in pieces(text) {
        let Piece::Token(token) = piece else {
            out.push_str(piece.source());
            continue;
        };
        let who = token
            .strip_prefix('@')
            .map(|who| who.split('|').next().unwrap_or_default());
        match (who, me) {
            (Some(who), Some(me)) if who == me => {}
            (Some(_), None) if drop_next => drop_next = false,
            _ => {
                out.push('<');
                out.push_str(token);
                out.push('>');
            }
        }
    }
    out.trim().to_owned()
}

/// Links as they were typed, `&lt;` and the like undone, mentions of people left as `<@U1>`.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(&unescape(text)),
            Piece::Token(token) => out.push_str(&token_as_typed(token)),
        }
    }
    out.trim().to_owned()
}

fn unescape(text: &str) -> String {
    // The ampersand last: `&amp;lt;` was typed as `&lt;`.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn token_as_typed(token: &str) -> String {
    let (target, label) = token.split_once('|').unwrap_or((token, ""));
    let (target, label) = (unescape(target), unescape(label));
    let as_it_is = || format!("<{token}>");
    match target.chars().next() {
        Some('#') if !label.is_empty() => format!("#{label}"),
        Some('!') if !label.is_empty() => label,
        Some('!') => format!("@{}", &target[1..]),
        _ if !is_link(&target) => as_it_is(),
        _ if label.is_empty() => target,
        // Slack links what looks like an address by itself: then the label is what was typed.
        _ if target
            .trim_end_matches('/')
            .ends_with(label.trim_end_matches('/')) =>
        {
            label
        }
        _ => format!("{label} ({target})"),
    }
}

fn is_link(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:") || target.starts_with("tel:")
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands between `<` and `>`; typed ones arrive as `&lt;` and `&gt;`.
    Token(&'a str),
}

impl<'a> Piece<'a> {
    fn source(&self) -> &'a str {
        match self {
            Self::Text(text) | Self::Token(text) => text,
        }
    }
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some(start) = text.find('<') {
        let Some(length) = text[start + 1..].find('>') else {
            break;
        };
        pieces.push(Piece::Text(&text[..start]));
        pieces.push(Piece::Token(&text[start + 1..start + 1 + length]));
        text = &text[start + length + 2..];
    }
    pieces.push(Piece::Text(text));
    pieces
}
