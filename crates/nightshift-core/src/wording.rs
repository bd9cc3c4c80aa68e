//! Every sentence a user can read in a conversation, one function each.
//!
//! Nothing here decides anything: what is said is made from committed rows.

pub mod answer;
pub mod card;
pub mod ending;

use crate::authorise::{Action, Refusal, Why};
use crate::card::{Block, Card, Inline};
use crate::command::{BadCommand, VERBS, Verb, options::OPTIONS, run::CommandSpec, run::usage};
use crate::id::TaskId;
use crate::user::User;

/// To somebody who is not on the allow-list; said once, then silence for a while.
pub fn stranger() -> Card {
    Card::say(
        "Hello! I work only for people my operator has listed, and you are not among them yet. \
         Please ask the person who runs NightShift here to add you.",
    )
}

/// To somebody who is known but may not.
pub fn refusal(refusal: &Refusal) -> Card {
    let verb = match refusal.action {
        Action::View => "see tasks",
        Action::Submit => "ask for tasks",
        Action::RunCommand => "run commands",
        Action::AutoApprove => "start a task without a click",
        Action::Approve => "approve this plan",
        Action::Reject => "reject this plan",
        Action::Revise => "ask for another plan here",
        Action::Cancel => "cancel this task",
        Action::Retry => "retry this task",
        Action::Administer => "do that",
    };
    let why = match refusal.why {
        Why::Lacks(permission) => format!("that needs the permission `{}`", permission.name()),
        Why::NotOwner => "that is for the person who asked, or for approvers".to_owned(),
        Why::NotVoter => "that is for the person who asked, or for approvers".to_owned(),
        Why::OwnPlan => "the policy asks for somebody else than the person who asked".to_owned(),
        Why::Machine => "a program is never an approver".to_owned(),
    };
    Card::say(format!(
        "You may not {verb}: {why}. `whoami` shows what you may do."
    ))
}

/// What was wrong with a command, and what would be right.
pub fn bad_command(bad: &BadCommand) -> Card {
    Card {
        blocks: vec![
            text(format!("{} Try: ", bad.message)),
            code(bad.example.clone()),
        ],
        ..Card::default()
    }
}

pub fn unknown_task(id: &TaskId) -> Card {
    Card::say(format!(
        "There is no task {id}. `status` lists the latest ones."
    ))
}

pub fn unknown_button() -> Card {
    Card::say(
        "This button is too old: its task is no longer known. `status` lists the latest ones.",
    )
}

pub fn wrong_state(id: &TaskId, verb: &str, state: &str) -> Card {
    Card::say(format!("Task {id} is {state}: there is nothing to {verb}."))
}

pub fn stale_plan(id: &TaskId) -> Card {
    Card::say(format!(
        "This card is outdated: it was superseded by a newer plan of task {id}. Nothing was changed."
    ))
}

pub fn already_decided(id: &TaskId, state: &str) -> Card {
    Card::say(format!(
        "Task {id} is decided already: it is {state}. Nothing was changed."
    ))
}

pub fn already_counted(id: &TaskId) -> Card {
    Card::say(format!("Your vote on task {id} is counted already."))
}

pub fn cancelling(id: &TaskId) -> Card {
    Card::say(format!("Stopping task {id} …"))
}

pub fn cancelled(id: &TaskId) -> Card {
    Card::say(format!("Task {id} is cancelled."))
}

pub fn approved(id: &TaskId) -> Card {
    Card::say(format!("Task {id} is approved and queued."))
}

pub fn rejected(id: &TaskId) -> Card {
    Card::say(format!("Task {id} is rejected."))
}

pub fn replanning(id: &TaskId) -> Card {
    Card::say(format!(
        "Making another plan for task {id}; the earlier one can no longer be approved."
    ))
}

pub fn feedback_question(id: &TaskId) -> Card {
    Card::say(format!(
        "What should be different in the plan of task {id}? Your next message here is the answer."
    ))
}

pub fn form_expired(id: &TaskId) -> Card {
    Card::say(format!(
        "The form could not be opened in time. Press Revise again, or write: revise {id} what should be different"
    ))
}

pub fn feedback_form(id: &TaskId) -> crate::card::Form {
    crate::card::Form {
        action: crate::id::ActionToken::new(""),
        title: "Revise the plan".into(),
        label: format!("What should be different in {id}?"),
        placeholder: "Only the tests, please; and no network.".into(),
        submit: "Ask for a new plan".into(),
    }
}

/// The claim worked: the first admin is known.
pub fn claimed(user: &User) -> Card {
    Card::say(format!(
        "Welcome! You are {} now, with the role admin. Try: help",
        user.id
    ))
}

pub fn bad_claim() -> Card {
    Card::say(
        "This code is not valid (any more). The server prints a new one at its next start while nobody is known.",
    )
}

pub fn whoami(user: &User, account: &str) -> Card {
    let permissions: Vec<&str> = user
        .role
        .permissions()
        .iter()
        .map(|permission| permission.name())
        .collect();
    Card::default().with(Block::Fields(vec![
        ("User".into(), user.id.to_string()),
        ("Account".into(), account.to_owned()),
        ("Role".into(), user.role.name().into()),
        ("May".into(), permissions.join(", ")),
    ]))
}

/// Help, from the parser's own table.
pub fn help(commands: &[&CommandSpec]) -> Card {
    let mut lines = String::from("Write what you want done, or one of:\n");
    for verb in VERBS {
        lines.push_str(&format!("{:28} {}\n", head(verb), verb.does));
    }
    lines.push_str("\nAt the end of a task you may add ");
    let options: Vec<String> = OPTIONS
        .iter()
        .map(|(option, value)| format!("{option} <{value}>"))
        .collect();
    lines.push_str(&options.join(", "));
    let mut card = Card::titled("NightShift").with(Block::Code(lines));
    if !commands.is_empty() {
        let list: Vec<String> = commands
            .iter()
            .map(|spec| format!("{:28} {}", usage(spec), spec.description))
            .collect();
        card = card
            .with(text("Commands here:".into()))
            .with(Block::Code(list.join("\n")));
    }
    card
}

pub fn help_verb(verb: &Verb) -> Card {
    Card::default()
        .with(text(format!("{}: {}", head(verb), verb.does)))
        .with(code(format!("/nightshift {}", verb.example)))
}

fn head(verb: &Verb) -> String {
    format!("{} {}", verb.name, verb.usage).trim().to_owned()
}

/// A task could not be made; the sentences say what to change.
pub fn invalid(problems: &[(String, String)]) -> Card {
    // The fields are the API's words; the sentences are everybody's.
    let lines: Vec<&str> = problems.iter().map(|(_, why)| why.as_str()).collect();
    Card::say(lines.join("\n"))
}

pub fn went_wrong(reference: &str) -> Card {
    Card::say(format!(
        "Something went wrong, reference {reference}. Nothing was changed."
    ))
}

fn text(text: String) -> Block {
    Block::Line(vec![Inline::Text(text)])
}

fn code(text: String) -> Block {
    Block::Line(vec![Inline::Code(text)])
}

/// `1.2 KB`, for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `3m 20s`, for people.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 if seconds < 10.0 => format!("{seconds:.1}s"),
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m {}s", whole / 60, whole % 60),
        _ => format!("{}h {}m", whole / 3600, whole % 3600 / 60),
    }
}
