//! Collects what is wrong with blocks, in Slack's words.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What a check found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Reasons for `invalid_blocks`, as in `response_metadata.messages`.
    pub(crate) errors: Vec<String>,
    /// What Slack takes, but no careful app sends: unescaped markup, pings.
    pub(crate) notes: Vec<String>,
    action_ids: BTreeSet<String>,
    block_ids: BTreeSet<String>,
}

impl Findings {
    pub(super) fn error(&mut self, pointer: &str, problem: impl AsRef<str>) {
        self.errors.push(format!(
            "[ERROR] {} [json-pointer:{pointer}]",
            problem.as_ref()
        ));
    }

    pub(super) fn too_long(&mut self, pointer: &str, limit: usize) {
        self.error(
            pointer,
            format!("must be less than {} characters", limit + 1),
        );
    }

    /// The object at `pointer` with no other keys than `known`.
    pub(super) fn object<'a>(
        &mut self,
        value: &'a Value,
        pointer: &str,
        known: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(map) = value.as_object() else {
            self.error(pointer, "must be an object");
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            self.error(pointer, format!("invalid additional property: {key}"));
        }
        Some(map)
    }

    /// A text of at most `limit` characters, if it is there.
    pub(super) fn string(
        &mut self,
        map: &Map<String, Value>,
        key: &str,
        pointer: &str,
        limit: usize,
    ) {
        let at = format!("{pointer}/{key}");
        match map.get(key) {
            Some(Value::String(text)) if text.chars().count() > limit => self.too_long(&at, limit),
            None | Some(Value::String(_)) => {}
            Some(_) => self.error(&at, "must be a string"),
        }
    }

    pub(super) fn required(&mut self, map: &Map<String, Value>, key: &str, pointer: &str) -> bool {
        let there = map.contains_key(key);
        if !there {
            self.error(pointer, format!("missing required field: {key}"));
        }
        there
    }

    pub(super) fn unique_action_id(&mut self, id: &str, pointer: &str) {
        if !self.action_ids.insert(id.to_owned()) {
            self.error(pointer, format!("action_id already exists: {id}"));
        }
    }

    pub(super) fn unique_block_id(&mut self, id: &str, pointer: &str) {
        if !self.block_ids.insert(id.to_owned()) {
            self.error(pointer, format!("block_id already exists: {id}"));
        }
    }

    /// The items of an array with 1 to `limit` entries.
    pub(super) fn items<'a>(
        &mut self,
        value: Option<&'a Value>,
        pointer: &str,
        limit: usize,
    ) -> &'a [Value] {
        let Some(items) = value.and_then(Value::as_array) else {
            self.error(pointer, "must be an array");
            return &[];
        };
        if items.is_empty() {
            self.error(pointer, "must have more than 0 items");
        }
        if items.len() > limit {
            self.error(pointer, format!("no more than {limit} items allowed"));
        }
        items
    }
}
