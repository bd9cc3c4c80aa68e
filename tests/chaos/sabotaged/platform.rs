//! Faults at the doors of the chat platforms.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_app::Ports;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::{Capabilities, Conversation, Delivery, Identity, MessageRef};
use nightshift_core::id::Platform;
use nightshift_core::port::chat::Probe;
use nightshift_core::port::store::{NewDelivery, Store};
use nightshift_core::port::{ChatError, ChatPlatform, Marker, Received, Refused, WebhookRequest};

use crate::fault::Fault;
use crate::watch::die;

/// A delivery that was answered already waits this long for its commit, as in a queue in memory.
const LATE: Duration = Duration::from_millis(30);

pub(crate) fn around(mut ports: Ports, faults: &[Fault]) -> Ports {
    let early = faults
        .contains(&Fault::EarlyAck)
        .then(|| ports.store.clone());
    let dies_after = faults.iter().find_map(|fault| match fault {
        Fault::DieAfterSend(nth) => Some(*nth),
        _ => None,
    });
    for platform in ports.platforms.values_mut() {
        *platform = Arc::new(Faulty {
            inner: platform.clone(),
            early: early.clone(),
            unpaced: faults.contains(&Fault::Unpaced),
            dies_after,
            sends: AtomicU32::new(0),
        });
    }
    ports
}

struct Faulty {
    inner: Arc<dyn ChatPlatform>,
    /// Set: webhooks are answered before they are stored here.
    early: Option<Arc<dyn Store>>,
    unpaced: bool,
    /// Set: it dies when so many messages were sent.
    dies_after: Option<u32>,
    sends: AtomicU32,
}

impl Faulty {
    fn sent<T>(&self, outcome: Result<T, ChatError>) -> Result<T, ChatError> {
        if outcome.is_ok() {
            let sends = self.sends.fetch_add(1, Ordering::SeqCst) + 1;
            if self.dies_after == Some(sends) {
                die();
            }
        }
        outcome
    }

    fn store_later(&self, store: Arc<dyn Store>, request: &WebhookRequest, delivery: Delivery) {
        let late = NewDelivery::new(self.inner.platform(), delivery, request.now);
        #[expect(clippy::disallowed_methods, reason = "the fault itself")]
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            let _ = store.accept(&[late]).await;
        });
    }
}

#[async_trait]
impl ChatPlatform for Faulty {
    fn platform(&self) -> Platform {
        self.inner.platform()
    }

    fn capabilities(&self) -> Capabilities {
        let capabilities = self.inner.capabilities();
        if !self.unpaced {
            return capabilities;
        }
        Capabilities {
            budgets: &[],
            ..capabilities
        }
    }

    fn receive(&self, request: &WebhookRequest) -> Result<Received, Refused> {
        match (self.inner.receive(request)?, &self.early) {
            (Received::Event { delivery, reply }, Some(store)) => {
                self.store_later(store.clone(), request, *delivery);
                Ok(Received::Handshake(reply))
            }
            (received, _) => Ok(received),
        }
    }

    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        self.sent(self.inner.post(to, card, marker).await)
    }

    async fn edit(&self, message: &MessageRef, card: &Card) -> Result<(), ChatError> {
        self.sent(self.inner.edit(message, card).await)
    }

    async fn whisper(
        &self,
        to: &Conversation,
        person: &Identity,
        handle: Option<&str>,
        card: &Card,
    ) -> Result<(), ChatError> {
        self.sent(self.inner.whisper(to, person, handle, card).await)
    }

    async fn open_form(&self, handle: &str, form: &Form) -> Result<(), ChatError> {
        self.inner.open_form(handle, form).await
    }

    async fn upload(&self, to: &Conversation, file: &Attachment) -> Result<(), ChatError> {
        self.sent(self.inner.upload(to, file).await)
    }

    fn direct(&self, workspace: &str, person: &Identity) -> Conversation {
        self.inner.direct(workspace, person)
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        self.inner.probe().await
    }
}
