//! What is said when a task ends.

use crate::card::{Block, Card, Inline};
use crate::task::{Stopped, Task, TaskKind, TaskState};
use crate::wording::{seconds, size};

/// The one message at the end: the answer, cost, time, estimate against actual, files.
///
/// `answer` is the first part of the answer that fits in one message.
pub fn final_message(task: &Task, answer: &str) -> Card {
    let mut card = Card::titled(title(task));
    if let Some(sentence) = sentence(task) {
        card = card.with(Block::Line(vec![Inline::Text(sentence)]));
    }
    if !answer.is_empty() {
        // A command prints columns; an agent writes prose with its own code fences.
        card = card.with(match task.kind {
            TaskKind::Command => Block::Code(answer.to_owned()),
            TaskKind::Agent => Block::Verbatim(answer.to_owned()),
        });
    }
    if task.attempt.is_some() {
        card = card.with(Block::Context(figures(task)));
    }
    match files(task) {
        Some(files) => card.with(Block::Context(files)),
        None => card,
    }
}

fn title(task: &Task) -> String {
    match &task.state {
        TaskState::Completed => format!("✅ Task completed: {}", task.id),
        TaskState::Failed { .. } => format!("❌ Task failed: {}", task.id),
        TaskState::Cancelled {
            by: Stopped::RejectedBy(_),
        } => format!("✕ Plan rejected: {}", task.id),
        TaskState::Cancelled { .. } => format!("✕ Task cancelled: {}", task.id),
        TaskState::Expired => format!("⌛ Task expired: {}", task.id),
        TaskState::Planning
        | TaskState::Staged { .. }
        | TaskState::Queued
        | TaskState::Running { .. }
        | TaskState::Paused { .. }
        | TaskState::Cancelling { .. } => format!("Task {}", task.id),
    }
}

fn sentence(task: &Task) -> Option<String> {
    let detail = task.detail.clone();
    match &task.state {
        TaskState::Failed { reason } => {
            let detail = detail
                .map(|detail| format!(": {detail}"))
                .unwrap_or_default();
            Some(format!("It failed ({}){detail}", reason.name()))
        }
        TaskState::Cancelled {
            by: Stopped::RejectedBy(user),
        } => Some(format!(
            "{user} rejected the plan{}",
            detail.map(|why| format!(": {why}")).unwrap_or_default()
        )),
        TaskState::Cancelled {
            by: Stopped::CancelledBy(user),
        } => Some(format!(
            "Cancelled by {user}. {}",
            detail.unwrap_or_default()
        )),
        TaskState::Expired => Some("Nobody decided in time; nothing was run.".into()),
        TaskState::Completed => detail,
        TaskState::Planning
        | TaskState::Staged { .. }
        | TaskState::Queued
        | TaskState::Running { .. }
        | TaskState::Paused { .. }
        | TaskState::Cancelling { .. } => detail,
    }
}

/// `12.3s (estimated ~180s) · 5200 tokens (~50000) · $0.04 (~$0.40)`
fn figures(task: &Task) -> String {
    let usage = &task.usage;
    let estimate = task
        .plan
        .as_ref()
        .map(|plan| plan.body.estimate)
        .unwrap_or_default();
    format!(
        "{} (estimated ~{:.0}s) · {} tokens (~{:.0}) · ${:.2} (~${:.2})",
        seconds(usage.seconds),
        estimate.seconds.p50,
        usage.tokens,
        estimate.tokens.p50,
        usage.usd,
        estimate.usd.p50
    )
}

fn files(task: &Task) -> Option<String> {
    let files = &task.result.as_ref()?.files;
    if files.is_empty() {
        return None;
    }
    let list: Vec<String> = files
        .iter()
        .map(|file| format!("{} ({}, {})", file.path, file.change, size(file.bytes)))
        .collect();
    Some(format!("Files: {}", list.join(", ")))
}

/// The finish stands although somebody had asked to cancel; `detail` is what else there is to say.
pub fn beat_the_cancel(by: &Stopped, detail: Option<&str>) -> String {
    let (Stopped::CancelledBy(user) | Stopped::RejectedBy(user)) = by;
    let sentence = format!("It had ended before the cancel by {user} took hold.");
    match detail {
        Some(detail) if !detail.is_empty() => format!("{sentence} {detail}"),
        _ => sentence,
    }
}

/// An attempt was lost, and the task will run again: said openly.
pub fn lost_attempt(task: &Task) -> Card {
    Card::say(format!(
        "The attempt of task {} was lost (the server or its machine stopped). It is queued and will run again: \
         what the lost attempt did before may be done twice.",
        task.id
    ))
}

/// To the operators: the task itself is the likely cause of what happened around it.
pub fn given_up(task: &Task) -> Card {
    let reason = task.state.reason().unwrap_or_default();
    Card::titled(format!("⚠️ Task given up: {}", task.id))
        .with(Block::Line(vec![Inline::Text(format!(
            "It failed ({reason}) after {} losses: whatever held it died or fell silent each time. \
             It does not run again by itself.",
            task.lost_count
        ))]))
        .with(Block::Fields(vec![
            ("Asked by".to_owned(), task.owner.to_string()),
            (
                "What happened".to_owned(),
                format!("nightshift why {}", task.id),
            ),
            ("Again".to_owned(), format!("nightshift retry {}", task.id)),
        ]))
}

/// Before a message that may be a second copy.
pub const MAYBE_DUPLICATE: &str = "(sent again, may be a duplicate)";

/// A file that could not be uploaded.
pub fn not_uploaded(name: &str, bytes: u64, task: &Task) -> Card {
    Card::say(format!(
        "The file {name} ({}) could not be uploaded here: I have no permission for files. \
         It is kept: results {}",
        size(bytes),
        task.id
    ))
}

/// Said in front of a message that goes elsewhere than asked.
pub fn readdressed(channel: &str) -> String {
    format!("(I may not write in {channel}, so I answer here.)")
}
