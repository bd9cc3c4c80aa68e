//! Arguments for planning: known programs are told to read only and to check the reply's form;
//! others are started as for work and have the prompt alone to go by.

use std::path::Path;

use nightshift_core::agent::{AgentSpec, OutputFormat};

use crate::prompt::SCHEMA;

/// Program and arguments, and how its output is to be read.
pub(super) fn for_planning(agent: &AgentSpec) -> (Vec<String>, OutputFormat) {
    let program = agent.argv.first().map(Path::new);
    let program = program
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    match program {
        Some("claude") => (claude(&agent.argv), OutputFormat::Text),
        Some("codex") => (codex(&agent.argv), agent.output),
        _ => (agent.argv.clone(), agent.output),
    }
}

/// One JSON object with `structured_output` instead of a stream; nothing is changed or kept.
fn claude(argv: &[String]) -> Vec<String> {
    let flags = ["--verbose", "--dangerously-skip-permissions"];
    let options = ["--output-format", "--permission-mode", "--json-schema"];
    let mut planning = without(argv, &flags, &options);
    let more = [
        "--output-format",
        "json",
        "--permission-mode",
        "plan",
        "--no-session-persistence",
        "--json-schema",
        SCHEMA,
    ];
    planning.extend(more.map(str::to_owned));
    planning
}

/// Its schema comes from a file, which a planner does not write: the prompt carries it.
fn codex(argv: &[String]) -> Vec<String> {
    let flags = ["--full-auto", "--dangerously-bypass-approvals-and-sandbox"];
    let mut planning = without(argv, &flags, &["-s", "--sandbox"]);
    if let Some(exec) = planning.iter().position(|word| word == "exec") {
        let more = ["-s", "read-only", "--ephemeral"].map(str::to_owned);
        let arguments = planning.split_off(exec + 1);
        planning.extend(more);
        planning.extend(arguments);
    }
    planning
}

/// `argv` without some flags, and without some options and their values.
fn without(argv: &[String], flags: &[&str], options: &[&str]) -> Vec<String> {
    let mut kept = Vec::with_capacity(argv.len());
    let mut words = argv.iter();
    while let Some(word) = words.next() {
        let joined = |option: &&str| {
            word.strip_prefix(*option)
                .is_some_and(|rest| rest.starts_with('='))
        };
        if options.contains(&word.as_str()) {
            // Its value goes with it.
            words.next();
        } else if !flags.contains(&word.as_str()) && !options.iter().any(joined) {
            kept.push(word.clone());
        }
    }
    kept
}
