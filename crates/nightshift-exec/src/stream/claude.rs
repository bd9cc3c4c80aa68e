//! Claude Code's `--output-format stream-json`: one message a line; `result` is the last.

use std::collections::BTreeMap;

use nightshift_core::port::JobEvent;
use serde_json::Value;

use super::{Found, number, step, total};

/// The argument of a tool call that says most about it, by what tools call it.
const TELLING: [&str; 8] = [
    "command",
    "file_path",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "prompt",
];

#[derive(Debug, Default)]
pub(super) struct Stream {
    /// A message comes once per content block, each time with its usage so far.
    tokens: BTreeMap<String, u64>,
}

impl Stream {
    pub(super) fn message(
        &mut self,
        message: &Value,
        found: &mut Found,
        events: &mut Vec<JobEvent>,
    ) {
        match message["type"].as_str() {
            Some("system") if message["subtype"] == "init" => {
                if let Some(id) = message["session_id"].as_str() {
                    events.push(JobEvent::Session(id.to_owned()));
                }
            }
            Some("system") if message["subtype"] == "api_retry" => {
                events.push(step(&retry(message)));
            }
            Some("assistant") => self.assistant(&message["message"], found, events),
            Some("result") => result(message, found, events),
            _ => {}
        }
    }

    fn assistant(&mut self, message: &Value, found: &mut Found, events: &mut Vec<JobEvent>) {
        for block in message["content"].as_array().into_iter().flatten() {
            match block["type"].as_str() {
                Some("text") => events.extend(block["text"].as_str().map(step)),
                Some("tool_use") => events.push(step(&tool(block))),
                _ => {}
            }
        }
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        self.tokens.insert(id, tokens(&message["usage"]));
        let tokens = total(self.tokens.values().copied());
        if tokens > found.usage.tokens {
            found.usage.tokens = tokens;
            events.push(JobEvent::Usage(found.usage));
        }
    }
}

/// The program tries for minutes before it gives up: the person should know why nothing happens.
fn retry(message: &Value) -> String {
    format!(
        "Provider refused ({} {}), try {} of {}",
        message["error_status"],
        message["error"].as_str().unwrap_or_default(),
        message["attempt"],
        message["max_retries"],
    )
}

fn tool(block: &Value) -> String {
    let name = block["name"].as_str().unwrap_or("tool");
    let telling = TELLING.iter().find_map(|key| block["input"][key].as_str());
    telling.map_or_else(|| name.to_owned(), |what| format!("{name}: {what}"))
}

/// A failed run has `is_error`, whatever its `subtype` says; a refused tool call is no failure.
fn result(message: &Value, found: &mut Found, events: &mut Vec<JobEvent>) {
    let text = message["result"].as_str().unwrap_or_default();
    if message["is_error"] == true {
        let subtype = message["subtype"].as_str().unwrap_or("no reason given");
        let reason = if text.is_empty() { subtype } else { text };
        found.failure = Some(reason.to_owned());
    } else {
        found.failure = None;
    }
    let refused = refused(message);
    let note = if refused.is_empty() {
        String::new()
    } else {
        format!("\n\n(Not allowed to use: {refused}.)")
    };
    found.answer = Some(format!("{text}{note}").trim().to_owned());
    found.usage.tokens = tokens(&message["usage"]).max(found.usage.tokens);
    let cost = message["total_cost_usd"].as_f64();
    // A refund would make room for more than the plan allows.
    found.usage.usd = cost.filter(|usd| *usd >= 0.0).unwrap_or(found.usage.usd);
    events.push(JobEvent::Usage(found.usage));
}

fn refused(message: &Value) -> String {
    let mut names: Vec<_> = message["permission_denials"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|denial| denial["tool_name"].as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn tokens(usage: &Value) -> u64 {
    let keys = [
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
    ];
    total(keys.map(|key| number(usage, key)))
}
