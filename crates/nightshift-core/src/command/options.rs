//! `--agent X --timeout 5m` at the end of a task's text.

use super::BadCommand;
use crate::task::Wishes;
use crate::time::Span;

/// The options, with what each takes.
pub const OPTIONS: &[(&str, &str)] = &[
    ("--agent", "name"),
    ("--model", "name"),
    ("--project", "name"),
    ("--on", "executor"),
    ("--dir", "path"),
    ("--timeout", "duration"),
    ("--max-cost", "dollars"),
];

/// Takes the options off the end of `text`. Dashes anywhere else are text.
pub fn take(text: &str) -> Result<(&str, Wishes), BadCommand> {
    let mut wishes = Wishes::default();
    let mut rest = text.trim_end();
    while let Some((before, option, value)) = last_option(rest) {
        set(&mut wishes, option, value)?;
        rest = before.trim_end();
    }
    Ok((rest, wishes))
}

/// The last two words, when they are an option and its value (or one word `--option=value`).
fn last_option(text: &str) -> Option<(&str, &'static str, &str)> {
    let (before, last) = split_last(text)?;
    if let Some((name, value)) = last.split_once('=') {
        return known(name).map(|name| (before, name, value));
    }
    let (before, name) = split_last(before.trim_end())?;
    known(name).map(|name| (before, name, last))
}

fn split_last(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    match text.rfind(char::is_whitespace) {
        Some(at) => {
            let start = at + text[at..].chars().next().map_or(1, char::len_utf8);
            Some((&text[..at], &text[start..]))
        }
        None => Some(("", text)),
    }
}

fn known(name: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .map(|(option, _)| *option)
        .find(|option| *option == name)
}

fn set(wishes: &mut Wishes, option: &str, value: &str) -> Result<(), BadCommand> {
    let text = || Some(value.to_owned());
    let bad = |expected: &str| BadCommand {
        message: format!("`{option} {value}`: expected {expected}."),
        example: format!(
            "{option} {}",
            if option == "--timeout" { "5m" } else { "0.50" }
        ),
    };
    match option {
        "--agent" => wishes.agent = text(),
        "--model" => wishes.model = text(),
        "--project" => wishes.project = text(),
        "--on" => wishes.executor = text(),
        "--dir" => wishes.dir = text(),
        "--timeout" => {
            let span: Span = value.parse().map_err(|_| bad("a duration"))?;
            wishes.timeout_s = Some(span.0.as_millis().div_ceil(1000).max(1) as u64);
        }
        _ => wishes.max_cost_usd = Some(dollars(value).ok_or_else(|| bad("an amount in dollars"))?),
    }
    Ok(())
}

fn dollars(value: &str) -> Option<f64> {
    let amount: f64 = value.strip_prefix('$').unwrap_or(value).parse().ok()?;
    (amount.is_finite() && amount >= 0.0).then_some(amount)
}
