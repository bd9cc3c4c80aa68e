//! The card of a task: one message, kept up to date from the committed row.

use std::collections::BTreeMap;

use crate::approval::Decision;
use crate::card::{Block, Button, ButtonStyle, Card, Inline};
use crate::chat::split::shorten;
use crate::chat::{Identity, TextUnit};
use crate::id::{ActionToken, UserId};
use crate::plan::{Plan, Range};
use crate::port::store::CardVerb;
use crate::task::{Task, TaskState};
use crate::time::Timestamp;
use crate::wording::seconds;

/// What the card needs beside the task.
#[derive(Debug, Clone, Default)]
pub struct CardContext {
    pub actions: BTreeMap<CardVerb, ActionToken>,
    /// 1 for the next to start.
    pub queue_position: Option<u32>,
    /// Tasks that run at the same time.
    pub slots: usize,
    /// Accounts on the card's platform, to mention people by.
    pub accounts: BTreeMap<UserId, Identity>,
    pub now: Option<Timestamp>,
}

/// Characters of the request that the card shows; Details shows all of it.
const REQUEST_SHOWN: usize = 500;
/// Likewise of the summary.
const SUMMARY_SHOWN: usize = 600;

/// The card of the task's current plan.
pub fn task_card(task: &Task, context: &CardContext) -> Card {
    let mut card = Card::titled(title(task)).with(request(task));
    if let Some(plan) = &task.plan {
        plan_blocks(&mut card, plan);
    }
    card.blocks.extend(state_blocks(task, context));
    card.buttons = buttons(task, context);
    card
}

/// The card of an earlier plan: it decides nothing any more.
pub fn superseded_card(task: &Task, plan: Option<&Plan>) -> Card {
    let mut card = Card::titled(format!("↻ Superseded: {}", task.id)).with(request(task));
    if let Some(plan) = plan {
        card = card.with(summary(plan));
    }
    card.with(line(
        "This plan was superseded by a newer one below. It can no longer be approved.",
    ))
}

/// The plan still waits, and not for long any more; names the same people as the card.
pub fn approval_reminder(task: &Task, context: &CardContext) -> Card {
    let left = task
        .approval
        .as_ref()
        .zip(context.now)
        .map(|(request, now)| request.expires_at.since(now).as_secs_f64());
    let expires = left.map_or_else(String::new, |left| {
        format!(" It expires in {}.", seconds(left))
    });
    let mut card = Card::titled("⏳ Still waiting for a decision").with(Block::Line(vec![
        Inline::Text(format!(
            "The plan of task {} waits for approval by ",
            task.id
        )),
        person(&task.owner, context),
        Inline::Text(format!(" or an approver.{expires}")),
    ]));
    card.blocks.push(Block::Context(format!(
        "Press a button on its card, or write: approve {0} · reject {0}",
        task.id
    )));
    card
}

fn title(task: &Task) -> String {
    let word = match &task.state {
        TaskState::Planning | TaskState::Staged { .. } => "✨ Task Created",
        TaskState::Queued => "✓ Approved",
        TaskState::Running { .. } => "▶ Running",
        TaskState::Paused { .. } => "⏸ Paused",
        TaskState::Cancelling { .. } => "◼ Stopping",
        TaskState::Completed => "✅ Completed",
        TaskState::Failed { .. } => "❌ Failed",
        TaskState::Cancelled { .. } => "✕ Cancelled",
        TaskState::Expired => "⌛ Expired",
    };
    format!("{word}: {}", task.id)
}

fn line(text: impl Into<String>) -> Block {
    Block::Line(vec![Inline::Text(text.into())])
}

fn request(task: &Task) -> Block {
    let (shown, cut) = shorten(&task.description, REQUEST_SHOWN, TextUnit::Chars);
    Block::Verbatim(if cut {
        format!("{shown}\n(Details shows the whole request.)")
    } else {
        shown
    })
}

