//! Limits of Block Kit, at n and n + 1.

use serde_json::{Value, json};

use super::app::button;
use crate::slack::blocks::check_message;
use crate::slack::blocks::view::check_view;

fn errors(blocks: Value) -> Vec<String> {
    check_message(&blocks).errors
}

fn section(length: usize) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(length)}})
}

fn header(length: usize) -> Value {
    json!({"type": "header", "text": {"type": "plain_text", "text": "x".repeat(length)}})
}

#[test]
fn lengths_are_allowed_up_to_the_limit() {
    let fields = |count: usize, length: usize| {
        let field = json!({"type": "mrkdwn", "text": "x".repeat(length)});
        json!([{"type": "section", "fields": vec![field; count]}])
    };
    let labelled = |label: usize, value: usize| {
        let mut button = button(&"x".repeat(label), "a");
        button["value"] = "v".repeat(value).into();
        json!([{"type": "actions", "elements": [button]}])
    };
    let buttons = |count: usize| {
        let all: Vec<Value> = (0..count).map(|n| button("b", &n.to_string())).collect();
        json!([{"type": "actions", "elements": all}])
    };
    let context = |count: usize| {
        let text = json!({"type": "mrkdwn", "text": "x"});
        json!([{"type": "context", "elements": vec![text; count]}])
    };
    let cases = [
        (json!([section(3000)]), json!([section(3001)])),
        (json!([header(150)]), json!([header(151)])),
        (json!([header(1)]), json!([header(0)])),
        (fields(10, 2000), fields(11, 10)),
        (fields(1, 2000), fields(1, 2001)),
        (labelled(75, 2000), labelled(76, 1)),
        (labelled(1, 2000), labelled(1, 2001)),
        (buttons(25), buttons(26)),
        (context(10), context(11)),
        (json!(vec![section(1); 50]), json!(vec![section(1); 51])),
    ];
    for (index, (good, bad)) in cases.into_iter().enumerate() {
        assert_eq!(errors(good), Vec::<String>::new(), "case {index}");
        assert_eq!(errors(bad).len(), 1, "case {index}");
    }
}

#[test]
fn wrong_structure_is_refused() {
    let cases = [
        json!([{"type": "section"}]),
        json!([{"type": "sektion"}]),
        json!([{"type": "divider", "colour": "red"}]),
        json!([{"type": "actions", "elements": []}]),
        json!([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
        json!([{"type": "actions", "elements": [button("a", "same"), button("b", "same")]}]),
        json!([{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}]),
    ];
    for case in cases {
        assert_eq!(errors(case.clone()).len(), 1, "{case}");
    }
    let mut styled = button("a", "a");
    styled["style"] = "green".into();
    let styled = json!([{"type": "actions", "elements": [styled]}]);
    assert_eq!(
        errors(styled),
        ["[ERROR] must be primary or danger [json-pointer:/blocks/0/elements/0/style]"]
    );
}

#[test]
fn a_modal_with_an_input_needs_a_submit_button() {
    let mut view = json!({
        "type": "modal",
        "title": {"type": "plain_text", "text": "x".repeat(24)},
        "submit": {"type": "plain_text", "text": "Send"},
        "private_metadata": "x".repeat(3000),
        "blocks": [{
            "type": "input",
            "label": {"type": "plain_text", "text": "What?"},
            "element": {"type": "plain_text_input", "multiline": true, "max_length": 3000},
        }],
    });
    assert_eq!(check_view(&view).errors, Vec::<String>::new());
    view["title"]["text"] = "x".repeat(25).into();
    view["private_metadata"] = "x".repeat(3001).into();
    view.as_object_mut().unwrap().remove("submit");
    assert_eq!(check_view(&view).errors.len(), 3);
}
