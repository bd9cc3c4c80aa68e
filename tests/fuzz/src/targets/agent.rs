//! What agents print, what their sandbox says, what the kernel says about their processes.

use nightshift_core::agent::OutputFormat;
use nightshift_core::port::JobEvent;
use nightshift_exec::fuzz::{self, Said};

use crate::input;

pub(super) const WORDS: &[&str] = &[
    "\"type\":\"assistant\"",
    "\"type\":\"result\"",
    "\"type\":\"system\"",
    "\"subtype\":\"init\"",
    "\"subtype\":\"api_retry\"",
    "\"session_id\":\"s\"",
    "\"is_error\":true",
    "\"result\":\"done\"",
    "\"total_cost_usd\":",
    "\"input_tokens\":",
    "\"output_tokens\":18446744073709551615",
    "\"permission_denials\":[{\"tool_name\":\"Bash\"}]",
    "\"content\":[{\"type\":\"text\",\"text\":",
    "\"type\":\"thread.started\"",
    "\"type\":\"turn.completed\"",
    "\"type\":\"item.completed\"",
    "\"item\":{\"type\":\"agent_message\",\"text\":\"x\"}",
    "\"type\":\"error\"",
    "\n",
    "\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{9b}1m",
    "\r\n",
    "\"ready\"",
    "\"started\"",
    "{\"ended\":{",
    "term",
    "kill",
    ") S 1 ",
    "(sh)",
];

/// More than any text of a card or an answer may be, with the mark of a cut.
const LONGEST_ANSWER: usize = (256 << 10) + 100;

fn read(format: OutputFormat, data: &[u8]) {
    let (seed, data) = data.split_first().unwrap_or((&0, &[]));
    let said = fuzz::said(format, [data]);
    let in_pieces = fuzz::said(format, input::pieces(data, *seed));
    assert_eq!(
        said, in_pieces,
        "where a stream is cut changes what it says"
    );
    is_bounded(&said);
}

fn is_bounded(said: &Said) {
    // Bytes that are no UTF-8 become three each.
    assert!(said.answer.len() <= 3 * LONGEST_ANSWER);
    let usage = said.usage;
    assert!(
        i64::try_from(usage.tokens).is_ok(),
        "more than the store holds"
    );
    assert!(
        usage.usd.is_finite() && usage.usd >= 0.0,
        "{} dollars",
        usage.usd
    );
    for event in &said.events {
        if let JobEvent::Step(step) = event {
            assert!(step.chars().count() <= 121, "no step: {step}");
            assert!(!step.contains(char::is_control), "no line: {step:?}");
        }
    }
}

/// A byte for the cuts, then the output.
pub(super) fn claude(data: &[u8]) {
    read(OutputFormat::ClaudeStreamJson, data);
}

pub(super) fn codex(data: &[u8]) {
    read(OutputFormat::CodexJson, data);
}

pub(super) fn text_output(data: &[u8]) {
    read(OutputFormat::Text, data);
}

/// Nothing that steers a terminal is left, and plain text stays as it is.
pub(super) fn terminal(data: &[u8]) {
    let text = input::text(data);
    let clean = fuzz::stripped(&text);
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!clean.contains(steers), "{clean:?}");
    assert_eq!(fuzz::stripped(&clean), clean);
    if !text.contains(steers) {
        assert_eq!(clean, text);
    }
}

/// Two bytes for limit and tail, one for the cuts, then the output.
pub(super) fn cut(data: &[u8]) {
    let (knobs, data) = data.split_at(data.len().min(3));
    let knob = |at: usize| u64::from(knobs.get(at).copied().unwrap_or(9));
    let (limit, tail) = (knob(0), knob(1));
    let seed = knob(2) as u8;
    let shown = fuzz::cut(limit, tail, input::pieces(data, seed));
    if data.len() as u64 <= limit {
        assert_eq!(shown, data, "nothing had to be left out");
        return;
    }
    let tail = tail.min(limit) as usize;
    let head = limit as usize - tail;
    let left_out = data.len() - limit as usize;
    let mut expected = data[..head].to_vec();
    expected.extend(format!("\n[… {left_out} bytes left out …]\n").bytes());
    expected.extend(&data[data.len() - tail..]);
    assert_eq!(shown, expected);
}

/// A line between the supervisor and the inside of the sandbox.
pub(super) fn sandbox_line(data: &[u8]) {
    if let Some(written) = fuzz::status(data) {
        assert_eq!(fuzz::status(&written).as_deref(), Some(&written[..]));
    }
    let text = input::text(data);
    if let Some(line) = fuzz::order(&text) {
        assert_eq!(line.trim_end(), text, "an order is one word");
    }
}

/// The name of a process is its own choice; whose child it is, is not.
pub(super) fn process_line(data: &[u8]) {
    let text = input::text(data);
    let _ = fuzz::parent(&text);
    let name: String = text.chars().take(15).collect();
    let stat = format!("7 ({name}) S 4242 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0 0\n");
    assert_eq!(fuzz::parent(&stat), Some(4242), "{stat}");
}
