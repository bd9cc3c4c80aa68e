//! The one grammar of all platforms. Parser, help and completion are made from [`VERBS`].
//!
//! The first word is a verb only if the rest parses for that verb; otherwise the whole text is a
//! task: `status of the build please` asks for work. Two forms are always commands, so that a slip
//! is refused and never run as a task: `run NAME` with a configured name, and a verb followed by a
//! task id.

pub mod options;
pub mod run;
mod words;

use std::collections::BTreeSet;

use crate::id::TaskId;
use crate::task::{NamedCommand, TaskState, Wishes};

/// What a person asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Ask {
        text: String,
        wishes: Wishes,
    },
    Run {
        call: NamedCommand,
        wishes: Wishes,
    },
    Status {
        task: Option<TaskId>,
    },
    Queue {
        state: Option<&'static str>,
    },
    Results {
        task: TaskId,
    },
    Logs {
        task: TaskId,
        lines: usize,
    },
    Why {
        task: TaskId,
    },
    Approve {
        task: TaskId,
    },
    Reject {
        task: TaskId,
        why: Option<String>,
    },
    Revise {
        task: TaskId,
        feedback: String,
    },
    Cancel {
        task: TaskId,
    },
    Retry {
        task: TaskId,
    },
    Whoami,
    Help {
        verb: Option<&'static Verb>,
    },
    Claim {
        code: String,
    },
    /// Nothing was said.
    Empty,
}

/// A verb of the grammar.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    pub name: &'static str,
    /// After the name, as help shows it.
    pub usage: &'static str,
    pub does: &'static str,
    pub example: &'static str,
}

/// All verbs, in the order of help.
pub const VERBS: &[Verb] = &[
    Verb {
        name: "run",
        usage: "<command> [args]",
        does: "run a named command",
        example: "run disk path=/",
    },
    Verb {
        name: "status",
        usage: "[id]",
        does: "how a task is, or your latest tasks",
        example: "status task_7k2m9q4x",
    },
    Verb {
        name: "queue",
        usage: "[state]",
        does: "the list of tasks",
        example: "queue staged",
    },
    Verb {
        name: "results",
        usage: "<id>",
        does: "the answer and the files",
        example: "results task_7k2m9q4x",
    },
    Verb {
        name: "logs",
        usage: "<id> [n]",
        does: "the last n lines of output",
        example: "logs task_7k2m9q4x 20",
    },
    Verb {
        name: "why",
        usage: "<id>",
        does: "everything that happened to a task",
        example: "why task_7k2m9q4x",
    },
    Verb {
        name: "approve",
        usage: "<id>",
        does: "approve the plan",
        example: "approve task_7k2m9q4x",
    },
    Verb {
        name: "reject",
        usage: "<id> [why]",
        does: "reject the plan",
        example: "reject task_7k2m9q4x too expensive",
    },
    Verb {
        name: "revise",
        usage: "<id> <feedback>",
        does: "ask for another plan",
        example: "revise task_7k2m9q4x only the tests",
    },
    Verb {
        name: "cancel",
        usage: "<id>",
        does: "cancel a task; a running one is stopped",
        example: "cancel task_7k2m9q4x",
    },
    Verb {
        name: "retry",
        usage: "<id>",
        does: "plan a failed task again",
        example: "retry task_7k2m9q4x",
    },
    Verb {
        name: "whoami",
        usage: "",
        does: "who you are here, and what you may do",
        example: "whoami",
    },
    Verb {
        name: "help",
        usage: "[verb]",
        does: "this help",
        example: "help revise",
    },
    Verb {
        name: "claim",
        usage: "<code>",
        does: "become the first admin, with the code that the server printed",
        example: "claim 4F7K-2Q9M",
    },
];

/// Words that will be verbs: followed by a task id they are refused, never run as a task.
const RESERVED: &[&str] = &["pause", "resume", "kill", "say"];

/// Lines of `logs` without a number.
const DEFAULT_LOG_LINES: usize = 20;

/// A text that is a command, but not a right one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCommand {
    /// For the person, with what was wrong.
    pub message: String,
    /// What would be right.
    pub example: String,
}

/// What the parser must know of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Grammar {
    /// Names of the configured commands.
    pub commands: BTreeSet<String>,
}

