use nightshift_core::card::{Block, Button, ButtonStyle, Card, Form, Inline};
use nightshift_core::chat::Identity;
use nightshift_core::id::{ActionToken, Platform};
use proptest::prelude::*;
use serde_json::Value;

use crate::render::{message, modal};

fn rendered(card: &Card) -> Value {
    serde_json::to_value(message(card)).unwrap()
}

fn blocks(card: &Card) -> Vec<Value> {
    rendered(card)["blocks"].as_array().unwrap().clone()
}

fn button(label: &str, action: &str, style: ButtonStyle) -> Button {
    Button {
        label: label.into(),
        action: ActionToken::new(action),
        style,
    }
}

fn person(platform: &str, id: &str) -> Inline {
    Inline::Person {
        name: "Ana <admin>".into(),
        account: Some(Identity {
            platform: Platform::new(platform),
            id: id.into(),
        }),
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Every string that stands under `text`, with the type of its text object.
fn texts(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            if let (Some(Value::String(kind)), Some(Value::String(text))) =
                (object.get("type"), object.get("text"))
            {
                found.push((kind.clone(), text.clone()));
            }
            object.values().for_each(|value| texts(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[test]
fn a_card_in_block_kit() {
    let card = Card {
        title: Some("✨ Task Created: task_7k2m9q4x".into()),
        blocks: vec![
            Block::Line(vec![
                Inline::Bold("Request".into()),
                Inline::Text(": a < b & c".into()),
                Inline::Code("x`y".into()),
                person("slack", "U1"),
                person("web", "U2"),
            ]),
            Block::Fields(vec![("Agent".into(), "stub".into())]),
            Block::Code("ls ```\n<x>".into()),
            Block::Context("expires soon".into()),
        ],
        buttons: vec![
            button("✓ Approve & Execute", "act_1", ButtonStyle::Primary),
            button("Revise", "act_2", ButtonStyle::Plain),
            button("✕ Cancel", "act_3", ButtonStyle::Danger),
        ],
    };
    let lines: Vec<String> = blocks(&card).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n").replace('\u{200b}', "[zwsp]"), @r#"
    {"text":{"emoji":true,"text":"✨ Task Created: task_7k2m9q4x","type":"plain_text"},"type":"header"}
    {"text":{"text":"*Request*: a &lt; b &amp; c`x'y`<@U1>Ana &lt;admin&gt;","type":"mrkdwn","verbatim":true},"type":"section"}
    {"fields":[{"text":"*Agent*\nstub","type":"mrkdwn","verbatim":true}],"type":"section"}
    {"text":{"text":"```\nls ``[zwsp]`\n&lt;x&gt;\n```","type":"mrkdwn","verbatim":true},"type":"section"}
    {"elements":[{"text":"expires soon","type":"mrkdwn","verbatim":true}],"type":"context"}
    {"elements":[{"action_id":"ns_0","style":"primary","text":{"emoji":true,"text":"✓ Approve & Execute","type":"plain_text"},"type":"button","value":"act_1"},{"action_id":"ns_1","text":{"emoji":true,"text":"Revise","type":"plain_text"},"type":"button","value":"act_2"},{"action_id":"ns_2","style":"danger","text":{"emoji":true,"text":"✕ Cancel","type":"plain_text"},"type":"button","value":"act_3"}],"type":"actions"}
    "#);
    assert_eq!(
        rendered(&card)["text"],
        "✨ Task Created: task_7k2m9q4x\nRequest: a &lt; b &amp; cx`yAna &lt;admin&gt;Ana &lt;admin&gt;\n\
         Agent: stub\nls ``\u{200b}`\n&lt;x&gt;\nexpires soon"
    );
}

#[test]
fn untrusted_text_mentions_nobody_and_links_nowhere() {
    let evil = "<!channel> <!here> <@U1> <https://evil.example|x> @channel &lt;!channel&gt; ```";
    let card = Card {
        title: None,
        blocks: vec![
            Block::Line(vec![
                Inline::Text(evil.into()),
                Inline::Bold(evil.into()),
                Inline::Code(evil.into()),
                person("slack", "U1|x> <!channel"),
                person("slack", "u1"),
            ]),
            Block::Verbatim(evil.into()),
            Block::Code(evil.into()),
            Block::Fields(vec![(evil.into(), evil.into())]),
            Block::Context(evil.into()),
        ],
        buttons: vec![],
    };
    let content = rendered(&card);
    assert!(!content["text"].as_str().unwrap().contains(['<', '>']));
    let mut found = Vec::new();
    texts(&content["blocks"], &mut found);
    assert!(found.len() >= 5, "{found:?}");
    for (kind, text) in &found {
        assert_eq!(kind, "mrkdwn");
        assert!(!text.contains(['<', '>']), "{text}");
    }
    // Slack looks for names and addresses in text that is not marked so.
    let marks = content.to_string().matches("\"verbatim\":true").count();
    assert_eq!(marks, found.len());
}

#[test]
fn code_stays_inside_its_fence() {
    for text in ["a\n```\nb", "``````", "a`````b", "```"] {
        let card = Card::default().with(Block::Code(text.into()));
        let shown = blocks(&card)[0]["text"]["text"]
            .as_str()
            .unwrap()
            .to_owned();
        let inside = shown
            .strip_prefix("```\n")
            .and_then(|rest| rest.strip_suffix("\n```"));
        assert!(!inside.unwrap().contains("```"), "{shown}");
    }
}

#[test]
fn each_limit_is_kept_at_n_and_n_plus_one() {
    for (length, parts) in [(3000, 1), (3001, 2), (9000, 3)] {
        let card = Card::default().with(Block::Verbatim("x".repeat(length)));
        assert_eq!(blocks(&card).len(), parts, "{length}");
    }
    // Five characters each once escaped.
    let card = Card::default().with(Block::Verbatim("&".repeat(601)));
    assert_eq!(blocks(&card).len(), 2);
    for (length, shown) in [(150, 150), (151, 150)] {
        let card = Card::titled("t".repeat(length));
        assert_eq!(
            units(blocks(&card)[0]["text"]["text"].as_str().unwrap()),
            shown
        );
    }
    for (length, shown) in [(75, 75), (76, 75)] {
        let mut card = Card::say("x");
        card.buttons = vec![button(&"b".repeat(length), "act", ButtonStyle::Plain)];
        let label = blocks(&card)[1]["elements"][0]["text"]["text"].clone();
        assert_eq!(units(label.as_str().unwrap()), shown);
    }
    for (count, sections) in [(10, 1), (11, 2)] {
        let fields = vec![("l".to_owned(), "v".to_owned()); count];
        let card = Card::default().with(Block::Fields(fields));
        assert_eq!(blocks(&card).len(), sections);
    }
    let wide = vec![("l".repeat(300), "v&".repeat(3000))];
    let card = Card::default().with(Block::Fields(wide));
    let field = blocks(&card)[0]["fields"][0]["text"].clone();
    assert!(units(field.as_str().unwrap()) <= 2000);
}

#[test]
fn a_message_that_is_too_long_keeps_its_buttons_and_says_that_it_was_cut() {
    for (lines, cut) in [(49, false), (50, true), (500, true)] {
        let mut card = Card::default();
        for line in 0..lines {
            card = card.with(Block::Verbatim(format!("line {line}")));
        }
        card.buttons = vec![button("Approve", "act_1", ButtonStyle::Primary)];
        let blocks = blocks(&card);
        assert_eq!(blocks.len(), 50);
        assert_eq!(blocks[49]["type"], "actions");
        assert_eq!(blocks[48]["type"] == "context", cut, "{lines}");
    }
}

#[test]
fn an_empty_card_is_still_a_message() {
    let content = rendered(&Card::default());
    assert_eq!(content["text"], "…");
    let blank = Card::default()
        .with(Block::Verbatim(" \n".into()))
        .with(Block::Code(String::new()))
        .with(Block::Context(String::new()));
    assert!(blocks(&blank).is_empty());
}

#[test]
fn buttons_differ_by_id_and_carry_their_token() {
    let mut card = Card::say("x");
    card.buttons = (0..30)
        .map(|i| button("b", &format!("act_{i}"), ButtonStyle::Plain))
        .collect();
    let rows: Vec<Value> = blocks(&card)
        .into_iter()
        .filter(|block| block["type"] == "actions")
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for row in &rows {
        let elements = row["elements"].as_array().unwrap();
        assert!(elements.len() <= 25);
        for element in elements {
            assert!(ids.insert(element["action_id"].to_string()));
            assert!(element["value"].as_str().unwrap().starts_with("act_"));
        }
    }
    assert_eq!(ids.len(), 30);
}

#[test]
fn a_form_is_a_modal_with_one_input_and_nothing_but_our_token() {
    let form = Form {
        action: ActionToken::new("act_form"),
        title: "What should be different about it?".into(),
        label: "Feedback".into(),
        placeholder: "p".repeat(200),
        submit: "Revise".into(),
    };
    let view = serde_json::to_value(modal(&form)).unwrap();
    assert_eq!(units(view["title"]["text"].as_str().unwrap()), 24);
    let element = &view["blocks"][0]["element"];
    assert_eq!(units(element["placeholder"]["text"].as_str().unwrap()), 150);
    assert_eq!(element["multiline"], true);
    assert_eq!(view["type"], "modal");
    assert_eq!(view["private_metadata"], "act_form");
    assert_eq!(view["callback_id"], "ns_form");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_too_long_and_none_is_lost(
        text in "([a-z&<>é🦀 ]{0,120}\n(```[a-z]{0,4}\n)?){0,60}",
    ) {
        let card = Card::default()
            .with(Block::Verbatim(text.clone()))
            .with(Block::Code(text.clone()))
            .with(Block::Line(vec![Inline::Text(text.clone())]))
            .with(Block::Context(text.clone()));
        let content = rendered(&card);
        prop_assert!(units(content["text"].as_str().unwrap()) <= 3900);
        let mut found = Vec::new();
        texts(&content["blocks"], &mut found);
        for (_, shown) in &found {
            prop_assert!(units(shown) <= 3000 && !shown.is_empty());
            prop_assert!(!shown.contains(['<', '>']));
        }
        let verbatim = Card::default().with(Block::Verbatim(text.clone()));
        let mut found = Vec::new();
        texts(&rendered(&verbatim)["blocks"], &mut found);
        let shown: String = found.into_iter().map(|(_, shown)| shown).collect();
        let count = |text: &str, what: &str| text.matches(what).count();
        prop_assert_eq!(count(&shown, "&lt;"), count(&text, "<"));
        prop_assert_eq!(count(&shown, "&gt;"), count(&text, ">"));
        prop_assert_eq!(count(&shown, "🦀"), count(&text, "🦀"));
    }
}
