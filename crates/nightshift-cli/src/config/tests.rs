//! The configuration as a person meets it: files in, sentences out.

mod agreement;
mod environment;
mod guide;
mod problems;
mod secrets;

use super::expand::Environment;
use super::{Loaded, load_text};

const HOME: (&str, &str) = ("HOME", "/home/ana");

fn environment(variables: &[(&str, &str)]) -> Environment {
    let all = variables.iter().chain([&HOME]);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[track_caller]
fn loads(text: &str, variables: &[(&str, &str)]) -> Loaded {
    match load_text(text, &environment(variables)) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{problems}"),
    }
}

/// The problems, one a line.
#[track_caller]
fn refused(text: &str, variables: &[(&str, &str)]) -> String {
    let problems = load_text(text, &environment(variables)).expect_err("it was accepted");
    let lines: Vec<String> = problems.list.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
