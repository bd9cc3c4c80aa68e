//! What people do: type, mention, press, fill in.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Shared;
use super::message::{Button, Channel, ChannelKind, Message, Modal, Person, encode, to_json};
use super::request::{Delivery, Kind, Request, Said};
use super::state::{ResponseUrl, Trigger};
use super::workspace::FakeChannel;

/// A person in the workspace.
#[derive(Clone)]
pub struct FakeUser {
    shared: Arc<Shared>,
    pub id: String,
    pub name: String,
    pub team: String,
}

/// `ana` → `ANA`: ids are upper case and digits.
pub(crate) fn shout(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase()
}

pub(crate) fn user_id(name: &str) -> String {
    format!("U0{}", shout(name))
}

/// The direct conversation with a person.
pub(crate) fn direct_id(user: &str) -> String {
    format!("D{}", user.trim_start_matches('U'))
}

impl FakeUser {
    pub(crate) fn new(shared: Arc<Shared>, person: &Person) -> Self {
        Self {
            shared,
            id: person.id.clone(),
            name: person.name.clone(),
            team: person.team.clone(),
        }
    }

    fn is_foreign(&self) -> bool {
        self.team != self.shared.bot.team
    }

    /// Types the slash command.
    pub async fn slash(&self, channel: &FakeChannel, text: &str) -> Delivery {
        let request = self.slash_request(channel, text);
        self.shared.deliver(request).await
    }

    /// The slash command, not sent yet: to be forged or smuggled.
    pub fn slash_request(&self, channel: &FakeChannel, text: &str) -> Request {
        let trigger = self.trigger();
        let response_url = self.response_url("commands", &channel.id, None);
        Request {
            kind: Kind::Command,
            payload: json!({
                "token": "verification-token",
                "team_id": self.team,
                "team_domain": "fakes",
                "channel_id": channel.id,
                "channel_name": channel.name,
                "user_id": self.id,
                "user_name": self.name,
                "command": self.shared.setup.command,
                "text": encode(text),
                "api_app_id": self.shared.bot.app,
                "is_enterprise_install": "false",
                "response_url": response_url,
                "trigger_id": trigger,
            }),
            id: trigger,
        }
    }

    /// Writes `@NightShift text` in a channel.
    pub async fn mentions(&self, channel: &FakeChannel, text: &str) -> Said {
        self.write(&channel.id, None, text, true).await
    }

    pub async fn mentions_in_thread(
        &self,
        channel: &FakeChannel,
        thread_ts: &str,
        text: &str,
    ) -> Said {
        self.write(&channel.id, Some(thread_ts), text, true).await
    }

    /// Writes in a channel without mentioning anybody.
    pub async fn says(&self, channel: &FakeChannel, text: &str) -> Said {
        self.write(&channel.id, None, text, false).await
    }

    pub async fn says_in_thread(&self, channel: &FakeChannel, thread_ts: &str, text: &str) -> Said {
        self.write(&channel.id, Some(thread_ts), text, false).await
    }

    /// Writes to the app alone.
    pub async fn dm(&self, text: &str) -> Said {
        let channel = self.dm_channel();
        self.write(&channel.id, None, text, false).await
    }

    pub async fn dm_in_thread(&self, thread_ts: &str, text: &str) -> Said {
        let channel = self.dm_channel();
        self.write(&channel.id, Some(thread_ts), text, false).await
    }

    /// The direct conversation with the app.
    pub fn dm_channel(&self) -> FakeChannel {
        let id = direct_id(&self.id);
        let channel = Channel {
            id: id.clone(),
            name: "directmessage".to_owned(),
            kind: ChannelKind::Direct,
            has_bot: true,
            archived: false,
        };
        self.shared.with(|state| {
            state.channels.entry(id.clone()).or_insert(channel);
        });
        FakeChannel {
            id,
            name: "directmessage".to_owned(),
        }
    }