pub fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// Parses what a person said on a platform.
pub fn parse(text: &str, grammar: &Grammar) -> Result<Command, BadCommand> {
    let text = text.trim();
    let (first, rest) = split_word(text);
    if first.is_empty() {
        return Ok(Command::Empty);
    }
    let word = first.to_lowercase();
    if word == "run" && grammar.commands.contains(split_word(rest).0) {
        return parse_run(rest);
    }
    let (id_word, after) = split_word(rest);
    if let Ok(task) = id_word.parse::<TaskId>() {
        if let Some(verb) = verb(&word) {
            return on_task(verb, task, after);
        }
        if RESERVED.contains(&word.as_str()) {
            return Err(BadCommand {
                message: format!("`{word}` is not part of this version."),
                example: format!("cancel {task}"),
            });
        }
    }
    match without_task(&word, rest) {
        Some(command) => Ok(command),
        None => ask(text),
    }
}

/// Parses the description of a direct submission: only `run NAME …` is a command there.
pub fn parse_submission(text: &str, grammar: &Grammar) -> Result<Command, BadCommand> {
    let (first, rest) = split_word(text.trim());
    if first == "run" && grammar.commands.contains(split_word(rest).0) {
        return parse_run(rest);
    }
    Ok(Command::Ask {
        text: text.to_owned(),
        wishes: Wishes::default(),
    })
}

fn ask(text: &str) -> Result<Command, BadCommand> {
    let (text, wishes) = options::take(text)?;
    if text.is_empty() {
        return Err(BadCommand {
            message: "There are options, but no task.".into(),
            example: "summarise this week's issues --max-cost 0.50".into(),
        });
    }
    Ok(Command::Ask {
        text: text.to_owned(),
        wishes,
    })
}

fn parse_run(rest: &str) -> Result<Command, BadCommand> {
    let (rest, wishes) = options::take(rest)?;
    let call = run::parse_call(rest)?;
    Ok(Command::Run { call, wishes })
}

/// Verbs with a task id: always that verb.
fn on_task(verb: &'static Verb, task: TaskId, rest: &str) -> Result<Command, BadCommand> {
    let bad = |message: &str| {
        Err(BadCommand {
            message: message.into(),
            example: verb.example.into(),
        })
    };
    let alone = |command: Command| {
        if rest.is_empty() {
            Ok(command)
        } else {
            bad(&format!("`{rest}` is too much here."))
        }
    };
    match verb.name {
        "status" => alone(Command::Status { task: Some(task) }),
        "results" => alone(Command::Results { task }),
        "why" => alone(Command::Why { task }),
        "approve" => alone(Command::Approve { task }),
        "cancel" => alone(Command::Cancel { task }),
        "retry" => alone(Command::Retry { task }),
        "reject" => {
            let why = Some(rest.to_owned()).filter(|why| !why.is_empty());
            Ok(Command::Reject { task, why })
        }
        "revise" if rest.is_empty() => bad("What should be different?"),
        "revise" => Ok(Command::Revise {
            task,
            feedback: rest.to_owned(),
        }),
        "logs" if rest.is_empty() => Ok(Command::Logs {
            task,
            lines: DEFAULT_LOG_LINES,
        }),
        "logs" => match rest.parse() {
            Ok(lines) => Ok(Command::Logs { task, lines }),
            Err(_) => bad(&format!("`{rest}` is no number of lines.")),
        },
        _ => bad(&format!("`{}` takes no task id.", verb.name)),
    }
}

/// Verbs without a task id: only when the rest parses, else the text is a task.
fn without_task(word: &str, rest: &str) -> Option<Command> {
    match word {
        "status" if rest.is_empty() => Some(Command::Status { task: None }),
        "queue" if rest.is_empty() => Some(Command::Queue { state: None }),
        "queue" => TaskState::NAMES
            .into_iter()
            .find(|state| *state == rest)
            .map(|state| Command::Queue { state: Some(state) }),
        "whoami" if rest.is_empty() => Some(Command::Whoami),
        "help" if rest.is_empty() => Some(Command::Help { verb: None }),
        "help" => verb(rest).map(|verb| Command::Help { verb: Some(verb) }),
        "claim" => is_code(rest).then(|| Command::Claim {
            code: rest.to_owned(),
        }),
        _ => None,
    }
}

/// One word with a digit: `claim the prize` is a task.
fn is_code(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(plain) && text.chars().any(|c| c.is_ascii_digit())
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.find(char::is_whitespace) {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
