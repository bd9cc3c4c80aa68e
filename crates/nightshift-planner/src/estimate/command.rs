//! Plans of named commands: what the configuration says, nothing else.

use nightshift_core::plan::{Ceiling, Draft, Estimate, Range};
use nightshift_core::port::Ask;
use nightshift_core::port::planner::CommandPlan;

use super::{figures, words, writable_dirs};

/// A command of which nothing is known.
const GUESS: Range = Range { p50: 1.0, p90: 2.0 };

pub(super) fn draft(ask: &Ask, command: &CommandPlan) -> Draft {
    let (seconds, basis) = figures::seconds(ask, GUESS);
    let mut notes = vec![words::origin(basis)];
    if !command.hosts.is_empty() {
        notes.push(format!(
            "Network open: the command needs {}, and until there is an allow-list proxy that \
             opens every host.",
            command.hosts.join(", ")
        ));
    }
    if let Some(last) = ask.feedback.last() {
        notes.push(format!(
            "{} asked for, the last “{}”: a named command runs with the arguments it was asked \
             with; ask for it again with others.",
            changes(ask.feedback.len()),
            words::first_line(last)
        ));
    }
    Draft {
        summary: summary(command),
        prompt: String::new(),
        agent: None,
        model: None,
        executor: ask.executor.clone(),
        workspace: ask.workspace.clone(),
        writable_dirs: writable_dirs(ask),
        tools: Vec::new(),
        network: network(command).to_owned(),
        estimate: Estimate {
            seconds,
            ..Estimate::default()
        },
        // The least that a plan can grant: a command uses no tokens.
        ceiling: Ceiling {
            tokens: 1,
            usd: 0.0,
        },
        timeout_s: timeout(ask, command),
        risk: command.risk.clone(),
        reasoning: notes.join(" "),
        argv: command.argv.clone(),
    }
}

fn changes(count: usize) -> String {
    match count {
        1 => "One change".to_owned(),
        n => format!("{n} changes"),
    }
}

fn summary(command: &CommandPlan) -> String {
    let name = &command.call.name;
    if command.description.is_empty() {
        format!("Runs the command {name}.")
    } else {
        format!("Runs the command {name}: {}.", command.description)
    }
}

fn network(command: &CommandPlan) -> &'static str {
    if command.hosts.is_empty() {
        "none"
    } else {
        "open"
    }
}

/// A wish makes the configured time shorter, never longer.
fn timeout(ask: &Ask, command: &CommandPlan) -> u64 {
    let wish = ask.wishes.timeout_s.unwrap_or(command.timeout_s);
    wish.min(command.timeout_s)
}
