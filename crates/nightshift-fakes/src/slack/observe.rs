//! What a test sees of the workspace, and how it waits for it.

use std::time::Duration;

use super::FakeSlack;
use super::message::{FileShared, Message, Modal};
use super::people::FakeUser;
use super::request::Request;
use super::state::Call;
use super::workspace::FakeChannel;

/// What was waited for did not come.
#[derive(Debug, thiserror::Error)]
#[error("not within {within:?}: {what}")]
pub struct Unmet {
    pub what: String,
    pub within: Duration,
}

impl FakeSlack {
    /// Everything posted in a channel by anybody, oldest first; deleted ones are marked,
    /// ephemeral ones left out.
    pub fn messages(&self, channel: &FakeChannel) -> Vec<Message> {
        self.select(|message| message.channel == channel.id && message.ephemeral_to.is_none())
    }

    /// What the app posted in a channel.
    pub fn ours(&self, channel: &FakeChannel) -> Vec<Message> {
        let mut messages = self.messages(channel);
        messages.retain(|message| message.ours && !message.deleted);
        messages
    }

    /// The app's newest message with blocks, in whatever thread it is.
    pub fn last_card(&self, channel: &FakeChannel) -> Option<Message> {
        self.ours(channel)
            .into_iter()
            .rev()
            .find(|message| !message.blocks.is_empty())
    }

    /// The message as it stands now.
    pub fn message(&self, channel: &FakeChannel, ts: &str) -> Option<Message> {
        self.messages(channel)
            .into_iter()
            .find(|message| message.ts == ts)
    }

    /// The parent and its replies.
    pub fn thread(&self, channel: &FakeChannel, ts: &str) -> Vec<Message> {
        let mut messages = self.messages(channel);
        messages.retain(|message| message.root() == ts && !message.deleted);
        messages
    }

    /// What only this person saw: ephemeral messages and answers to their commands.
    pub fn ephemerals(&self, user: &FakeUser) -> Vec<Message> {
        self.select(|message| message.ephemeral_to.as_deref() == Some(&user.id) && !message.deleted)
    }

    fn select(&self, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.shared.look(|state| {
            state
                .messages
                .iter()
                .filter(|m| wanted(m))
                .cloned()
                .collect()
        })
    }

    pub fn files(&self, channel: &FakeChannel) -> Vec<FileShared> {
        self.shared.look(|state| {
            let files = state.files.iter();
            files
                .filter(|file| file.channel == channel.id)
                .cloned()
                .collect()
        })
    }

    /// Every modal this person was shown, oldest first; closed ones are marked.
    pub fn modals(&self, user: &FakeUser) -> Vec<Modal> {
        self.shared.look(|state| {
            let modals = state.modals.iter();
            modals
                .filter(|modal| modal.user == user.id)
                .cloned()
                .collect()
        })
    }

    /// Every call of the Web API, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.look(|state| state.calls.clone())
    }

    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.method == method);
        calls
    }

    /// Every breach of Slack's contract by the app.
    pub fn violations(&self) -> Vec<String> {
        self.shared.look(|state| state.violations.clone())
    }

    /// Takes the violations out, for a test that provokes some.
    pub fn take_violations(&self) -> Vec<String> {
        self.shared
            .with(|state| std::mem::take(&mut state.violations))
    }

    /// Events that wait for a retry.
    pub fn pending(&self) -> Vec<Request> {
        self.shared.look(|state| {
            let pending = state.pending.iter();
            pending.map(|pending| pending.request.clone()).collect()
        })
    }

    /// Events that the app will never get.
    pub fn lost(&self) -> Vec<Request> {
        self.shared.look(|state| state.lost.clone())
    }

    /// Waits until `look` finds something, by real time; looks again after every change.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        within: Duration,
        look: impl Fn(&Self) -> Option<T>,
    ) -> Result<T, Unmet> {
        let mut changes = self.shared.changes();
        let search = async {
            loop {
                if let Some(found) = look(self) {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(within, search)
            .await
            .map_err(|_| Unmet {
                what: what.to_owned(),
                within,
            })
    }

    /// Waits until the app has heard of all its own posts and edits.
    pub async fn quiet(&self, within: Duration) -> Result<(), Unmet> {
        self.wait_for("background deliveries to end", within, |slack| {
            let in_flight = slack.shared.look(|state| state.in_flight);
            (in_flight == 0).then_some(())
        })
        .await
    }
}
