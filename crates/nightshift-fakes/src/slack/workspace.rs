//! Channels, people and the installation: made and changed by the test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fault::Fault;
use super::message::{Channel, ChannelKind, Person};
use super::people::{FakeUser, user_id};
use super::request::{Delivery, Forgery, Request, Sent};
use super::socket::Disconnect;
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
        &self.shared.bot.bot
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

    /// The next call of `method` (`*` for any) goes wrong. Several queue up.
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

    /// Sends a request that was built but not sent.
    pub async fn send(&self, request: Request) -> Delivery {
        self.shared.deliver(request).await
    }

    /// Sends it in a way that the app must refuse.
    pub async fn forge(&self, request: &Request, forgery: Forgery) -> Delivery {
        let sent = self.shared.forged(request, forgery);
        self.shared.post_to_app(sent).await
    }

    /// The same again, with a fresh signature and, for events, retry headers: Slack lost the
    /// acknowledgement.
    pub async fn redeliver(&self, delivery: &Delivery) -> Option<Delivery> {
        let request = delivery.request.as_ref()?;
        let retry = Some((1, "http_timeout"));
        Some(self.shared.attempt(request, retry).await)
    }

    /// The last event again.
    pub async fn redeliver_last(&self) -> Option<Delivery> {
        let request = self.shared.look(|state| state.last_event.clone())?;
        let retry = Some((1, "http_timeout"));
        Some(self.shared.attempt(&request, retry).await)
    }

    /// The very same bytes and headers, as somebody who recorded them would send them.
    pub async fn replay(&self, delivery: &Delivery) -> Delivery {
        self.shared.post_to_app(delivery.sent.clone()).await
    }

    /// Any headers and bytes, unsigned.
    pub async fn raw(&self, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Delivery {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = body.into();
        self.shared.post_to_app(Sent { headers, body }).await
    }

    /// Any bytes with a genuine signature.
    pub async fn signed(&self, content_type: &str, body: impl Into<Vec<u8>>) -> Delivery {
        let sent = self.shared.signed(content_type, body.into());
        self.shared.post_to_app(sent).await
    }

    /// `ssl_check=1` with a request hidden behind it, unsigned. The app must do nothing of it.
    pub async fn smuggle(&self, request: &Request) -> Delivery {
        let mut body = b"ssl_check=1&token=verification-token&".to_vec();
        body.extend(request.body());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.raw(&headers, body).await
    }

    /// Checks the events URL: the app must send the challenge back.
    pub async fn verify_url(&self) -> (Delivery, bool) {
        let challenge = format!("challenge-{}", self.shared.with(super::state::State::next));
        let body = json!({
            "token": "verification-token",
            "challenge": challenge,
            "type": "url_verification",
        });
        let delivery = self.signed("application/json", body.to_string()).await;
        let echoed = delivery.acknowledged
            && (delivery.body.trim() == challenge
                || delivery.body.trim() == format!("challenge={challenge}")
                || serde_json::from_str::<Value>(&delivery.body)
                    .is_ok_and(|body| body["challenge"] == challenge));
        (delivery, echoed)
    }

    /// Any inner event, wrapped, signed and delivered.
    pub async fn event(&self, event: Value) -> Delivery {
        let request = self.shared.event_request(event, false);
        self.shared.deliver(request).await
    }

    /// Sends every unacknowledged event once more; `[]` when none is pending.
    pub async fn retry_once(&self) -> Vec<Delivery> {
        self.shared.retry_once().await
    }

    /// Goes through Slack's whole schedule of three retries without waiting.
    pub async fn retry_pending(&self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        loop {
            let round = self.shared.retry_once().await;
            if round.is_empty() {
                return deliveries;
            }
            deliveries.extend(round);
        }
    }

    /// Ends the app's sockets, or announces it.
    pub fn disconnect(&self, how: Disconnect) {
        self.shared.sockets.disconnect(how);
    }

    /// Closes the connections that got a warning.
    pub fn close_warned(&self) {
        self.shared.sockets.close_warned();
    }

    pub fn connections(&self) -> usize {
        self.shared.sockets.count()
    }

    /// Sends a WebSocket ping by every connection.
    pub fn ping(&self) {
        self.shared.sockets.ping();
    }

    pub fn pongs(&self) -> u64 {
        self.shared.sockets.pongs()
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
