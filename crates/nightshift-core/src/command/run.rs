//! Named commands: `run NAME key=value …`, checked by a schema, run by argv, never by a shell.

use std::collections::BTreeMap;

use regex::Regex;

use super::{BadCommand, words};
use crate::port::planner::CommandPlan;
use crate::task::NamedCommand;

/// A command of the configuration.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    pub name: String,
    pub description: String,
    /// `{arg}` in an element is replaced by that argument's value.
    pub argv: Vec<String>,
    /// In the order of the configuration: positional arguments fill them in this order.
    pub args: Vec<(String, ArgSpec)>,
    pub timeout_s: u64,
    /// `low`, `medium` or `high`.
    pub risk: String,
    pub hosts: Vec<String>,
}

/// What one argument may be.
#[derive(Debug, Clone)]
pub struct ArgSpec {
    pub kind: ArgKind,
    /// Must match the whole value.
    pub pattern: Option<Regex>,
    pub choices: Vec<String>,
    pub default: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    Text,
    Integer,
    Number,
    Flag,
}

/// Compiles a pattern so that it must match the whole value.
pub fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

/// The pattern as the configuration has it.
fn as_configured(pattern: &Regex) -> &str {
    let whole = pattern.as_str();
    let inner = whole
        .strip_prefix(r"\A(?:")
        .and_then(|rest| rest.strip_suffix(r")\z"));
    inner.unwrap_or(whole)
}

/// Reads `NAME key=value "quoted value"` with POSIX quoting and no expansion.
pub fn parse_call(text: &str) -> Result<NamedCommand, BadCommand> {
    let words = words::split(text).ok_or_else(|| BadCommand {
        message: "A quote is not closed.".into(),
        example: "run disk path=\"/srv\"".into(),
    })?;
    let mut words = words.into_iter();
    let name = words.next().unwrap_or_default();
    let mut args = BTreeMap::new();
    for (at, word) in words.enumerate() {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) if is_key(key) => (key.to_owned(), value.to_owned()),
            // Positional: named by its place until the schema is at hand.
            _ => (format!("{POSITIONAL}{at}"), word),
        };
        if args.insert(key.clone(), value).is_some() {
            return Err(BadCommand {
                message: format!("`{key}` is given twice."),
                example: format!("run {name}"),
            });
        }
    }
    Ok(NamedCommand { name, args })
}

/// A character that no argument name of a configuration can hold.
const POSITIONAL: char = '#';

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Checks the arguments and fills in the argv.
pub fn fill(spec: &CommandSpec, call: &NamedCommand) -> Result<CommandPlan, BadCommand> {
    let given = resolve(spec, call)?;
    let mut values = BTreeMap::new();
    for (name, arg) in &spec.args {
        let value = given.get(name).cloned().or_else(|| arg.default.clone());
        let value = value.ok_or_else(|| refuse(spec, format!("`{name}` is missing.")))?;
        check(spec, name, arg, &value)?;
        values.insert(name.clone(), value);
    }
    let argv = spec
        .argv
        .iter()
        .map(|part| substitute(part, &values))
        .collect();
    Ok(CommandPlan {
        call: NamedCommand {
            name: spec.name.clone(),
            args: values,
        },
        argv,
        description: spec.description.clone(),
        timeout_s: spec.timeout_s,
        risk: spec.risk.clone(),
        hosts: spec.hosts.clone(),
    })
}

/// Gives positional arguments their names.
fn resolve(
    spec: &CommandSpec,
    call: &NamedCommand,
) -> Result<BTreeMap<String, String>, BadCommand> {
    let mut given = BTreeMap::new();
    let mut free = spec
        .args
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !call.args.contains_key(*name));
    for (key, value) in &call.args {
        let name = if key.starts_with(POSITIONAL) {
            free.next()
                .cloned()
                .ok_or_else(|| refuse(spec, format!("`{value}` is one argument too many.")))?
        } else if spec.args.iter().any(|(name, _)| name == key) {
            key.clone()
        } else {
            return Err(refuse(
                spec,
                format!("`{key}` is no argument of `{}`.", spec.name),
            ));
        };
        given.insert(name, value.clone());
    }
    Ok(given)
}

fn check(spec: &CommandSpec, name: &str, arg: &ArgSpec, value: &str) -> Result<(), BadCommand> {
    let bad = |expected: String| {
        Err(refuse(
            spec,
            format!("`{name}={value}`: expected {expected}."),
        ))
    };
    match arg.kind {
        ArgKind::Integer if value.parse::<i64>().is_err() => return bad("a whole number".into()),
        ArgKind::Number if !value.parse::<f64>().is_ok_and(f64::is_finite) => {
            return bad("a number".into());
        }
        ArgKind::Flag if value != "true" && value != "false" => return bad("true or false".into()),
        ArgKind::Text | ArgKind::Integer | ArgKind::Number | ArgKind::Flag => {}
    }
    if !arg.choices.is_empty() && !arg.choices.iter().any(|choice| choice == value) {
        return bad(format!("one of {}", arg.choices.join(", ")));
    }
    if value.contains('\0') {
        return bad("text without NUL".into());
    }
    match &arg.pattern {
        Some(pattern) if !pattern.is_match(value) => {
            bad(format!("something that matches {}", as_configured(pattern)))
        }
        // Without a pattern that says otherwise, a value is never an option of the program.
        None if arg.kind == ArgKind::Text && value.starts_with('-') => {
            bad("no leading dash".into())
        }
        _ => Ok(()),
    }
}

/// Replaces `{arg}`; values are not looked at again, so braces in them stay text.
fn substitute(part: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = part;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let tail = &rest[open..];
        let closed = tail.find('}');
        let known = closed.and_then(|end| Some((end, values.get(&tail[1..end])?)));
        if let Some((end, value)) = known {
            out.push_str(value);
            rest = &tail[end + 1..];
        } else {
            out.push('{');
            rest = &tail[1..];
        }
    }
    out.push_str(rest);
    out
}

fn refuse(spec: &CommandSpec, message: String) -> BadCommand {
    BadCommand {
        message,
        example: usage(spec),
    }
}

/// `run disk path=/`: the command with its arguments' defaults, or their kinds.
pub fn usage(spec: &CommandSpec) -> String {
    let mut usage = format!("run {}", spec.name);
    for (name, arg) in &spec.args {
        let value = arg.default.as_deref().unwrap_or(match arg.kind {
            ArgKind::Text => "TEXT",
            ArgKind::Integer | ArgKind::Number => "NUMBER",
            ArgKind::Flag => "true",
        });
        usage.push_str(&format!(" {name}={value}"));
    }
    usage
}