fn summary(plan: &Plan) -> Block {
    let (shown, _) = shorten(&plan.body.summary, SUMMARY_SHOWN, TextUnit::Chars);
    Block::Line(vec![Inline::Bold("Plan: ".into()), Inline::Text(shown)])
}

fn plan_blocks(card: &mut Card, plan: &Plan) {
    let body = &plan.body;
    card.blocks.push(summary(plan));
    if !body.argv.is_empty() {
        card.blocks.push(Block::Line(vec![
            Inline::Bold("Runs: ".into()),
            Inline::Code(shlex::try_join(body.argv.iter().map(String::as_str)).unwrap_or_default()),
        ]));
    }
    let list = |items: &[String]| {
        if items.is_empty() {
            "none".to_owned()
        } else {
            items.join(", ")
        }
    };
    card.blocks.push(Block::Fields(vec![
        ("Agent".into(), agent(plan)),
        ("Place".into(), body.executor.clone()),
        ("May write".into(), list(&body.writable_dirs)),
        ("Tools".into(), list(&body.tools)),
        ("Network".into(), body.network.clone()),
        ("Risk".into(), body.risk.name().into()),
        ("Timeout".into(), seconds(body.timeout_s as f64)),
    ]));
    card.blocks.push(line(estimate(plan)));
    if !body.reasoning.is_empty() {
        card.blocks.push(Block::Context(
            shorten(&body.reasoning, SUMMARY_SHOWN, TextUnit::Chars).0,
        ));
    }
}

fn agent(plan: &Plan) -> String {
    match (&plan.body.agent, &plan.body.model) {
        (Some(agent), Some(model)) => format!("{agent} ({model})"),
        (Some(agent), None) => agent.clone(),
        (None, _) => "command".into(),
    }
}

/// `Estimated Tokens: ~50000 (p90 80000) · Estimated Time: ~180s · ~$0.40, ceiling $1.00`
pub fn estimate(plan: &Plan) -> String {
    let estimate = &plan.body.estimate;
    let whole = |range: Range| (range.p50.round() as u64, range.p90.round() as u64);
    let (tokens, tokens_high) = whole(estimate.tokens);
    let (time, _) = whole(estimate.seconds);
    format!(
        "Estimated Tokens: ~{tokens} (p90 {tokens_high}) · Estimated Time: ~{time}s · ~${:.2}, ceiling ${:.2}",
        estimate.usd.p50, plan.body.ceiling.usd
    )
}

fn person(user: &UserId, context: &CardContext) -> Inline {
    Inline::Person {
        name: user.to_string(),
        account: context.accounts.get(user).cloned(),
    }
}

fn state_blocks(task: &Task, context: &CardContext) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(approved) = approved_by(task, context) {
        blocks.push(approved);
    }
    match &task.state {
        TaskState::Planning => blocks.push(line("🤔 Planning …")),
        TaskState::Staged { .. } => blocks.extend(waiting(task, context)),
        TaskState::Queued => blocks.push(line(queued(task, context))),
        TaskState::Running { .. } => blocks.push(line(running(task))),
        TaskState::Paused { .. } => blocks.push(line("Paused.")),
        TaskState::Cancelling { .. } => blocks.push(line("Stopping its processes …")),
        TaskState::Completed => blocks.push(line("Done; the answer is below.")),
        TaskState::Failed { reason } => {
            let detail = task.detail.as_deref().unwrap_or("see the message below");
            blocks.push(line(format!("Failed ({}): {detail}", reason.name())));
        }
        TaskState::Cancelled { by } => blocks.push(ended_by(by, task, context)),
        TaskState::Expired => blocks.push(line("Nobody decided in time. `retry` plans it again.")),
    }
    blocks
}

fn approved_by(task: &Task, context: &CardContext) -> Option<Block> {
    let request = task.approval.as_ref()?;
    let granted = request.state == crate::approval::RequestState::Granted;
    let vote = request
        .votes
        .iter()
        .find(|vote| vote.decision == Decision::Approve)?;
    granted.then(|| {
        Block::Line(vec![
            Inline::Text("✓ Approved by ".into()),
            person(&vote.user, context),
            Inline::Text(format!(" at {}", vote.at)),
        ])
    })
}

