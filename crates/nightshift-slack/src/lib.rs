#![doc = include_str!("../README.md")]

mod client;
mod config;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod inbound;
mod limits;
mod manifest;
mod render;
mod socket;
mod verify;
mod whisper;
mod wire;

use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::{Capabilities, Conversation, Identity, MessageRef, TextUnit};
use nightshift_core::id::Platform;
use nightshift_core::port::chat::Probe;
use nightshift_core::port::{
    ChatError, ChatPlatform, Marker, Received, Refused, WebhookReply, WebhookRequest,
};
use nightshift_core::secret::Secret;
use serde_json::{Value, json};

use client::{Client, text_at};
use error::Repeat;
use inbound::{Me, Parsed};

pub use config::{ConfigError, SlackConfig, Transport};
pub use limits::BUDGETS;
pub use manifest::manifest;
pub use socket::SlackSocket;

const CAPABILITIES: Capabilities = Capabilities {
    threads: true,
    edit: true,
    forms: true,
    whisper: true,
    direct: true,
    files: true,
    // 25 fit a row; more than a handful nobody reads.
    buttons: 5,
    // A message holds more, but is folded by the client beyond about this.
    text_limit: 3500,
    text_unit: TextUnit::Chars,
    budgets: BUDGETS,
};

/// Slack as a chat platform.
#[derive(Debug)]
pub struct SlackPlatform {
    client: Client,
    signing_secret: Option<Secret>,
    app_token: Option<Secret>,
    me: RwLock<Me>,
}

impl SlackPlatform {
    /// Checks the section; calls nobody. `webhook_url` is the server's public address.
    pub fn new(config: &SlackConfig, webhook_url: Option<&str>) -> Result<Self, ConfigError> {
        let checked = config.checked(webhook_url)?;
        Ok(Self {
            client: Client::new(checked.api, checked.bot_token),
            signing_secret: checked.signing_secret,
            app_token: checked.app_token,
            me: RwLock::default(),
        })
    }

    fn me(&self) -> Me {
        self.me
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl ChatPlatform for SlackPlatform {
    fn platform(&self) -> Platform {
        Platform::new("slack")
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn receive(&self, request: &WebhookRequest) -> Result<Received, Refused> {
        // Without a secret (Socket Mode) nothing can be proven, so nothing is accepted.
        let secret = self.signing_secret.as_ref().ok_or(Refused::Unsigned)?;
        verify::verify(secret, request)?;
        let content_type = request.header("content-type");
        Ok(
            match inbound::from_http(content_type, &request.body, &self.me())? {
                Parsed::Challenge(challenge) => Received::Handshake(WebhookReply {
                    content_type: "text/plain",
                    body: challenge,
                }),
                Parsed::Ignored(reason) => Received::Ignored(reason),
                // An empty answer shows nothing and closes a form; ours comes as a message.
                Parsed::Event(delivery) => Received::Event {
                    delivery,
                    reply: WebhookReply::default(),
                },
            },
        )
    }

    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        self.client.post(to, card, marker).await
    }

    async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError> {
        self.client.edit(message, card).await
    }

    async fn whisper(
        &self,
        to: &Conversation,
        person: &Identity,
        handle: Option<&str>,
        card: &Card,
    ) -> Result<(), ChatError> {
        whisper::whisper(&self.client, to, person, handle, card).await
    }

    async fn open_form(&self, handle: &str, form: &Form) -> Result<(), ChatError> {
        let body = json!({ "trigger_id": handle, "view": render::modal(form) });
        // A trigger opens one form: used twice it is refused.
        self.client
            .call("views.open", &body, Repeat::Harmless)
            .await
            .map(drop)
    }

    async fn upload(&self, to: &Conversation, file: &Attachment) -> Result<(), ChatError> {
        let comment = file.comment.as_deref().map(render::comment);
        self.client.upload(to, file, comment).await
    }

    fn direct(&self, workspace: &str, person: &Identity) -> Conversation {
        Conversation {
            platform: self.platform(),
            workspace: workspace.to_owned(),
            // chat.postMessage takes a person's id for the conversation with them.
            channel: person.id.clone(),
            thread: None,
        }
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        let answer = self
            .client
            .call("auth.test", &json!({}), Repeat::Harmless)
            .await?;
        let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let me = Me {
            user: word("user_id"),
            bot: word("bot_id"),
        };
        *self.me.write().unwrap_or_else(PoisonError::into_inner) = me;
        let user = word("user").unwrap_or_default();
        let team = word("team").unwrap_or_default();
        Ok(Probe {
            // An organisation-wide token belongs to no single team.
            workspace: text_at(&answer, "/team_id")
                .or_else(|_| text_at(&answer, "/enterprise_id"))?,
            account: format!("@{user} in {team}"),
        })
    }
}

#[cfg(test)]
mod tests;
