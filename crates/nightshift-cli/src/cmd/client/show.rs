//! Answers for people; `--json` prints them as they came.

use std::process::ExitCode;

use serde_json::Value;

use crate::cmd::Context;

pub(super) fn print(
    context: &Context,
    value: &Value,
    words: fn(&Value) -> String,
) -> anyhow::Result<ExitCode> {
    if context.json {
        out!("{}", serde_json::to_string_pretty(value)?);
    } else {
        out!("{}", words(value).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("–")
}

pub(super) fn queue(list: &Value) -> String {
    let tasks = list["items"].as_array().cloned().unwrap_or_default();
    if tasks.is_empty() {
        return "No tasks.".into();
    }
    let mut lines = format!(
        "{:14} {:10} {:24} {}\n",
        "TASK", "STATE", "CREATED", "REQUEST"
    );
    for task in &tasks {
        let request: String = text(task, "description")
            .replace('\n', " ")
            .chars()
            .take(60)
            .collect();
        lines.push_str(&format!(
            "{:14} {:10} {:24} {request}\n",
            text(task, "task_id"),
            text(task, "status"),
            text(task, "created_at")
        ));
    }
    if !list["next_cursor"].is_null() {
        lines.push_str("… and more; --json shows the cursor\n");
    }
    lines
}

pub(super) fn status(task: &Value) -> String {
    let mut lines = format!("{}  {}", text(task, "task_id"), text(task, "status"));
    if let Some(reason) = task["reason"].as_str() {
        lines.push_str(&format!(" ({reason})"));
    }
    if let Some(detail) = task["detail"].as_str() {
        lines.push_str(&format!("\n{detail}"));
    }
    lines.push_str(&format!("\nRequest:  {}", text(task, "description")));
    let plan = &task["plan"];
    if !plan.is_null() {
        let estimate = &plan["estimate"];
        lines.push_str(&format!(
            "\nPlan:     {}\nEstimate: ~{} tokens, ~{}s, ~${:.2}, ceiling ${:.2}\nNetwork:  {}   Risk: {}",
            text(plan, "summary"),
            estimate["tokens"]["p50"].as_f64().unwrap_or(0.0).round(),
            estimate["seconds"]["p50"].as_f64().unwrap_or(0.0).round(),
            estimate["usd"]["p50"].as_f64().unwrap_or(0.0),
            plan["ceiling"]["usd"].as_f64().unwrap_or(0.0),
            text(plan, "network"),
            text(plan, "risk"),
        ));
    }
    if task["status"] == "staged" {
        lines.push_str(&format!(
            "\nNext:     nightshift approve {}",
            text(task, "task_id")
        ));
    }
    lines
}

pub(super) fn results(task: &Value) -> String {
    let result = &task["result"];
    if result.is_null() {
        return format!(
            "{} is {}: there is no result yet.",
            text(task, "task_id"),
            text(task, "status")
        );
    }
    let mut lines = text(result, "text").to_owned();
    for file in result["files"].as_array().into_iter().flatten() {
        lines.push_str(&format!(
            "\n{} ({} bytes)",
            text(file, "path"),
            file["bytes"]
        ));
    }
    lines
}

pub(super) fn events(list: &Value) -> String {
    let events = list["items"].as_array().cloned().unwrap_or_default();
    let lines = events.iter().map(|event| {
        let actor = event["actor"]
            .as_str()
            .map(|actor| format!(" by {actor}"))
            .unwrap_or_default();
        format!("{} {}{actor}", text(event, "at"), text(event, "type"))
    });
    lines.collect::<Vec<_>>().join("\n")
}
