//! Answers to questions: status, queue, results, logs, why, details.

use crate::card::{Block, Card, Inline};
use crate::chat::TextUnit;
use crate::chat::split::shorten;
use crate::event::Event;
use crate::task::Task;
use crate::wording::card::estimate;
use crate::wording::{seconds, size};

pub fn status(task: &Task, queue_position: Option<u32>) -> Card {
    let mut fields = vec![
        ("Task".to_owned(), task.id.to_string()),
        ("State".to_owned(), task.state.name().to_owned()),
        ("Asked by".to_owned(), task.owner.to_string()),
        ("Asked at".to_owned(), task.created_at.to_string()),
    ];
    if let Some(reason) = task.state.reason() {
        fields.push(("Reason".into(), reason));
    }
    if let Some(position) = queue_position {
        fields.push(("Place in the queue".into(), position.to_string()));
    }
    if let Some(step) = task
        .attempt
        .as_ref()
        .and_then(|attempt| attempt.step.clone())
    {
        fields.push(("Step".into(), shorten(&step, 200, TextUnit::Chars).0));
    }
    if task.completed_at.is_some() && task.attempt.is_some() {
        fields.push(("Took".into(), seconds(task.usage.seconds)));
        fields.push(("Cost".into(), format!("${:.2}", task.usage.usd)));
    }
    let (request, _) = shorten(&task.description, 300, TextUnit::Chars);
    let mut card = Card::titled(format!("📊 Task Status: {}", task.id))
        .with(Block::Verbatim(request))
        .with(Block::Fields(fields));
    if let Some(detail) = &task.detail {
        card = card.with(Block::Line(vec![Inline::Text(detail.clone())]));
    }
    card
}

/// One line per task, newest first.
pub fn queue(tasks: &[Task], more: bool) -> Card {
    if tasks.is_empty() {
        return Card::say("No tasks.");
    }
    let mut lines: Vec<String> = tasks
        .iter()
        .map(|task| {
            let (request, _) = shorten(&task.description.replace('\n', " "), 60, TextUnit::Chars);
            format!("{}  {:10}  {request}", task.id, task.state.name())
        })
        .collect();
    if more {
        lines.push("… and more".into());
    }
    Card::titled("📋 Tasks").with(Block::Code(lines.join("\n")))
}

pub fn results(task: &Task) -> Card {
    let Some(result) = &task.result else {
        return Card::say(format!(
            "Task {} is {}: there is no result yet.",
            task.id,
            task.state.name()
        ));
    };
    let (text, _) = shorten(&result.text, 2500, TextUnit::Chars);
    let mut card = Card::titled(format!("Result of {}", task.id)).with(Block::Verbatim(text));
    for file in &result.files {
        card = card.with(Block::Context(format!(
            "{} ({})",
            file.path,
            size(file.bytes)
        )));
    }
    card
}

pub fn logs(task: &Task, tail: &str) -> Card {
    let dropped = task.attempt.as_ref();
    if let Some(at) = dropped.and_then(|attempt| attempt.log_dropped_at) {
        return Card::say(format!(
            "The output of task {} was removed at {at}, after the time it is kept for. Its answer is there: results {}",
            task.id, task.id
        ));
    }
    if tail.trim().is_empty() {
        return Card::say(format!("Task {} has no output yet.", task.id));
    }
    Card::titled(format!("Output of {}", task.id)).with(Block::Code(tail.to_owned()))
}

/// The causal chain from the delivery to the last message.
pub fn why(task: &Task, events: &[Event]) -> Card {
    let lines: Vec<String> = events
        .iter()
        .map(|event| {
            let actor = event
                .actor
                .as_deref()
                .map(|actor| format!(" by {actor}"))
                .unwrap_or_default();
            format!("{} {}{actor}", event.at, event.kind)
        })
        .collect();
    Card::titled(format!("Why {}", task.id)).with(Block::Code(lines.join("\n")))
}

/// The whole request and plan, uncut.
pub fn details(task: &Task) -> String {
    let mut text = format!("Task {}\n\nRequest:\n{}\n", task.id, task.description);
    if let Some(plan) = &task.plan {
        let body = &plan.body;
        text.push_str(&format!(
            "\nPlan {}\n{}\n{}\n",
            plan.hash,
            body.summary,
            estimate(plan)
        ));
        text.push_str(&format!(
            "Place: {} in {}\nMay write: {}\nNetwork: {}\nTimeout: {}\nRisk: {}\n",
            body.executor,
            body.workspace,
            body.writable_dirs.join(", "),
            body.network,
            seconds(body.timeout_s as f64),
            body.risk.name()
        ));
        if body.argv.is_empty() {
            text.push_str(&format!("\nPrompt:\n{}\n", body.prompt));
        } else {
            text.push_str(&format!("\nRuns exactly: {:?}\n", body.argv));
        }
    }
    text
}
