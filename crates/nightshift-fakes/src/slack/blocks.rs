//! Block Kit: structure and limits of messages, as Slack refuses them.
//!
//! Limits are those of Slack's reference pages and of the constants in its Python SDK.

mod element;
mod findings;
pub(crate) mod text;
pub(crate) mod view;

use serde_json::{Map, Value};

use element::check_element;
pub(crate) use findings::Findings;
use text::{check_text, markup_notes};

const BLOCKS_PER_MESSAGE: usize = 50;
const SECTION_TEXT: usize = 3000;
const SECTION_FIELDS: usize = 10;
const SECTION_FIELD_TEXT: usize = 2000;
const HEADER_TEXT: usize = 150;
const CONTEXT_ELEMENTS: usize = 10;
const ACTIONS_ELEMENTS: usize = 25;
const INPUT_LABEL: usize = 2000;
const MARKDOWN_TEXT: usize = 12_000;
const ID_LENGTH: usize = 255;
const IMAGE_URL: usize = 3000;
const ALT_TEXT: usize = 2000;

/// Checks the blocks of a message.
pub(crate) fn check_message(blocks: &Value) -> Findings {
    let mut found = Findings::default();
    check_blocks(blocks, "/blocks", BLOCKS_PER_MESSAGE, &mut found);
    for (index, block) in blocks.as_array().into_iter().flatten().enumerate() {
        if block["type"] == "input" && block["element"]["type"] == "file_input" {
            found.error(&format!("/blocks/{index}"), "file_input is for modals only");
        }
    }
    found
}

fn check_blocks(blocks: &Value, pointer: &str, limit: usize, found: &mut Findings) {
    let Some(items) = blocks.as_array() else {
        found.error(pointer, "must be an array");
        return;
    };
    if items.len() > limit {
        found.error(pointer, format!("no more than {limit} items allowed"));
    }
    for (index, block) in items.iter().enumerate() {
        check_block(block, &format!("{pointer}/{index}"), found);
    }
}

fn check_block(block: &Value, at: &str, found: &mut Findings) {
    match block["type"].as_str() {
        Some("section") => check_section(block, at, found),
        Some("header") => check_header(block, at, found),
        Some("context") => check_context(block, at, found),
        Some("actions") => check_actions(block, at, found),
        Some("divider") => {
            found.object(block, at, &["type", "block_id"]);
        }
        Some("input") => check_input(block, at, found),
        Some("markdown") => check_markdown(block, at, found),
        Some("image") => check_image(block, at, found),
        Some("rich_text") => {
            found.object(block, at, &["type", "block_id", "elements"]);
            found.items(block.get("elements"), &format!("{at}/elements"), usize::MAX);
        }
        Some(other) => found.error(at, format!("unsupported type: {other}")),
        None => found.error(at, "missing required field: type"),
    }
    check_block_id(block, at, found);
}

fn check_block_id(block: &Value, at: &str, found: &mut Findings) {
    let Some(id) = block.get("block_id") else {
        return;
    };
    let at = format!("{at}/block_id");
    match id.as_str() {
        Some(id) if id.chars().count() > ID_LENGTH => found.too_long(&at, ID_LENGTH),
        Some(id) => found.unique_block_id(id, &at),
        None => found.error(&at, "must be a string"),
    }
}

fn check_section(block: &Value, at: &str, found: &mut Findings) {
    let known = ["type", "block_id", "text", "fields", "accessory", "expand"];
    let Some(map) = found.object(block, at, &known) else {
        return;
    };
    if !map.contains_key("text") && !map.contains_key("fields") {
        found.error(at, "missing required field: text or fields");
    }
    if let Some(text) = map.get("text") {
        check_text(text, &format!("{at}/text"), SECTION_TEXT, found);
    }
    if map.contains_key("fields") {
        let at = format!("{at}/fields");
        for (index, field) in found
            .items(map.get("fields"), &at, SECTION_FIELDS)
            .iter()
            .enumerate()
        {
            check_text(field, &format!("{at}/{index}"), SECTION_FIELD_TEXT, found);
        }
    }
    if let Some(accessory) = map.get("accessory") {
        check_element(accessory, &format!("{at}/accessory"), found);
    }
}

