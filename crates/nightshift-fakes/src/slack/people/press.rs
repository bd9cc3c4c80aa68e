//! Pressing buttons and filling in forms.

use serde_json::{Value, json};

use super::FakeUser;
use crate::slack::message::{Button, Message, Modal, to_json};
use crate::slack::request::{Delivery, Kind, Request};
use crate::slack::state::{ResponseUrl, Trigger};

impl FakeUser {
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
        let has_replies = self
            .shared
            .look(|state| state.replies(channel, &message.ts) > 0);
        let thread = message.thread_ts.clone();
        let thread = thread.or_else(|| has_replies.then(|| message.ts.clone()));
        if let Some(thread) = &thread {
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
            if let Some(thread) = thread {
                payload["message"]["thread_ts"] = thread.into();
            }
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

    pub(super) fn trigger(&self) -> String {
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

    pub(super) fn response_url(&self, kind: &str, channel: &str, message: Option<&str>) -> String {
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
