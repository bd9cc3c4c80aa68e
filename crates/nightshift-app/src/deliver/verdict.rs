//! What a failed send means: later, elsewhere, or never.

use std::time::Duration;

use nightshift_core::card::Card;
use nightshift_core::error::Retry;
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{OutboxItem, Outgoing};
use nightshift_core::port::{ChatError, ChatKind, ChatPlatform, StoreError};
use nightshift_core::wording::ending;

use super::render::Rendered;
use crate::App;

/// Tries before a message is given up: with the backoff below, about a day.
const MOST_TRIES: u32 = 40;
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// A refused credential is not asked again before an operator restarts us with a better one.
const FOR_GOOD: Duration = Duration::from_secs(365 * 24 * 3600);
/// Where a platform says "too fast" without saying for how long.
const DEFAULT_BLOCK: Duration = Duration::from_secs(1);

impl App {
    pub(super) async fn send_failed(
        &self,
        platform: &dyn ChatPlatform,
        item: &OutboxItem,
        rendered: &Rendered,
        error: ChatError,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        tracing::warn!(
            message.id = item.id, chat.platform = %item.to.platform, attempt = item.attempt, %error,
            "A message could not be sent."
        );
        match error.kind {
            _ if item.attempt >= MOST_TRIES => store.give_up(item, &error.message, now).await,
            ChatKind::RateLimited => {
                let wait = match error.retry {
                    Retry::After(wait) => wait,
                    Retry::Soon | Retry::Never => DEFAULT_BLOCK,
                };
                let until = now.after(wait);
                store
                    .block(&item.to.platform, &item.to.workspace, until)
                    .await?;
                store
                    .postpone(item, until, item.unsure, &error.message)
                    .await
            }
            ChatKind::Unavailable => {
                store
                    .postpone(
                        item,
                        now.after(backoff(item.attempt)),
                        item.unsure,
                        &error.message,
                    )
                    .await
            }
            ChatKind::Ambiguous => {
                store
                    .postpone(item, now.after(backoff(item.attempt)), true, &error.message)
                    .await
            }
            ChatKind::Unauthorized => {
                store
                    .block(&item.to.platform, &item.to.workspace, now.after(FOR_GOOD))
                    .await?;
                store.give_up(item, &error.message, now).await
            }
            ChatKind::NotAllowed | ChatKind::NotFound | ChatKind::Expired => {
                self.elsewhere(platform, item, rendered, &error).await
            }
            ChatKind::Invalid => store.give_up(item, &error.message, now).await,
        }
    }

    /// The conversation is closed to us: the person who asked still gets a word.
    async fn elsewhere(
        &self,
        platform: &dyn ChatPlatform,
        item: &OutboxItem,
        rendered: &Rendered,
        error: &ChatError,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        if let Rendered::File(file) = rendered {
            let word = self
                .missing_file(item, &file.name, file.bytes.len() as u64)
                .await?;
            let said = Outgoing {
                to: item.to.clone(),
                notice: Notice::Say { card: word },
                whisper: None,
            };
            store.enqueue(&[said], now).await?;
            return store.give_up(item, &error.message, now).await;
        }
        let person = item
            .whisper
            .as_ref()
            .map(|whisper| &whisper.person)
            .or(item.asker.as_ref());
        let direct = person.map(|person| platform.direct(&item.to.workspace, person));
        match direct {
            Some(to)
                if platform.capabilities().direct
                    && item.message.is_none()
                    && to.channel != item.to.channel =>
            {
                store.readdress(item, &to, now).await
            }
            _ => store.give_up(item, &error.message, now).await,
        }
    }

    async fn missing_file(
        &self,
        item: &OutboxItem,
        name: &str,
        bytes: u64,
    ) -> Result<Card, StoreError> {
        let (Notice::File { task: id, .. }
        | Notice::AnswerFile { task: id }
        | Notice::Details { task: id, .. }) = &item.notice
        else {
            return Ok(Card::say(format!(
                "The file {name} could not be uploaded here."
            )));
        };
        let task = self.store().task(id).await?;
        Ok(task.map_or_else(
            || Card::say(name),
            |task| ending::not_uploaded(name, bytes, &task),
        ))
    }
}

/// 1 s, 2 s, 4 s … up to an hour.
fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(12)).min(LONGEST_WAIT)
}
