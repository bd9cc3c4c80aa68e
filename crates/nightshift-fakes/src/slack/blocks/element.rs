//! Interactive elements of blocks.

use serde_json::{Map, Value};

use super::text::check_plain;
use super::{Findings, ID_LENGTH};

const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2000;
const BUTTON_URL: usize = 3000;
const PLACEHOLDER: usize = 150;
const OPTION_TEXT: usize = 75;
const OPTION_VALUE: usize = 150;
const INPUT_TEXT: u64 = 3000;
const OPTIONS: usize = 100;
const OVERFLOW_OPTIONS: usize = 5;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;

pub(super) fn check_element(element: &Value, at: &str, found: &mut Findings) {
    match element["type"].as_str() {
        Some("button") => check_button(element, at, found),
        Some("plain_text_input") => check_text_input(element, at, found),
        Some("static_select") => check_select(element, at, OPTIONS, found),
        Some("overflow") => check_select(element, at, OVERFLOW_OPTIONS, found),
        Some("image") => super::check_image_fields(element, at, found),
        Some(other) => found.error(at, format!("unsupported type: {other}")),
        None => found.error(at, "missing required field: type"),
    }
    if let Some(id) = element["action_id"].as_str() {
        found.unique_action_id(id, &format!("{at}/action_id"));
    }
}

fn check_button(element: &Value, at: &str, found: &mut Findings) {
    let known = [
        "type",
        "text",
        "action_id",
        "value",
        "url",
        "style",
        "confirm",
        "accessibility_label",
    ];
    let Some(map) = found.object(element, at, &known) else {
        return;
    };
    if found.required(map, "text", at) {
        check_plain(&map["text"], &format!("{at}/text"), BUTTON_TEXT, found);
    }
    found.string(map, "action_id", at, ID_LENGTH);
    found.string(map, "value", at, BUTTON_VALUE);
    found.string(map, "url", at, BUTTON_URL);
    found.string(map, "accessibility_label", at, BUTTON_TEXT);
    if let Some(style) = map.get("style")
        && style != "primary"
        && style != "danger"
    {
        found.error(&format!("{at}/style"), "must be primary or danger");
    }
    if let Some(confirm) = map.get("confirm") {
        check_confirm(confirm, &format!("{at}/confirm"), found);
    }
}

fn check_confirm(confirm: &Value, at: &str, found: &mut Findings) {
    let known = ["title", "text", "confirm", "deny", "style"];
    let Some(map) = found.object(confirm, at, &known) else {
        return;
    };
    for (key, limit) in [
        ("title", CONFIRM_TITLE),
        ("confirm", CONFIRM_BUTTON),
        ("deny", CONFIRM_BUTTON),
    ] {
        if let Some(text) = map.get(key) {
            check_plain(text, &format!("{at}/{key}"), limit, found);
        }
    }
    if found.required(map, "text", at) {
        super::check_text(&map["text"], &format!("{at}/text"), CONFIRM_TEXT, found);
    }
}

fn check_text_input(element: &Value, at: &str, found: &mut Findings) {
    let known = [
        "type",
        "action_id",
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "placeholder",
        "focus_on_load",
        "dispatch_action_config",
    ];
    let Some(map) = found.object(element, at, &known) else {
        return;
    };
    found.string(map, "action_id", at, ID_LENGTH);
    found.string(map, "initial_value", at, INPUT_TEXT as usize);
    if let Some(placeholder) = map.get("placeholder") {
        check_plain(
            placeholder,
            &format!("{at}/placeholder"),
            PLACEHOLDER,
            found,
        );
    }
    for key in ["min_length", "max_length"] {
        if let Some(number) = map.get(key)
            && number.as_u64().is_none_or(|n| n > INPUT_TEXT)
        {
            found.error(
                &format!("{at}/{key}"),
                format!("must be less than {}", INPUT_TEXT + 1),
            );
        }
    }
}

fn check_select(element: &Value, at: &str, options: usize, found: &mut Findings) {
    let known = [
        "type",
        "action_id",
        "options",
        "option_groups",
        "initial_option",
        "placeholder",
        "focus_on_load",
        "confirm",
    ];
    let Some(map) = found.object(element, at, &known) else {
        return;
    };
    found.string(map, "action_id", at, ID_LENGTH);
    let at = format!("{at}/options");
    let items = found.items(map.get("options"), &at, options);
    for (index, option) in items.iter().enumerate() {
        check_option(option, &format!("{at}/{index}"), found);
    }
}

fn check_option(option: &Value, at: &str, found: &mut Findings) {
    let known = ["text", "value", "description", "url"];
    let Some(map): Option<&Map<String, Value>> = found.object(option, at, &known) else {
        return;
    };
    if found.required(map, "text", at) {
        check_plain(&map["text"], &format!("{at}/text"), OPTION_TEXT, found);
    }
    found.string(map, "value", at, OPTION_VALUE);
}
