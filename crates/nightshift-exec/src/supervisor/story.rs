//! What the init and bubblewrap say about an attempt, and what it means in the end.

use nightshift_core::port::ExitKind;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::mpsc;

use super::launch::Launch;
use crate::init::{End, Ended, Status};
use crate::stream::Found;

/// Lines of bubblewrap's that are kept as the reason.
const REASONS: usize = 5;

pub(super) enum Heard {
    Status(Status),
    Words(String),
}

/// What the listener must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Started,
    Nothing,
}

/// Everything heard so far.
#[derive(Default)]
pub(super) struct Story {
    ready: bool,
    spawn_failed: Option<String>,
    ended: Option<Ended>,
    reasons: Vec<String>,
}

impl Story {
    pub(super) fn hear(&mut self, heard: Heard) -> News {
        match heard {
            Heard::Status(Status::Ready) => self.ready = true,
            Heard::Status(Status::Started) => return News::Started,
            Heard::Status(Status::SpawnFailed(reason)) => self.spawn_failed = Some(reason),
            Heard::Status(Status::Ended(ended)) => self.ended = Some(ended),
            Heard::Words(words) if self.reasons.len() < REASONS => self.reasons.push(words),
            Heard::Words(_) => {}
        }
        News::Nothing
    }

    /// Without a last word from the init, the stop is what ended it.
    pub(super) fn stop_was_heard(&self) -> bool {
        self.ended.is_none_or(|ended| ended.asked)
    }

    /// Processes when the stop came.
    pub(super) fn processes(&self) -> Option<usize> {
        self.ended.map(|ended| ended.processes)
    }

    pub(super) fn left(&self) -> usize {
        self.ended.map_or(0, |ended| ended.left)
    }

    /// How an attempt that nobody stopped ended.
    pub(super) fn end(&self, launch: &Launch, found: &Found) -> ExitKind {
        if let Some(reason) = &self.spawn_failed {
            let (program, hint) = (&launch.program, &launch.install_hint);
            let sentence = format!("`{program}` could not be started: {reason}. {hint}");
            return ExitKind::SpawnFailed(sentence.trim().to_owned());
        }
        match self.ended.map(|ended| ended.end) {
            Some(End::Exited(code)) => found.verdict(ExitKind::Code(code)),
            Some(End::Signalled(signal)) => ExitKind::Signal(signal),
            None if self.ready => ExitKind::Broken(self.reason("the attempt's init was ended")),
            None => ExitKind::IsolationUnavailable(self.reason("the sandbox ended without a word")),
        }
    }

    fn reason(&self, silent: &str) -> String {
        if self.reasons.is_empty() {
            silent.to_owned()
        } else {
            self.reasons.join("; ")
        }
    }
}

/// Passes on every line until the other side closes.
pub(super) async fn listen(read: OwnedReadHalf, heard: mpsc::Sender<Heard>) {
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    while let Ok(1..) = read.read_until(b'\n', &mut line).await {
        let said = match serde_json::from_slice(&line) {
            Ok(status) => Heard::Status(status),
            Err(_) => Heard::Words(String::from_utf8_lossy(&line).trim().to_owned()),
        };
        line.clear();
        if heard.send(said).await.is_err() {
            return;
        }
    }
}
