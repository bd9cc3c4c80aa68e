//! What agents, their sandbox and the kernel tell us, as plain functions for the fuzz targets.

use nightshift_core::agent::OutputFormat;
use nightshift_core::port::{ExitKind, JobEvent};
use nightshift_core::task::Usage;

use crate::init::{Order, Status};
use crate::output::cut::Cut;
use crate::process::Entry;
use crate::stream::Reading;

/// What an agent's output was read as.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub events: Vec<JobEvent>,
    pub answer: String,
    pub usage: Usage,
    /// Of an agent that ends with exit code 0.
    pub exit: ExitKind,
}

/// Reads an output that arrives in these pieces.
pub fn said<'a>(format: OutputFormat, pieces: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut reading = Reading::new(format);
    let mut events = Vec::new();
    for piece in pieces {
        reading.bytes(piece, &mut events);
    }
    reading.end(&mut events);
    Said {
        events,
        answer: reading.found.answer(),
        usage: reading.found.usage,
        exit: reading.found.verdict(ExitKind::Code(0)),
    }
}

/// A text without what steers a terminal.
pub fn stripped(text: &str) -> String {
    crate::output::ansi::strip(text)
}

/// Head and tail of an output that arrives in these pieces.
pub fn cut<'a>(limit: u64, tail: u64, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut cut = Cut::new(limit, tail);
    let mut shown = Vec::new();
    for piece in pieces {
        shown.extend(cut.push(piece));
    }
    shown.extend(cut.end());
    shown
}

/// A line from inside the sandbox, written again; `None` when it is no status.
pub fn status(line: &[u8]) -> Option<Vec<u8>> {
    let status: Status = serde_json::from_slice(line).ok()?;
    Some(serde_json::to_vec(&status).expect("invariant: plain data"))
}

/// A line to the inside, written again; `None` when it is no order.
pub fn order(line: &str) -> Option<&'static str> {
    Order::parse(line).map(Order::line)
}

/// The parent in a line of `/proc/PID/stat`.
pub fn parent(stat: &str) -> Option<i32> {
    Entry::parse(1, stat).map(|entry| entry.parent)
}
