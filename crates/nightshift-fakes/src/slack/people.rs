//! What people do: type, mention, press, fill in.

mod press;

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Shared;
use super::message::{Channel, ChannelKind, Message, Person, encode, to_json};
use super::request::{Delivery, Kind, Request, Said};
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
}
