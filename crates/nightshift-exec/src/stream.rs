//! What the agents say in their output: steps, sessions, usage, the answer, failures.

mod claude;
mod codex;

use nightshift_core::agent::OutputFormat;
use nightshift_core::port::{ExitKind, JobEvent};
use nightshift_core::task::Usage;
use serde_json::Value;

use crate::output::ansi;
use crate::output::cut::Cut;

/// Bytes of an answer; longer ones are cut in the middle.
const ANSWER: u64 = 256 << 10;
/// A line of JSON that is longer is no message of an agent we know.
const LINE: usize = 16 << 20;
/// Characters of a step: it stands on a card.
const STEP: usize = 120;

/// Reads one attempt's output as its format says.
#[derive(Debug)]
pub(crate) struct Reading {
    format: Format,
    line: Vec<u8>,
    too_long: bool,
    pub(crate) found: Found,
}

#[derive(Debug)]
enum Format {
    Text(Cut, Vec<u8>),
    Claude(claude::Stream),
    Codex,
}

/// What was found so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) answer: Option<String>,
    pub(crate) usage: Usage,
    /// The agent says that it failed.
    pub(crate) failure: Option<String>,
    /// The last lines that were no JSON: the reason, where the agent did not get to its stream.
    plain: Vec<String>,
}

impl Found {
    /// The answer, or what the agent said in plain text instead of one.
    pub(crate) fn answer(&self) -> String {
        match (&self.answer, &self.failure) {
            (Some(answer), _) => answer.clone(),
            (None, Some(failure)) => failure.clone(),
            (None, None) => self.plain.join("\n"),
        }
    }

    /// What the agent's own failure means, unless its exit code says more.
    pub(crate) fn verdict(&self, exit: ExitKind) -> ExitKind {
        match (&self.failure, exit) {
            (Some(reason), ExitKind::Code(_)) if is_about_provider(reason) => {
                ExitKind::Provider(reason.clone())
            }
            (Some(reason), ExitKind::Code(0)) => ExitKind::AgentError(reason.clone()),
            (_, exit) => exit,
        }
    }
}

/// Words by which agents report that their model's provider or login refused.
fn is_about_provider(reason: &str) -> bool {
    const SIGNS: [&str; 13] = [
        "api error",
        "api key",
        "/login",
        "not logged in",
        "log in",
        "authentication",
        "unauthorized",
        "status 403",
        "status 429",
        "status 5",
        "credit balance",
        "rate limit",
        "usage limit",
    ];
    let reason = reason.to_lowercase();
    SIGNS.iter().any(|sign| reason.contains(sign))
}

impl Reading {
    pub(crate) fn new(format: OutputFormat) -> Self {
        Self {
            format: match format {
                OutputFormat::Text => Format::Text(Cut::new(ANSWER, ANSWER / 2), Vec::new()),
                OutputFormat::ClaudeStreamJson => Format::Claude(claude::Stream::default()),
                OutputFormat::CodexJson => Format::Codex,
            },
            line: Vec::new(),
            too_long: false,
            found: Found::default(),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8], events: &mut Vec<JobEvent>) {
        if let Format::Text(cut, kept) = &mut self.format {
            kept.extend(cut.push(bytes));
            return;
        }
        let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = lines.next() {
            self.too_long |= self.line.len() + part.len() > LINE;
            if !self.too_long {
                self.line.extend_from_slice(part);
            }
            if lines.peek().is_some() {
                self.finish_line(events);
            }
        }
    }

    pub(crate) fn end(&mut self, events: &mut Vec<JobEvent>) {
        if let Format::Text(cut, kept) = &mut self.format {
            kept.extend(cut.end());
            let text = ansi::strip(&String::from_utf8_lossy(kept));
            self.found.answer = Some(text.trim().to_owned());
            return;
        }
        self.finish_line(events);
        if let Some(answer) = &mut self.found.answer {
            *answer = shortened(answer);
        }
    }

    fn finish_line(&mut self, events: &mut Vec<JobEvent>) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) || line.trim_ascii().is_empty() {
            return;
        }
        match serde_json::from_slice::<Value>(&line) {
            Ok(message) if message.is_object() => match &mut self.format {
                Format::Text(..) => {}
                Format::Claude(stream) => stream.message(&message, &mut self.found, events),
                Format::Codex => codex::message(&message, &mut self.found, events),
            },
            _ => self.plain(&line),
        }
    }

    fn plain(&mut self, line: &[u8]) {
        const KEPT: usize = 20;
        let line = shortened(&ansi::strip(&String::from_utf8_lossy(line)));
        if self.found.plain.len() == KEPT {
            self.found.plain.remove(0);
        }
        self.found.plain.push(line);
    }
}

fn shortened(text: &str) -> String {
    let mut cut = Cut::new(ANSWER, ANSWER / 2);
    let mut kept = cut.push(text.as_bytes());
    kept.extend(cut.end());
    String::from_utf8_lossy(&kept).into_owned()
}

/// One line, short.
fn step(text: &str) -> JobEvent {
    let flat = ansi::strip(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut short: String = flat.chars().take(STEP).collect();
    if short.len() < flat.len() {
        short.push('…');
    }
    JobEvent::Step(short)
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or(0)
}

/// What an agent says it used may be any number: here it stays one that the store can hold.
fn total(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let sum = numbers.into_iter().fold(0, u64::saturating_add);
    sum.min(i64::MAX as u64)
}

#[cfg(test)]
mod tests;
