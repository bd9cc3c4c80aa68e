//! What people say: the grammar never loses a word of a task, and never runs a slip as one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nightshift_core::command::options::OPTIONS;
use nightshift_core::command::run::{ArgKind, ArgSpec, CommandSpec, fill, parse_call, whole};
use nightshift_core::command::{Command, Grammar, parse, parse_submission, verb};
use nightshift_core::id::TaskId;

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "run ",
    "disk ",
    "status ",
    "queue ",
    "results ",
    "logs ",
    "why ",
    "approve ",
    "reject ",
    "revise ",
    "cancel ",
    "retry ",
    "whoami",
    "help ",
    "claim ",
    "pause ",
    "kill ",
    "task_7k2m9q4x",
    "task_",
    " --agent ",
    " --timeout ",
    "--timeout=5m",
    " --max-cost ",
    "--dir=/x",
    " 20",
    "staged",
    "path=",
    "label=",
    "\"",
    "'",
    "\\",
    "=",
    "--",
    "-",
    "\u{a0}",
    "\u{2003}",
    "{path}",
    "$(id)",
    "4F7K-2Q9M",
    "=/srv ",
];

fn grammar() -> Grammar {
    Grammar {
        commands: ["disk".to_owned(), "deploy".to_owned()].into(),
    }
}

pub(super) fn said(data: &[u8]) {
    let text = input::text(data);
    let grammar = grammar();
    let parsed = parse(&text, &grammar);
    let spaced = parse(&format!(" \n{text}\t"), &grammar);
    assert_eq!(same(&parsed), same(&spaced), "white space around it counts");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(parsed == Ok(Command::Empty), words.is_empty());
    let first = words.first().map(|word| word.to_lowercase());
    let first = first.as_deref().unwrap_or_default();
    let second = words.get(1).copied().unwrap_or_default();
    if let Ok(Command::Ask { text: task, .. }) = &parsed {
        kept(text.trim(), task);
        let on_task = second.parse::<TaskId>().is_ok();
        assert!(!(on_task && verb(first).is_some()), "a slip became a task");
        assert!(!(first == "run" && grammar.commands.contains(second)));
    }
    match &parsed {
        Ok(Command::Revise { feedback, .. }) => assert!(text.trim().ends_with(feedback.as_str())),
        Ok(Command::Reject { why: Some(why), .. }) => assert!(text.trim().ends_with(why.as_str())),
        // Nothing is decided but by the words for it, on the task that is named.
        Ok(Command::Approve { task } | Command::Cancel { task } | Command::Retry { task }) => {
            assert_eq!(words.len(), 2);
            assert_eq!(second, task.as_str());
        }
        _ => {}
    }
    submitted(&text, &grammar);
}

/// Commands compare; so do refusals, but for the text that they quote.
fn same(parsed: &Result<Command, nightshift_core::command::BadCommand>) -> Option<&Command> {
    parsed.as_ref().ok()
}

/// What is left of a task are its first words, and what is gone are options at the end.
fn kept(text: &str, task: &str) {
    let gone = text
        .strip_prefix(task)
        .expect("the task's words are the first");
    let mut words = gone.split_whitespace();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        assert!(
            OPTIONS.iter().any(|(option, _)| *option == name),
            "lost: {word}"
        );
        if !word.contains('=') {
            assert!(
                words.next().is_some(),
                "an option without a value was taken"
            );
        }
    }
}

/// A direct submission is a task word for word, or a named command.
fn submitted(text: &str, grammar: &Grammar) {
    match parse_submission(text, grammar) {
        Ok(Command::Ask { text: task, .. }) => assert_eq!(task, text),
        Ok(Command::Run { call, .. }) => assert!(grammar.commands.contains(&call.name)),
        Ok(other) => panic!("{other:?} is no submission"),
        Err(_) => assert_eq!(text.split_whitespace().next(), Some("run")),
    }
}

fn spec() -> &'static CommandSpec {
    static SPEC: OnceLock<CommandSpec> = OnceLock::new();
    SPEC.get_or_init(made)
}

fn made() -> CommandSpec {
    let arg = |kind, pattern: Option<&str>, default: Option<&str>| ArgSpec {
        kind,
        pattern: pattern.map(|pattern| whole(pattern).expect("a pattern")),
        choices: vec![],
        default: default.map(str::to_owned),
    };
    CommandSpec {
        name: "disk".into(),
        description: "free space".into(),
        argv: ["df", "-h", "{path}", "--label={label}", "{count}"]
            .map(String::from)
            .to_vec(),
        args: vec![
            (
                "path".into(),
                arg(ArgKind::Text, Some("/[a-z/]*"), Some("/")),
            ),
            ("label".into(), arg(ArgKind::Text, None, Some("x"))),
            ("count".into(), arg(ArgKind::Integer, None, Some("1"))),
        ],
        timeout_s: 30,
        risk: "low".into(),
        hosts: vec![],
    }
}

/// A named command: its program and the number of its arguments never depend on what was said.
pub(super) fn call(data: &[u8]) {
    let text = input::text(data);
    quoted(&text);
    as_a_shell(&text);
    let Ok(call) = parse_call(&text) else {
        return;
    };
    let spec = spec();
    let Ok(plan) = fill(spec, &call) else {
        return;
    };
    assert_eq!(plan.argv.len(), spec.argv.len());
    assert_eq!(plan.argv[..2], spec.argv[..2]);
    assert!(plan.argv[2].starts_with('/') && !plan.argv[2].contains(char::is_whitespace));
    let label = plan.argv[3]
        .strip_prefix("--label=")
        .expect("fixed words stay");
    assert!(!label.starts_with('-') && !label.contains('\0'));
    assert!(plan.argv[4].parse::<i64>().is_ok());
}

/// Where there are neither comments nor other spaces, another reader of shell words agrees.
fn as_a_shell(text: &str) {
    let other = |c: char| c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n');
    if text.contains('#') || text.contains(other) {
        return;
    }
    let line = format!("x {}", text.replace('=', ":"));
    let (ours, theirs) = (parse_call(&line), shlex::split(&line));
    assert_eq!(ours.is_ok(), theirs.is_some(), "{line:?}");
    if let (Ok(ours), Some(theirs)) = (ours, theirs) {
        let said: Vec<String> = (0..)
            .map_while(|at| ours.args.get(&format!("#{at}")).cloned())
            .collect();
        assert_eq!(said, theirs[1..]);
    }
}

/// What is quoted as a shell would have it comes back as it was.
fn quoted(text: &str) {
    let values: Vec<&str> = text.split('\n').take(4).collect();
    let mut line = "deploy".to_owned();
    let mut expected = BTreeMap::new();
    for (at, value) in values.iter().enumerate() {
        let Ok(word) = shlex::try_quote(value) else {
            return; // NUL cannot be quoted.
        };
        line.push_str(&format!(" key{at}={word}"));
        expected.insert(format!("key{at}"), (*value).to_owned());
    }
    let call = parse_call(&line).expect("quoted words are words");
    assert_eq!((call.name.as_str(), &call.args), ("deploy", &expected));
}
