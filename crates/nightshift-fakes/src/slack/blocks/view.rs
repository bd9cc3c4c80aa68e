//! Modals.

use serde_json::Value;

use super::{Findings, check_blocks, text};

const BLOCKS_PER_VIEW: usize = 100;
const TITLE: usize = 24;
const PRIVATE_METADATA: usize = 3000;
const CALLBACK_ID: usize = 255;

/// Checks a modal for `views.open`.
pub(crate) fn check_view(view: &Value) -> Findings {
    let mut found = Findings::default();
    let known = [
        "type",
        "title",
        "blocks",
        "submit",
        "close",
        "private_metadata",
        "callback_id",
        "clear_on_close",
        "notify_on_close",
        "external_id",
        "submit_disabled",
    ];
    let Some(map) = found.object(view, "/view", &known) else {
        return found;
    };
    if view["type"] != "modal" {
        found.error("/view/type", "must be modal");
    }
    if found.required(map, "title", "/view") {
        text::check_plain(&map["title"], "/view/title", TITLE, &mut found);
    }
    for key in ["submit", "close"] {
        if let Some(label) = map.get(key) {
            text::check_plain(label, &format!("/view/{key}"), TITLE, &mut found);
        }
    }
    found.string(map, "private_metadata", "/view", PRIVATE_METADATA);
    found.string(map, "callback_id", "/view", CALLBACK_ID);
    check_blocks(&view["blocks"], "/view/blocks", BLOCKS_PER_VIEW, &mut found);
    let has_input = view["blocks"]
        .as_array()
        .is_some_and(|blocks| blocks.iter().any(|block| block["type"] == "input"));
    if has_input && !map.contains_key("submit") {
        found.error("/view", "submit is required when an input block is there");
    }
    found
}
