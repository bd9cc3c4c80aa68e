//! What the workspace remembers: channels, people, messages, files, modals, tickets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fault::Faults;
use super::message::{Channel, FileShared, Message, Modal, Person};
use super::pace::Paces;
use super::request::{Pending, Request};

/// One call of the Web API, as the app made it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub args: Value,
    pub at_ms: i64,
    /// `ok`, Slack's error word, or what a fault made of it.
    pub outcome: String,
}

/// What a one-time trigger allows.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) at_ms: i64,
    pub(crate) user: String,
    pub(crate) used: bool,
}

/// A response URL: where its posts go and how often it was used.
#[derive(Debug, Clone)]
pub(crate) struct ResponseUrl {
    pub(crate) at_ms: i64,
    pub(crate) uses: u32,
    pub(crate) user: String,
    pub(crate) channel: String,
    /// The message whose button was pressed.
    pub(crate) message: Option<String>,
}

/// A file between the ticket and the share.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) length: usize,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The whole workspace.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) channels: BTreeMap<String, Channel>,
    pub(crate) people: BTreeMap<String, Person>,
    /// In the order they were posted; ephemeral ones among them.
    pub(crate) messages: Vec<Message>,
    pub(crate) files: Vec<FileShared>,
    pub(crate) modals: Vec<Modal>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) response_urls: BTreeMap<String, ResponseUrl>,
    pub(crate) tickets: BTreeSet<String>,
    /// Channel, message and emoji.
    pub(crate) reactions: BTreeSet<(String, String, String)>,
    pub(crate) calls: Vec<Call>,
    pub(crate) violations: Vec<String>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) subscriptions: BTreeSet<String>,
    pub(crate) revoked: bool,
    /// The app was told that its token is dead.
    pub(crate) told_dead: bool,
    pub(crate) faults: Faults,
    pub(crate) paces: Paces,
    pub(crate) webhook: Option<String>,
    pub(crate) pending: Vec<Pending>,
    /// Events that were given up after the last retry.
    pub(crate) lost: Vec<Request>,
    pub(crate) last_event: Option<Request>,
    /// Background deliveries under way.
    pub(crate) in_flight: usize,
    pub(crate) echo_off: bool,
    pub(crate) null_team: bool,
    counter: u64,
}

impl State {
    /// A number that no other call got.
    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A message's timestamp: the clock's second, and a counter that keeps it unique and rising.
    pub(crate) fn next_ts(&mut self, now_ms: i64) -> String {
        format!("{}.{:06}", now_ms.div_euclid(1000), self.next() % 1_000_000)
    }

    pub(crate) fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    /// The message as it stands, unless it is ephemeral.
    pub(crate) fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| {
            message.channel == channel && message.ts == ts && message.ephemeral_to.is_none()
        })
    }

    pub(crate) fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|message| {
            message.channel == channel && message.ts == ts && message.ephemeral_to.is_none()
        })
    }

    /// How many replies hang under a message.
    pub(crate) fn replies(&self, channel: &str, ts: &str) -> usize {
        let replies = self.messages.iter().filter(|message| {
            message.channel == channel && message.thread_ts.as_deref() == Some(ts)
        });
        replies
            .filter(|message| !message.deleted && message.ephemeral_to.is_none())
            .count()
    }
}