    async fn write(
        &self,
        channel: &str,
        thread_ts: Option<&str>,
        text: &str,
        mention: bool,
    ) -> Said {
        let bot = &self.shared.bot;
        let text = if mention {
            format!("<@{}> {}", bot.user, encode(text))
        } else {
            encode(text)
        };
        let message = self.record(channel, thread_ts, text);
        let events = self.events_of(&message, mention);
        let deliveries = join_all(events.into_iter().map(|event| {
            let request = self.shared.event_request(event, self.is_foreign());
            self.shared.deliver(request)
        }))
        .await;
        Said {
            channel: message.channel.clone(),
            thread: message.root().to_owned(),
            ts: message.ts,
            deliveries,
        }
    }

    fn record(&self, channel: &str, thread_ts: Option<&str>, text: String) -> Message {
        let now = self.shared.now();
        self.shared.with(|state| {
            let message = Message {
                channel: channel.to_owned(),
                ts: state.next_ts(now),
                thread_ts: thread_ts.map(str::to_owned),
                author: self.id.clone(),
                ours: false,
                text,
                blocks: Vec::new(),
                metadata: None,
                files: Vec::new(),
                history: Vec::new(),
                deleted: false,
                at_ms: now,
                edited_at_ms: None,
                ephemeral_to: None,
                unfurled: false,
            };
            state.messages.push(message.clone());
            message
        })
    }

    /// A mention in a channel is told twice to an app that subscribed to both events.
    fn events_of(&self, message: &Message, mention: bool) -> Vec<Value> {
        let (channel, subscriptions) = self.shared.look(|state| {
            (
                state.channels.get(&message.channel).cloned(),
                state.subscriptions.clone(),
            )
        });
        let Some(channel) = channel.filter(|channel| channel.has_bot) else {
            return Vec::new();
        };
        let mut told = to_json(message, &self.shared.bot, false);
        told["client_msg_id"] = format!("client-{}", message.ts).into();
        told["channel"] = message.channel.clone().into();
        told["event_ts"] = message.ts.clone().into();
        told["team"] = self.team.clone().into();
        if self.is_foreign() {
            told["user_team"] = self.team.clone().into();
            told["source_team"] = self.team.clone().into();
        }
        let mut events = Vec::new();
        let direct = channel.kind == ChannelKind::Direct;
        if mention && !direct && subscriptions.contains("app_mention") {
            let mut event = told.clone();
            event["type"] = "app_mention".into();
            events.push(event);
        }
        if subscriptions.contains(channel.kind.subscription()) {
            told["channel_type"] = channel.kind.word().into();
            events.push(told);
        }
        events
    }

    /// Presses the button whose label contains `word`, as the message stands now.
    ///
    /// Panics when there is no such button: a person cannot press it.
    pub async fn clicks(&self, message: &Message, word: &str) -> Delivery {
        let request = self.click_request(message, word);
        let shown = self.current(message).button_labels();
        let request =
            request.unwrap_or_else(|| panic!("nobody sees a button {word:?}; shown: {shown:?}"));
        self.shared.deliver(request).await
    }

    /// Presses a button of the message as it was when `message` was read: the person's screen
    /// lags behind.
    pub async fn clicks_as_seen(&self, message: &Message, word: &str) -> Delivery {
        let button = message
            .button(word)
            .unwrap_or_else(|| panic!("nobody saw a button {word:?}"));
        let request = self.press(message, &button);
        self.shared.deliver(request).await
    }

    /// The press, not sent yet; `None` when no such button is shown.
    pub fn click_request(&self, message: &Message, word: &str) -> Option<Request> {
        let current = self.current(message);
        let button = current.button(word).filter(|_| !current.deleted)?;
        Some(self.press(&current, &button))
    }

    fn current(&self, message: &Message) -> Message {
        self.shared.look(|state| {
            state
                .messages
                .iter()
                .find(|known| known.channel == message.channel && known.ts == message.ts)
                .unwrap_or(message)
                .clone()
        })
    }

