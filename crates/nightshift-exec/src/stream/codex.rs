//! Codex' `exec --json`: threads, turns and items; the last agent message is the answer.

use nightshift_core::port::JobEvent;
use serde_json::Value;

use super::{Found, number, step, total};

pub(super) fn message(message: &Value, found: &mut Found, events: &mut Vec<JobEvent>) {
    match message["type"].as_str() {
        Some("thread.started") => {
            if let Some(id) = message["thread_id"].as_str() {
                events.push(JobEvent::Session(id.to_owned()));
            }
        }
        Some("item.started" | "item.updated") => {
            events.extend(doing(&message["item"]).map(|text| step(&text)));
        }
        Some("item.completed") => completed(&message["item"], found, events),
        Some("turn.completed") => {
            // A later turn that succeeds makes up for one that failed.
            found.failure = None;
            let usage = &message["usage"];
            // Cached input is part of the input, reasoning part of the output.
            found.usage.tokens = total([
                found.usage.tokens,
                number(usage, "input_tokens"),
                number(usage, "output_tokens"),
            ]);
            events.push(JobEvent::Usage(found.usage));
        }
        Some("turn.failed") => fail(&message["error"]["message"], found),
        // Also each try to reach the provider again.
        Some("error") => {
            fail(&message["message"], found);
            events.extend(message["message"].as_str().map(step));
        }
        _ => {}
    }
}

fn fail(reason: &Value, found: &mut Found) {
    let reason = reason.as_str().unwrap_or("the turn failed");
    found.failure = Some(reason.to_owned());
}

fn completed(item: &Value, found: &mut Found, events: &mut Vec<JobEvent>) {
    match item["type"].as_str() {
        Some("agent_message") => {
            if let Some(text) = item["text"].as_str() {
                found.answer = Some(text.to_owned());
                events.push(step(text));
            }
        }
        // Short commands are only ever reported as completed.
        _ => events.extend(doing(item).map(|text| step(&text))),
    }
}

fn doing(item: &Value) -> Option<String> {
    match item["type"].as_str()? {
        "command_execution" => Some(format!("Run: {}", item["command"].as_str()?)),
        "file_change" => {
            let path = item["changes"][0]["path"].as_str()?;
            Some(format!("Edit: {path}"))
        }
        "mcp_tool_call" => Some(format!("Tool: {}", item["tool"].as_str()?)),
        "web_search" => Some(format!("Search: {}", item["query"].as_str()?)),
        _ => None,
    }
}
