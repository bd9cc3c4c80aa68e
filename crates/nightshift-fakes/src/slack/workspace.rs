//! Channels, people and the installation: made and changed by the test.

mod send;

use std::sync::Arc;

use super::fault::Fault;
use super::message::{Channel, ChannelKind, Person};
use super::people::{FakeUser, user_id};
use super::{FakeSlack, Shared};

/// A channel, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeChannel {
    pub id: String,
    pub name: String,
}

/// Another organisation, for Slack Connect.
const FOREIGN_TEAM: &str = "T0FOREIGN";

impl FakeSlack {
    /// The bot's user id, as people mention it.
    pub fn bot_user(&self) -> &str {
        &self.shared.bot.user
    }

    pub fn bot_id(&self) -> &str {
        &self.shared.bot.id
    }

    /// A member of the workspace, made on first use.
    pub fn user(&self, name: &str) -> FakeUser {
        self.person(name, &self.shared.bot.team)
    }

    /// A member of another organisation, here by Slack Connect.
    pub fn foreign_user(&self, name: &str) -> FakeUser {
        self.person(name, FOREIGN_TEAM)
    }

    fn person(&self, name: &str, team: &str) -> FakeUser {
        let person = Person {
            id: user_id(name),
            name: name.to_owned(),
            team: team.to_owned(),
        };
        let user = FakeUser::new(Arc::clone(&self.shared), &person);
        self.shared
            .with(|state| state.people.insert(person.id.clone(), person));
        user
    }

    /// A public channel with the bot in it, made on first use.
    pub fn channel(&self, name: &str) -> FakeChannel {
        self.shared.channel(name, ChannelKind::Public, true)
    }

    /// A private channel with the bot in it.
    pub fn private(&self, name: &str) -> FakeChannel {
        self.shared.channel(name, ChannelKind::Private, true)
    }

    pub fn public_without_bot(&self, name: &str) -> FakeChannel {
        self.shared.channel(name, ChannelKind::Public, false)
    }

    pub fn private_without_bot(&self, name: &str) -> FakeChannel {
        self.shared.channel(name, ChannelKind::Private, false)
    }

    pub fn archive(&self, channel: &FakeChannel) {
        self.change_channel(channel, |channel| channel.archived = true);
    }

    /// Somebody removes the bot from the channel.
    pub fn remove_bot(&self, channel: &FakeChannel) {
        self.change_channel(channel, |channel| channel.has_bot = false);
    }

    fn change_channel(&self, channel: &FakeChannel, change: impl FnOnce(&mut Channel)) {
        self.shared.with(|state| {
            if let Some(channel) = state.channels.get_mut(&channel.id) {
                change(channel);
            }
        });
    }

    pub fn remove_scope(&self, scope: &str) {
        self.shared.with(|state| state.scopes.remove(scope));
    }

    pub fn add_scope(&self, scope: &str) {
        self.shared
            .with(|state| state.scopes.insert(scope.to_owned()));
    }

    /// An admin uninstalls the app: every call answers `token_revoked`.
    pub fn revoke_token(&self) {
        self.shared.with(|state| state.revoked = true);
    }

    pub fn restore_token(&self) {
        self.shared.with(|state| {
            state.revoked = false;
            state.told_dead = false;
        });
    }

    /// Whether the app hears of its own posts and edits; on at first.
    pub fn echo_own_messages(&self, on: bool) {
        self.shared.with(|state| state.echo_off = !on);
    }

    /// Interactions with `team: null`, as organisation-wide installations get them.
    pub fn interactions_without_team(&self, on: bool) {
        self.shared.with(|state| state.null_team = on);
    }

    /// The next call of `method` goes wrong; several queue up. `*` is any method, `upload` and
    /// `response_url` are the two places beside the API.
    pub fn fail_next(&self, method: &str, fault: Fault) {
        self.shared.with(|state| state.faults.once(method, fault));
    }

    /// Every call of `method` (`*` for any) goes wrong until [`Self::heal`].
    pub fn fail_always(&self, method: &str, fault: Fault) {
        self.shared
            .with(|state| state.faults.lasting(method, fault));
    }

    pub fn heal(&self, method: &str) {
        self.shared.with(|state| state.faults.lift(method));
    }
}

impl Shared {
    fn channel(&self, name: &str, kind: ChannelKind, has_bot: bool) -> FakeChannel {
        let id = format!("C0{}", super::people::shout(name));
        let channel = Channel {
            id: id.clone(),
            name: name.to_owned(),
            kind,
            has_bot,
            archived: false,
        };
        self.with(|state| {
            state.channels.entry(id.clone()).or_insert(channel);
        });
        FakeChannel {
            id,
            name: name.to_owned(),
        }
    }
}