    fn press(&self, message: &Message, button: &Button) -> Request {
        let trigger = self.trigger();
        let ephemeral = message.ephemeral_to.is_some();
        let channel = &message.channel;
        let mut action = button.raw.clone();
        action["block_id"] = button.block_id.clone().into();
        action["action_ts"] = self.action_ts().into();
        let mut container = json!({
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel,
            "is_ephemeral": ephemeral,
        });
        if let Some(thread) = &message.thread_ts {
            container["thread_ts"] = thread.clone().into();
        }
        let name = self
            .shared
            .look(|state| state.channels.get(channel).map(|c| c.name.clone()));
        let mut payload = self.interaction("block_actions", &trigger);
        payload["container"] = container;
        payload["channel"] = json!({"id": channel, "name": name});
        payload["state"] = json!({"values": {}});
        payload["response_url"] = self
            .response_url("actions", channel, Some(&message.ts))
            .into();
        payload["actions"] = json!([action]);
        if !ephemeral {
            payload["message"] = to_json(message, &self.shared.bot, false);
        }
        Request {
            kind: Kind::Interaction,
            id: trigger,
            payload,
        }
    }

    /// Fills the modal's first input and submits it.
    pub async fn submits(&self, modal: &Modal, text: &str) -> Delivery {
        let values = match modal.first_input() {
            Some((block, action)) => json!({block: {action: {
                "type": "plain_text_input",
                "value": if text.is_empty() { Value::Null } else { text.into() },
            }}}),
            None => json!({}),
        };
        self.submits_values(modal, values).await
    }

    /// Submits the modal with `view.state.values` as given.
    pub async fn submits_values(&self, modal: &Modal, values: Value) -> Delivery {
        let request = self.submit_request(modal, values);
        self.shared.deliver(request).await
    }

    pub fn submit_request(&self, modal: &Modal, values: Value) -> Request {
        let trigger = self.trigger();
        let mut payload = self.interaction("view_submission", &trigger);
        payload["view"] = modal.view.clone();
        payload["view"]["state"] = json!({"values": values});
        payload["response_urls"] = json!([]);
        Request {
            kind: Kind::Interaction,
            id: trigger,
            payload,
        }
    }

    /// Closes the modal; the app hears of it only if it asked to.
    pub async fn closes(&self, modal: &Modal) -> Option<Delivery> {
        self.shared.with(|state| {
            if let Some(known) = state.modals.iter_mut().find(|known| known.id == modal.id) {
                known.open = false;
            }
        });
        if modal.view["notify_on_close"] != true {
            return None;
        }
        let mut payload = self.interaction("view_closed", "");
        payload["view"] = modal.view.clone();
        payload["is_cleared"] = false.into();
        let request = Request {
            kind: Kind::Interaction,
            id: String::new(),
            payload,
        };
        Some(self.shared.deliver(request).await)
    }

    fn interaction(&self, kind: &str, trigger: &str) -> Value {
        let alone = self.shared.look(|state| state.null_team);
        let team = json!({"id": self.shared.bot.team, "domain": "fakes"});
        json!({
            "type": kind,
            "user": {
                "id": self.id,
                "username": self.name,
                "name": self.name,
                "team_id": self.team,
            },
            "team": if alone { Value::Null } else { team },
            "enterprise": if alone { json!({"id": "E0FAKE", "name": "Fakes"}) } else { Value::Null },
            "is_enterprise_install": alone,
            "api_app_id": self.shared.bot.app,
            "token": "verification-token",
            "trigger_id": trigger,
        })
    }

    fn action_ts(&self) -> String {
        let now = self.shared.now();
        self.shared.with(|state| state.next_ts(now))
    }

    fn trigger(&self) -> String {
        let at_ms = self.shared.now();
        self.shared.with(|state| {
            let id = format!("{}.{}.fake", state.next(), at_ms);
            let trigger = Trigger {
                at_ms,
                user: self.id.clone(),
                used: false,
            };
            state.triggers.insert(id.clone(), trigger);
            id
        })
    }

    fn response_url(&self, kind: &str, channel: &str, message: Option<&str>) -> String {
        let at_ms = self.shared.now();
        let id = self.shared.with(|state| {
            let id = format!("url{}", state.next());
            let url = ResponseUrl {
                at_ms,
                uses: 0,
                user: self.id.clone(),
                channel: channel.to_owned(),
                message: message.map(str::to_owned),
            };
            state.response_urls.insert(id.clone(), url);
            id
        });
        format!("{}/hooks/{kind}/{}/{id}", self.shared.root, self.team)
    }
}
