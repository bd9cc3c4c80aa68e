//! Untrusted text on its way into Slack's markup.

use nightshift_core::card::{Block, Button, ButtonStyle, Card, Form, Inline};
use nightshift_core::chat::{Identity, TextUnit};
use nightshift_core::id::{ActionToken, Platform};
use nightshift_slack::fuzz;
use serde_json::Value;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "<!channel>",
    "<@U1>",
    "<https://evil.example|here>",
    "```",
    "`",
    "*",
    "_",
    "&",
    "&lt;",
    "\u{1b}[31m",
    "\n",
    "T",
    "L",
    "B",
    "C",
    "P",
    "V",
    "K",
    "F",
    "X",
    "D",
];

/// One line a part: its first character says what the rest is; or a stored card as JSON.
pub(super) fn card(data: &[u8]) {
    let card = serde_json::from_slice(data).unwrap_or_else(|_| built(&input::text(data)));
    check(&fuzz::message(&card), &card);
}

fn built(text: &str) -> Card {
    let mut card = Card::default();
    for line in text.lines() {
        let mut chars = line.chars();
        let kind = chars.next();
        let rest = chars.as_str().to_owned();
        let block = match kind {
            Some('T') => {
                card.title = Some(rest);
                continue;
            }
            Some('D') => {
                card.buttons.push(Button {
                    label: rest.clone(),
                    action: ActionToken::new(rest),
                    style: ButtonStyle::Danger,
                });
                continue;
            }
            Some('B') => Block::Line(vec![Inline::Bold(rest.clone()), Inline::Text(rest)]),
            Some('C') => Block::Line(vec![Inline::Code(rest)]),
            Some('P') => Block::Line(vec![Inline::Person {
                name: rest.clone(),
                account: Some(Identity {
                    platform: Platform::new("slack"),
                    id: rest,
                }),
            }]),
            Some('K') => Block::Code(rest.replace('|', "\n")),
            Some('F') => Block::Fields(vec![(rest.clone(), rest); 12]),
            Some('X') => Block::Context(rest),
            Some('V') => Block::Verbatim(rest.replace('|', "\n").repeat(40)),
            _ => Block::Line(vec![Inline::Text(line.to_owned())]),
        };
        card.blocks.push(block);
    }
    card
}

/// Slack's limits, and no live markup but the mentions that the card asks for.
fn check(message: &Value, card: &Card) {
    let people: Vec<String> = accounts(card);
    let text = message["text"].as_str().expect("a text");
    // Mentions are in the blocks only.
    is_inert(text, &[]);
    assert!(!text.trim().is_empty() && TextUnit::Utf16.len(text) <= 3900);
    let blocks = message["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    for block in blocks {
        let limit = match block["type"].as_str() {
            Some("section") => 3000,
            Some("context") => 2000,
            Some("header") => 150,
            _ => 75,
        };
        texts(block, &mut |object| {
            let text = object["text"].as_str().expect("a text object");
            let length = TextUnit::Utf16.len(text);
            assert!(length <= limit, "{length} > {limit} in {}", block["type"]);
            if object["type"] == "mrkdwn" {
                assert_eq!(object["verbatim"], true, "Slack would look for links");
                is_inert(text, &people);
            }
        });
        let fields = block["fields"].as_array().map_or(0, Vec::len);
        assert!(fields <= 10);
    }
}

fn accounts(card: &Card) -> Vec<String> {
    let lines = card.blocks.iter().filter_map(|block| match block {
        Block::Line(parts) => Some(parts),
        _ => None,
    });
    lines
        .flatten()
        .filter_map(|part| match part {
            Inline::Person {
                account: Some(account),
                ..
            } => Some(account.id.clone()),
            _ => None,
        })
        .collect()
}

/// Calls `see` with every text object inside.
fn texts(value: &Value, see: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(fields) => {
            if matches!(value["type"].as_str(), Some("mrkdwn" | "plain_text")) {
                return see(value);
            }
            fields.values().for_each(|below| texts(below, see));
        }
        Value::Array(list) => list.iter().for_each(|below| texts(below, see)),
        _ => {}
    }
}

/// Every `<` begins the mention of one of these people; every fence is closed.
fn is_inert(text: &str, people: &[String]) {
    for (at, _) in text.match_indices('<') {
        let token = text[at + 1..].split('>').next().unwrap_or_default();
        let id = token.strip_prefix('@').unwrap_or_default();
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let known = people.iter().any(|known| known == id) && !id.is_empty();
        assert!(known && id.bytes().all(plain), "live markup: {token}");
    }
    assert_eq!(text.matches("```").count() % 2, 0, "an open fence: {text}");
}

/// A form whose words come from outside.
pub(super) fn form(data: &[u8]) {
    let text = input::text(data);
    let mut lines = text.lines().map(str::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    let form = Form {
        action: ActionToken::new(next()),
        title: next(),
        label: next(),
        placeholder: next(),
        submit: next(),
    };
    let modal = fuzz::modal(&form);
    assert_eq!(modal["private_metadata"], form.action.as_str());
    let within = |pointer: &str, limit: usize| {
        let text = modal.pointer(pointer).and_then(Value::as_str);
        let length = TextUnit::Utf16.len(text.unwrap_or_default());
        assert!(length <= limit, "{pointer} is {length} long");
    };
    within("/title/text", 24);
    within("/submit/text", 24);
    within("/blocks/0/label/text", 2000);
    within("/blocks/0/element/placeholder/text", 150);
}
