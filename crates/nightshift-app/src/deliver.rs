//! From the outbox to the platforms: in order per conversation, paced, honest about doubt.

mod operators;
mod render;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::chat::MessageRef;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::port::replicas::{Sender, sending};
use nightshift_core::port::store::OutboxItem;
use nightshift_core::port::{ChatError, ChatPlatform, StoreError};

use crate::crew::Crew;
use crate::insist::insist;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use crate::{App, Problem};
use render::Rendered;

/// Sends at the same time, each of another conversation.
const AT_ONCE: usize = 32;

/// Of the time that the service has to stop: for the answers of platforms.
const LAST_SENDS: u32 = 3;

pub struct Delivery {
    app: Arc<App>,
    crew: Crew,
    budgets: Budgets,
}

impl Delivery {
    pub fn new(app: Arc<App>) -> Self {
        let platforms = app.ports.platforms.iter();
        let budgets = platforms
            .map(|(name, platform)| (name.clone(), platform.capabilities().budgets))
            .collect();
        Self {
            app,
            budgets,
            crew: Crew::new(AT_ONCE),
        }
    }

    async fn idle(&self, sender: &Sender) -> Result<Tick, StoreError> {
        let now = self.app.now();
        let due = self.app.store().next_due(sender, now).await?;
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
        let now = self.app.now();
        let Some(sender) = self.app.leadership.sender(now) else {
            return Ok(Tick::Idle(POLL));
        };
        let store = self.app.store();
        let items = store
            .claim_outbox(&sender, free as u32, &self.budgets, now)
            .await?;
        if items.is_empty() {
            return Ok(self.idle(&sender).await?);
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

    /// Sends in flight are finished; what is not begun waits in the outbox. A platform that hangs
    /// is not waited for: whether its message arrived is in doubt at the next start.
    async fn drain(&self) {
        let limit = self.app.settings.timers.shutdown / LAST_SENDS;
        if !self.crew.finish_within(limit).await {
            tracing::warn!(
                "A platform did not answer in time; the next start looks whether its message arrived."
            );
        }
    }
}

/// What became of a message.
enum Outcome {
    Sent(Option<MessageRef>),
    Failed(Rendered, ChatError),
    /// Its task is gone, or its file.
    NothingToSay,
    NotRendered(Problem),
    NoPlatform,
    /// Not begun: somebody else may send to this platform by now.
    NotOurs,
}

impl App {
    async fn send(&self, item: OutboxItem) {
        if item.to.is_operators() {
            insist(|| self.tell_operators(&item)).await;
            return self.wake.messages();
        }
        let led = self
            .leadership
            .leads(&sending(&item.to.platform), self.now());
        let outcome = match self.platform(&item.to.platform).cloned() {
            _ if !led => Outcome::NotOurs,
            None => Outcome::NoPlatform,
            Some(platform) => self.try_to_send(platform.as_ref(), &item).await,
        };
        // It may have arrived: a conversation goes on only when that is written down.
        insist(|| self.write_down(&item, &outcome)).await;
        self.wake.changed();
    }

    async fn try_to_send(&self, platform: &dyn ChatPlatform, item: &OutboxItem) -> Outcome {
        let rendered = match self.render(item).await {
            Ok(Some(rendered)) => rendered,
            Ok(None) => return Outcome::NothingToSay,
            Err(problem) => return Outcome::NotRendered(problem),
        };
        let sent = match (&rendered, &item.whisper, &item.message) {
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
        match sent {
            Ok(message) => Outcome::Sent(message),
            Err(error) => Outcome::Failed(rendered, error),
        }
    }

    async fn write_down(&self, item: &OutboxItem, outcome: &Outcome) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        match outcome {
            Outcome::NoPlatform => {
                store
                    .give_up(item, "the platform is not enabled", now)
                    .await
            }
            Outcome::NotOurs => {
                let why = "another server sends to this platform now";
                store.postpone(item, now, item.unsure, why).await
            }
            Outcome::NothingToSay => store.give_up(item, "nothing to say any more", now).await,
            Outcome::NotRendered(problem) => self.not_rendered(item, problem).await,
            Outcome::Failed(rendered, error) => self.send_failed(item, rendered, error).await,
            Outcome::Sent(message) => store.sent(item, message.as_ref(), now).await,
        }
    }
}