fn waiting(task: &Task, context: &CardContext) -> Vec<Block> {
    let mut blocks = vec![Block::Line(vec![
        Inline::Text("Waiting for approval by ".into()),
        person(&task.owner, context),
        Inline::Text(" or an approver.".into()),
    ])];
    if let Some(request) = &task.approval {
        blocks.push(Block::Context(format!(
            "Expires at {}.",
            request.expires_at
        )));
    }
    blocks
}

/// `Queued, 3rd, about 6 min`
fn queued(task: &Task, context: &CardContext) -> String {
    let place = match context.queue_position {
        Some(1) | None => "next".to_owned(),
        Some(2) => "2nd".to_owned(),
        Some(3) => "3rd".to_owned(),
        Some(position) => format!("{position}th"),
    };
    let again = if task.lost_count > 0 {
        " Running again after a lost attempt."
    } else {
        ""
    };
    format!("Queued, {place}{}.{again}", wait(task, context))
}

/// How long those ahead may take, if they take as long as this one is estimated to.
fn wait(task: &Task, context: &CardContext) -> String {
    let ahead = context.queue_position.map_or(0, |position| position - 1) as usize;
    let own = task
        .plan
        .as_ref()
        .map_or(0.0, |plan| plan.body.estimate.seconds.p50);
    let rounds = ahead.div_ceil(context.slots.max(1));
    if rounds == 0 || own <= 0.0 {
        return String::new();
    }
    format!(", about {}", seconds(own * rounds as f64))
}

fn running(task: &Task) -> String {
    let step = task
        .attempt
        .as_ref()
        .and_then(|attempt| attempt.step.clone());
    let number = task.attempt.as_ref().map_or(1, |attempt| attempt.number);
    let which = if number > 1 {
        format!(" (attempt {number})")
    } else {
        String::new()
    };
    match step {
        Some(step) => format!("Running{which}: {}", shorten(&step, 200, TextUnit::Chars).0),
        None => format!("Running{which} …"),
    }
}

fn ended_by(by: &crate::task::Stopped, task: &Task, context: &CardContext) -> Block {
    let (verb, user) = match by {
        crate::task::Stopped::CancelledBy(user) => ("Cancelled by ", user),
        crate::task::Stopped::RejectedBy(user) => ("Rejected by ", user),
    };
    let mut parts = vec![Inline::Text(verb.into()), person(user, context)];
    if let Some(detail) = &task.detail {
        parts.push(Inline::Text(format!(": {detail}")));
    }
    Block::Line(parts)
}

fn buttons(task: &Task, context: &CardContext) -> Vec<Button> {
    let offered: &[(CardVerb, &str, ButtonStyle)] = match &task.state {
        TaskState::Staged { .. } => &[
            (
                CardVerb::Approve,
                "✓ Approve & Execute",
                ButtonStyle::Primary,
            ),
            (CardVerb::Revise, "Revise", ButtonStyle::Plain),
            (CardVerb::Details, "Details", ButtonStyle::Plain),
            (CardVerb::Cancel, "✕ Cancel", ButtonStyle::Danger),
        ],
        TaskState::Planning
        | TaskState::Queued
        | TaskState::Running { .. }
        | TaskState::Paused { .. } => &[(CardVerb::Cancel, "✕ Cancel", ButtonStyle::Danger)],
        TaskState::Cancelling { .. }
        | TaskState::Completed
        | TaskState::Failed { .. }
        | TaskState::Cancelled { .. }
        | TaskState::Expired => &[],
    };
    offered
        .iter()
        .filter_map(|(verb, label, style)| {
            let action = context.actions.get(verb)?.clone();
            Some(Button {
                label: (*label).into(),
                action,
                style: *style,
            })
        })
        .collect()
}
