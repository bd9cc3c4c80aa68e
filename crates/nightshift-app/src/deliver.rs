//! From the outbox to the platforms: in order per conversation, paced, honest about doubt.

mod render;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::port::store::OutboxItem;
use nightshift_core::port::{ChatPlatform, StoreError};

use crate::App;
use crate::crew::Crew;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use render::Rendered;

/// Sends at the same time, each of another conversation.
const AT_ONCE: usize = 32;

pub struct Delivery {
    app: Arc<App>,
    crew: Crew,
}

impl Delivery {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            crew: Crew::new(AT_ONCE),
        }
    }

    async fn idle(&self) -> Result<Tick, StoreError> {
        let now = self.app.now();
        let due = self.app.store().next_due(now).await?;
        Ok(Tick::Idle(due.map_or(POLL, |due| {
            due.since(now).max(Duration::from_millis(5))
        })))
    }
}

#[async_trait]
impl Loop for Delivery {
    fn name(&self) -> &'static str {
        "delivery"
    }

    async fn tick(&self) -> TickResult {
        let free = self.crew.free();
        if free == 0 {
            return Ok(Tick::Idle(POLL));
        }
        let items = self
            .app
            .store()
            .claim_outbox(free as u32, self.app.now())
            .await?;
        if items.is_empty() {
            return Ok(self.idle().await?);
        }
        for item in items {
            let app = self.app.clone();
            self.crew.start(async move { app.send(item).await });
        }
        Ok(Tick::Worked)
    }

    async fn woken(&self) {
        tokio::select! {
            () = self.app.wake.outbox.notified() => {}
            () = self.crew.done.notified() => {}
        }
    }

    fn busy(&self) -> bool {
        self.crew.busy()
    }

    /// Sends in flight are finished; what is not begun waits in the outbox.
    async fn drain(&self) {
        self.crew.finish().await;
    }
}

impl App {
    async fn send(&self, item: OutboxItem) {
        let sent = match self.platform(&item.to.platform).cloned() {
            None => {
                self.store()
                    .give_up(&item, "the platform is not enabled", self.now())
                    .await
            }
            Some(platform) => self.send_by(platform.as_ref(), &item).await,
        };
        if let Err(error) = sent {
            // The row stays marked as being sent and is recovered at the next start.
            tracing::error!(message.id = item.id, %error, "The outcome of a send could not be recorded.");
        }
        self.wake.changed();
    }

    async fn send_by(
        &self,
        platform: &dyn ChatPlatform,
        item: &OutboxItem,
    ) -> Result<(), StoreError> {
        let rendered = match self.render(item).await {
            Ok(Some(rendered)) => rendered,
            Ok(None) => {
                return self
                    .store()
                    .give_up(item, "nothing to say any more", self.now())
                    .await;
            }
            Err(error) => {
                let until = self.now().after(Duration::from_secs(1));
                return self
                    .store()
                    .postpone(item, until, false, &error.to_string())
                    .await;
            }
        };
        let outcome = match (&rendered, &item.whisper, &item.message) {
            (Rendered::File(file), _, _) => platform.upload(&item.to, file).await.map(|()| None),
            (Rendered::Card(card), Some(whisper), _) => {
                let handle = whisper.handle.as_deref();
                platform
                    .whisper(&item.to, &whisper.person, handle, card)
                    .await
                    .map(|()| None)
            }
            (Rendered::Card(card), None, Some(message)) => platform
                .edit(message, card)
                .await
                .map(|()| Some(message.clone())),
            (Rendered::Card(card), None, None) => platform
                .post(&item.to, card, &render::marker(item))
                .await
                .map(Some),
        };
        match outcome {
            Ok(message) => {
                let now = self.now();
                let pace = now.after(Duration::from_millis(platform.capabilities().pace_ms));
                self.store().sent(item, message.as_ref(), pace, now).await
            }
            Err(error) => self.send_failed(platform, item, &rendered, error).await,
        }
    }
}
