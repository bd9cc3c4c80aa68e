//! What a failed send means: later, elsewhere, or never.

use std::time::Duration;

use nightshift_core::card::Card;
use nightshift_core::chat::budget::{Act, Limit, Scope};
use nightshift_core::error::Retry;
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{Blocked, OutboxItem, Outgoing};
use nightshift_core::port::{ChatError, ChatKind, StoreError};
use nightshift_core::time::Timestamp;
use nightshift_core::wording::ending;

use super::render::Rendered;
use crate::{App, Problem};

/// Tries before a message is given up: with the backoff below, about a day.
const MOST_TRIES: u32 = 40;
/// Likewise, about half a minute.
const MOST_TRIES_OF_WHISPERS: u32 = 5;
/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// A refused credential sends nothing until a probe finds that it is taken again.
const FOR_GOOD: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long a private word may be held up by limits: as long as most platforms let us answer.
const STALE: Duration = Duration::from_secs(15 * 60);
/// Where a platform says "too fast" without saying for how long.
const DEFAULT_BLOCK: Duration = Duration::from_secs(1);

impl App {
    pub(super) async fn send_failed(
        &self,
        item: &OutboxItem,
        rendered: &Rendered,
        error: &ChatError,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        tracing::warn!(
            message.id = item.id, chat.platform = %item.to.platform, attempt = item.attempt, %error,
            "A message could not be sent."
        );
        match error.kind {
            // Nothing arrived and the platform says when it will: not a try that failed.
            ChatKind::RateLimited if !is_stale(item, now) => {
                self.too_fast(item, rendered, error).await
            }
            _ if item.attempt >= most_tries(item) => store.give_up(item, &error.message, now).await,
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
                tracing::error!(
                    chat.platform = %item.to.platform,
                    "A chat platform refuses our credential: nothing is sent until it takes it again."
                );
                self.workspaces.doubt(&item.to.platform, now);
                let all = Blocked {
                    platform: item.to.platform.clone(),
                    workspace: Some(item.to.workspace.clone()),
                    channel: None,
                    act: None,
                };
                store.block(&all, now.after(FOR_GOOD), now).await?;
                store.give_up(item, &error.message, now).await
            }
            ChatKind::NotAllowed | ChatKind::NotFound | ChatKind::Expired => {
                self.elsewhere(item, rendered, error).await
            }
            ChatKind::Invalid | ChatKind::RateLimited => {
                store.give_up(item, &error.message, now).await
            }
        }
    }

    /// Holds exactly what the platform counts together.
    async fn too_fast(
        &self,
        item: &OutboxItem,
        rendered: &Rendered,
        error: &ChatError,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let wait = match error.retry {
            Retry::After(wait) => wait,
            Retry::Soon | Retry::Never => DEFAULT_BLOCK,
        };
        let until = now.after(wait);
        let limit = error.limit.unwrap_or(Limit {
            act: act(item, rendered),
            scope: Scope::Workspace,
        });
        let what = blocked(item, limit);
        self.store().block(&what, until, now).await?;
        self.store()
            .postpone(item, until, item.unsure, &error.message)
            .await
    }

    /// The rows behind a message cannot be read: later, when the store is away; else never.
    pub(super) async fn not_rendered(
        &self,
        item: &OutboxItem,
        problem: &Problem,
    ) -> Result<(), StoreError> {
        let now = self.now();
        tracing::error!(message.id = item.id, error = %problem, "A message could not be made.");
        match problem {
            Problem::Unavailable(_) if item.attempt < MOST_TRIES => {
                let until = now.after(backoff(item.attempt));
                self.store()
                    .postpone(item, until, item.unsure, "the store was away")
                    .await
            }
            _ => {
                self.store()
                    .give_up(item, "it cannot be made from what is stored", now)
                    .await
            }
        }
    }

    /// The conversation is closed to us: the person who asked still gets a word.
    async fn elsewhere(
        &self,
        item: &OutboxItem,
        rendered: &Rendered,
        error: &ChatError,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let store = self.store();
        let Some(platform) = self.platform(&item.to.platform) else {
            return store.give_up(item, &error.message, now).await;
        };
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

fn act(item: &OutboxItem, rendered: &Rendered) -> Act {
    match (rendered, &item.whisper, &item.message) {
        (Rendered::File(_), _, _) => Act::File,
        (Rendered::Card(_), Some(_), _) => Act::Whisper,
        (Rendered::Card(_), None, Some(_)) => Act::Edit,
        (Rendered::Card(_), None, None) => Act::Post,
    }
}

/// A conversation waits with its channel: no platform tells us of a limit of one thread.
fn blocked(item: &OutboxItem, limit: Limit) -> Blocked {
    let to = &item.to;
    let (workspace, channel) = match limit.scope {
        Scope::Platform => (None, None),
        Scope::Workspace => (Some(to.workspace.clone()), None),
        Scope::Channel | Scope::Conversation => {
            (Some(to.workspace.clone()), Some(to.channel.clone()))
        }
    };
    Blocked {
        platform: to.platform.clone(),
        workspace,
        channel,
        act: Some(limit.act),
    }
}

/// A private word that was held up this long is of no use any more.
fn is_stale(item: &OutboxItem, now: Timestamp) -> bool {
    item.whisper.is_some() && now.since(item.queued_at) > STALE
}

/// A private word is of no use hours later, and what is said to everybody waits behind it.
fn most_tries(item: &OutboxItem) -> u32 {
    if item.whisper.is_some() {
        MOST_TRIES_OF_WHISPERS
    } else {
        MOST_TRIES
    }
}

/// 1 s, 2 s, 4 s … up to an hour.
fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(12)).min(LONGEST_WAIT)
}
