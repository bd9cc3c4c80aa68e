//! Agents, commands and projects: what would otherwise fail with the first task.

use std::collections::BTreeMap;

use nightshift_core::command::run::fill;
use nightshift_core::task::NamedCommand;
use nightshift_core::time::Span;

use crate::config::key::KeyPath;
use crate::config::problem::Findings;
use crate::config::section::execution::{Agent, Arg, Command, Execution};
use crate::config::suggest::nearest;

/// Agents whose command this version knows.
const PRESETS: [&str; 2] = ["claude-code", "codex"];

/// Presets that are named by the product and need a `command` of their own for now.
const LATER_PRESETS: [&str; 3] = ["gemini", "opencode", "cursor"];

pub(super) fn check(execution: &Execution, timers_task: Span, found: &mut Findings) {
    let root = KeyPath::of("remote.execution");
    agent_exists(
        execution,
        Some(&execution.local.agent),
        "remote.execution.local.agent",
        found,
    );
    for (name, entry) in &execution.agents {
        agent(name, entry, &root.name("agents").name(name), found);
    }
    for (name, command) in &execution.commands {
        named_command(
            name,
            command,
            timers_task,
            &root.name("commands").name(name),
            found,
        );
    }
    for (name, project) in &execution.projects {
        let path = root.name("projects").name(name);
        if project.path.is_empty() {
            found.value(&path, "expected the `path` of its directory");
        }
        let at = path.name("default_agent");
        agent_at(execution, project.default_agent.as_deref(), &at, found);
    }
}

fn agent(name: &str, agent: &Agent, path: &KeyPath, found: &mut Findings) {
    let command = agent.command.as_deref();
    if command.is_some_and(<[String]>::is_empty) {
        let message = "expected a program and its arguments";
        found.value(&path.name("command"), message);
    } else if LATER_PRESETS.contains(&name) && command.is_none() {
        let message = "this preset is not part of this version; give its `command`";
        found.value(path, message);
    } else if command.is_none() && !PRESETS.contains(&name) {
        let message = format!("expected a `command`; presets are {}", PRESETS.join(", "));
        found.value(path, message);
    }
}

pub(super) fn agent_exists(
    execution: &Execution,
    agent: Option<&str>,
    path: &str,
    found: &mut Findings,
) {
    agent_at(execution, agent, &KeyPath::of(path), found);
}

fn agent_at(execution: &Execution, agent: Option<&str>, path: &KeyPath, found: &mut Findings) {
    let Some(agent) = agent else { return };
    let known = || {
        let configured = execution.agents.keys().map(String::as_str);
        configured.chain(PRESETS)
    };
    if known().any(|name| name == agent) {
        return;
    }
    let message = match nearest(agent, known()) {
        Some(near) => format!("names no agent; did you mean `{near}`?"),
        None => "names no agent; give it a `command` in remote.execution.agents".to_owned(),
    };
    found.value(path, message);
}

fn named_command(
    name: &str,
    command: &Command,
    timers_task: Span,
    path: &KeyPath,
    found: &mut Findings,
) {
    if command.argv.first().is_none_or(String::is_empty) {
        found.value(path, "expected an `argv` with a program and its arguments");
    }
    if name.contains(char::is_whitespace) {
        found.key(path, "expected one word as a command's name");
    }
    for (arg_name, entry) in &command.args.0 {
        let path = path.name("args").name(arg_name);
        let slot = format!("{{{arg_name}}}");
        if !command.argv.iter().any(|part| part.contains(&slot)) {
            found.value(&path, format!("`{slot}` does not stand in argv"));
        }
        argument(arg_name, entry, timers_task, &path, found);
    }
}

/// The pattern compiles, and the default is what a person could have written.
fn argument(name: &str, arg: &Arg, timers_task: Span, path: &KeyPath, found: &mut Findings) {
    let mut alone = Command::default();
    alone.args.0.push((name.to_owned(), arg.clone()));
    let spec = match alone.spec(name, timers_task) {
        Ok(spec) => spec,
        Err(sentence) => return found.value(&path.name("pattern"), sentence),
    };
    let call = NamedCommand {
        name: name.to_owned(),
        args: BTreeMap::new(),
    };
    if arg.default.is_some() && fill(&spec, &call).is_err() {
        let message = "is refused by the argument's own rules";
        found.value(&path.name("default"), message);
    }
}
