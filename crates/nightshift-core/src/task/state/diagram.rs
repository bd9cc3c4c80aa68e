//! The table of moves as a document: a diagram and a list, made from what the table answers.

use std::collections::BTreeMap;

use super::{AttemptStep, Failure, Move, Stopped, TaskEvent, TaskState};
use crate::id::{Fence, RequestId, UserId};
use crate::notice::TaskNotice;

pub(super) const HELD: Fence = Fence(3);

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub from: TaskState,
    pub on: TaskEvent,
    pub made: Move,
}

/// Every move there is: each state asked about each event, with the guard satisfied.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for from in states() {
        for on in events() {
            if let Ok(made) = from.on(HELD, &on) {
                let (from, on) = (from.clone(), on.clone());
                rows.push(Row { from, on, made });
            }
        }
    }
    rows
}

/// One of each state, in the order of a task's life.
pub fn states() -> Vec<TaskState> {
    let by = Stopped::CancelledBy(UserId::new("user"));
    vec![
        TaskState::Planning,
        TaskState::Staged { request: request() },
        TaskState::Queued,
        TaskState::Running { fence: HELD },
        TaskState::Paused { fence: HELD },
        TaskState::Cancelling {
            fence: HELD,
            by: by.clone(),
        },
        TaskState::Completed,
        TaskState::Failed {
            reason: Failure::ExitCode,
        },
        TaskState::Cancelled { by },
        TaskState::Expired,
    ]
}

/// One of each event; where its content decides the move, one of each content.
pub fn events() -> Vec<TaskEvent> {
    events_under(HELD)
}

pub(super) fn events_under(fence: Fence) -> Vec<TaskEvent> {
    let first = TaskEvent::Planned {
        fence,
        request: request(),
    };
    std::iter::successors(Some(first), |event| next(event, fence)).collect()
}

fn request() -> RequestId {
    RequestId::new("request")
}

/// The event behind this one. The match is complete so that no kind of event can be left out.
fn next(event: &TaskEvent, fence: Fence) -> Option<TaskEvent> {
    let (by, reason) = (UserId::new("user"), Failure::ExitCode);
    Some(match event {
        TaskEvent::Planned { .. } => TaskEvent::PlannedAndGranted { fence },
        TaskEvent::PlannedAndGranted { .. } => TaskEvent::PlanFailed { fence },
        TaskEvent::PlanFailed { .. } => TaskEvent::Revised,
        TaskEvent::Revised => TaskEvent::Granted { request: request() },
        TaskEvent::Granted { .. } => TaskEvent::Rejected {
            request: request(),
            by,
        },
        TaskEvent::Rejected { .. } => TaskEvent::Expired,
        TaskEvent::Expired => TaskEvent::Leased { fence },
        TaskEvent::Leased { .. } => TaskEvent::LeaseRefused { reason },
        TaskEvent::LeaseRefused { .. } => TaskEvent::LeaseReturned { fence },
        TaskEvent::LeaseReturned { .. } => TaskEvent::Completed { fence },
        TaskEvent::Completed { .. } => TaskEvent::Failed { fence, reason },
        TaskEvent::Failed { .. } => TaskEvent::Retryable { fence },
        TaskEvent::Retryable { .. } => TaskEvent::Lost { fence, last: false },
        TaskEvent::Lost { last: false, .. } => TaskEvent::Lost { fence, last: true },
        TaskEvent::Lost { last: true, .. } => TaskEvent::CancelAsked { by },
        TaskEvent::CancelAsked { .. } => TaskEvent::StopConfirmed { fence },
        TaskEvent::StopConfirmed { .. } => TaskEvent::Frozen { fence },
        TaskEvent::Frozen { .. } => TaskEvent::Thawed { fence },
        TaskEvent::Thawed { .. } => TaskEvent::Retried,
        TaskEvent::Retried => return None,
    })
}

/// Diagram and list in Markdown, as `docs/ARCHITECTURE.md` has them between its markers.
pub fn markdown() -> String {
    format!("{}\n{}", mermaid(), list())
}

fn mermaid() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> planning: delivery\n");
    let mut arrows: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let place = |state: &TaskState| {
        let names = TaskState::NAMES.iter();
        names.clone().position(|name| *name == state.name())
    };
    for row in rows() {
        if let (Some(from), Some(to)) = (place(&row.from), place(&row.made.to)) {
            arrows.entry((from, to)).or_default().push(row.on.name());
        }
    }
    for ((from, to), on) in arrows {
        let names = TaskState::NAMES;
        let (from, to, on) = (names[from], names[to], on.join(", "));
        text.push_str(&format!("    {from} --> {to}: {on}\n"));
    }
    for state in states().iter().filter(|state| state.is_terminal()) {
        text.push_str(&format!("    {} --> [*]\n", state.name()));
    }
    text.push_str("```\n");
    text
}

fn list() -> String {
    let mut text = String::from(
        "| from | on | to | guard | written beside it |\n| --- | --- | --- | --- | --- |\n",
    );
    for Row { from, on, made } in rows() {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            from.name(),
            on.name(),
            made.to.name(),
            on.guard(),
            beside(&made)
        ));
    }
    text
}

fn beside(made: &Move) -> String {
    let mut words = Vec::new();
    if let Some(step) = made.request {
        words.push(format!("request {}", step.state()));
    }
    if let Some(step) = made.attempt {
        words.push(format!("attempt {}", word(step)));
    }
    words.push(format!("events {}", made.events().join(" ")));
    if let Some(action) = made.audit {
        words.push(format!("audit {action}"));
    }
    let notices: Vec<_> = made.notices.iter().copied().map(TaskNotice::name).collect();
    words.push(format!("outbox {}", notices.join(" ")));
    words.join("; ")
}

fn word(step: AttemptStep) -> &'static str {
    match step {
        AttemptStep::Failed(_) => "failed with the reason",
        AttemptStep::Leased
        | AttemptStep::Completed
        | AttemptStep::Retryable
        | AttemptStep::Lost
        | AttemptStep::Returned
        | AttemptStep::Stopped => step.outcome().unwrap_or("leased"),
    }
}