fn check_header(block: &Value, at: &str, found: &mut Findings) {
    let Some(map) = found.object(block, at, &["type", "block_id", "text"]) else {
        return;
    };
    if found.required(map, "text", at) {
        text::check_plain(&map["text"], &format!("{at}/text"), HEADER_TEXT, found);
    }
}

fn check_context(block: &Value, at: &str, found: &mut Findings) {
    let Some(map) = found.object(block, at, &["type", "block_id", "elements"]) else {
        return;
    };
    let at = format!("{at}/elements");
    let items = found.items(map.get("elements"), &at, CONTEXT_ELEMENTS);
    for (index, element) in items.iter().enumerate() {
        let at = format!("{at}/{index}");
        match element["type"].as_str() {
            Some("image") => check_image_fields(element, &at, found),
            _ => check_text(element, &at, SECTION_TEXT, found),
        }
    }
}

fn check_actions(block: &Value, at: &str, found: &mut Findings) {
    let Some(map) = found.object(block, at, &["type", "block_id", "elements"]) else {
        return;
    };
    let at = format!("{at}/elements");
    let items = found.items(map.get("elements"), &at, ACTIONS_ELEMENTS);
    for (index, element) in items.iter().enumerate() {
        check_element(element, &format!("{at}/{index}"), found);
    }
}

fn check_input(block: &Value, at: &str, found: &mut Findings) {
    let known = [
        "type",
        "block_id",
        "label",
        "element",
        "hint",
        "optional",
        "dispatch_action",
    ];
    let Some(map) = found.object(block, at, &known) else {
        return;
    };
    if found.required(map, "label", at) {
        text::check_plain(&map["label"], &format!("{at}/label"), INPUT_LABEL, found);
    }
    if let Some(hint) = map.get("hint") {
        text::check_plain(hint, &format!("{at}/hint"), INPUT_LABEL, found);
    }
    if found.required(map, "element", at) {
        check_element(&map["element"], &format!("{at}/element"), found);
    }
}

fn check_markdown(block: &Value, at: &str, found: &mut Findings) {
    let Some(map) = found.object(block, at, &["type", "block_id", "text"]) else {
        return;
    };
    if found.required(map, "text", at) {
        found.string(map, "text", at, MARKDOWN_TEXT);
    }
}

fn check_image(block: &Value, at: &str, found: &mut Findings) {
    let known = [
        "type",
        "block_id",
        "image_url",
        "alt_text",
        "title",
        "slack_file",
    ];
    if let Some(map) = found.object(block, at, &known) {
        image_limits(map, at, found);
    }
}

fn check_image_fields(element: &Value, at: &str, found: &mut Findings) {
    let known = ["type", "image_url", "alt_text", "slack_file"];
    if let Some(map) = found.object(element, at, &known) {
        image_limits(map, at, found);
    }
}

fn image_limits(map: &Map<String, Value>, at: &str, found: &mut Findings) {
    found.required(map, "alt_text", at);
    found.string(map, "alt_text", at, ALT_TEXT);
    found.string(map, "image_url", at, IMAGE_URL);
}

/// Notes on a message's own `text`, which is markup too.
pub(crate) fn check_fallback(text: &str) -> Vec<String> {
    markup_notes(text)
}

/// Gives every block and interactive element the id that Slack would make up.
pub(crate) fn fill_ids(blocks: &mut Value, mut fresh: impl FnMut() -> u64) {
    for block in blocks.as_array_mut().into_iter().flatten() {
        let Some(map) = block.as_object_mut() else {
            continue;
        };
        if !map.contains_key("block_id") {
            map.insert("block_id".into(), format!("blk{}", fresh()).into());
        }
        let interactive = map.get("type").and_then(Value::as_str).map(str::to_owned);
        for key in ["element", "accessory"] {
            if let Some(element) = map.get_mut(key) {
                fill_action_id(element, &mut fresh);
            }
        }
        if interactive.as_deref() == Some("actions") {
            let elements = map.get_mut("elements").and_then(Value::as_array_mut);
            for element in elements.into_iter().flatten() {
                fill_action_id(element, &mut fresh);
            }
        }
    }
}

fn fill_action_id(element: &mut Value, fresh: &mut impl FnMut() -> u64) {
    if let Some(map) = element.as_object_mut()
        && !map.contains_key("action_id")
    {
        map.insert("action_id".into(), format!("act{}", fresh()).into());
    }
}
