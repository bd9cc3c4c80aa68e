#![doc = include_str!("../README.md")]

mod body;
mod door;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod inbound;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::budget::{Act, Budget, Scope};
use nightshift_core::chat::{Capabilities, Conversation, Identity, MessageRef, TextUnit};
use nightshift_core::id::{Platform, Seq};
use nightshift_core::port::chat::Probe;
use nightshift_core::port::store::PageMessage;
use nightshift_core::port::{
    ChatError, ChatPlatform, Clock, Ids, Marker, PageDoor, Received, Refused, Store, WebhookReply,
    WebhookRequest,
};
use sha2::{Digest, Sha256};

use body::Body;

pub use door::WebDoor;

const CAPABILITIES: Capabilities = Capabilities {
    threads: true,
    edit: true,
    forms: false,
    whisper: true,
    // There is one room; a private word there is a whisper.
    direct: false,
    files: true,
    // More nobody reads.
    buttons: 8,
    // Some screens of a phone; a longer text is better read as a file.
    text_limit: 20_000,
    text_unit: TextUnit::Chars,
    // Nobody limits us here; for the store's sake a card changes no faster than anybody reads.
    budgets: &[Budget {
        name: "edits",
        acts: &[Act::Edit],
        scope: Scope::Conversation,
        channels: "",
        every: Duration::from_millis(50),
        burst: 1,
    }],
};

/// The workspace of the page: this installation.
const WORKSPACE: &str = "local";
/// Its only room.
const CHANNEL: &str = "playground";

fn platform() -> Platform {
    Platform::new("web")
}

/// The built-in page as a chat platform.
pub struct WebPlatform {
    store: Arc<dyn Store>,
    door: Arc<WebDoor>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl WebPlatform {
    pub fn new(
        store: Arc<dyn Store>,
        door: Arc<WebDoor>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            store,
            door,
            clock,
            ids,
        }
    }

    /// A message of ours.
    fn message(&self, id: String, to: &Conversation, body: &Body) -> PageMessage {
        PageMessage {
            id,
            seq: Seq(0),
            channel: to.channel.clone(),
            thread: to.thread.clone(),
            author: None,
            only_for: None,
            body: body.to_json(),
            at: self.clock.now(),
        }
    }

    fn fresh_id(&self) -> String {
        format!("ns-{}", hex::encode(self.ids.entropy()))
    }

    async fn put(&self, message: &PageMessage) -> Result<(), ChatError> {
        let put = self.store.put_page_message(message).await;
        put.map(|_| ()).map_err(error::store)
    }
}

#[async_trait]
impl ChatPlatform for WebPlatform {
    fn platform(&self) -> Platform {
        platform()
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn receive(&self, request: &WebhookRequest) -> Result<Received, Refused> {
        let person = self.door.verify(request).ok_or(Refused::Unsigned)?;
        Ok(match inbound::read(&person, &request.body)? {
            Ok(delivery) => Received::Event {
                delivery: Box::new(delivery),
                reply: WebhookReply::default(),
            },
            Err(reason) => Received::Ignored(reason),
        })
    }

    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        let id = posted_id(&marker.key);
        let mut message = self.message(id.clone(), to, &Body::Card(card.clone()));
        if marker.unsure
            && let Some(earlier) = self.store.page_message(&id).await.map_err(error::store)?
        {
            // It had arrived: it keeps its place.
            message.at = earlier.at;
        }
        self.put(&message).await?;
        Ok(MessageRef {
            channel: to.channel.clone(),
            id,
        })
    }

    async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError> {
        let found = self.store.page_message(&message.id).await;
        let mut found = found.map_err(error::store)?.ok_or_else(error::not_found)?;
        let body = Body::Card(card.clone()).to_json();
        if found.body == body {
            return Ok(());
        }
        found.body = body;
        self.put(&found).await
    }

    async fn whisper(
        &self,
        to: &Conversation,
        person: &Identity,
        _handle: Option<&str>,
        card: &Card,
    ) -> Result<(), ChatError> {
        let mut message = self.message(self.fresh_id(), to, &Body::Card(card.clone()));
        message.only_for = Some(person.id.clone());
        self.put(&message).await
    }

    async fn open_form(&self, _handle: &str, _form: &Form) -> Result<(), ChatError> {
        Err(error::no_forms())
    }

    async fn upload(&self, to: &Conversation, file: &Attachment) -> Result<(), ChatError> {
        let body = Body::file(file).ok_or_else(error::too_large)?;
        self.put(&self.message(self.fresh_id(), to, &body)).await
    }

    fn direct(&self, workspace: &str, _person: &Identity) -> Conversation {
        Conversation {
            platform: platform(),
            workspace: workspace.to_owned(),
            channel: self.door.channel(),
            thread: None,
        }
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        Ok(Probe {
            workspace: WORKSPACE.to_owned(),
            account: "the built-in page".to_owned(),
        })
    }
}

/// The same for the same marker: a message that is sent again replaces itself.
fn posted_id(marker: &str) -> String {
    let digest = Sha256::digest(marker);
    format!("ns-{}", hex::encode(&digest[..16]))
}

#[cfg(test)]
mod tests;
