//! What the outbox does, as calls.

use nightshift_core::card::Card;
use nightshift_core::chat::MessageRef;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::notice::Notice;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{Blocked, OutboxItem, Outgoing, Whisper};
use nightshift_core::time::Timestamp;

use super::{Subject, account, chat, room};
use crate::broken::Break;
use crate::command::Command;
use crate::model::{Model, SECOND};
use crate::outbox::Kind;

impl Subject {
    pub(super) fn sending(
        &mut self,
        model: &Model,
        command: &Command,
        now: Timestamp,
    ) -> Vec<String> {
        let later = |by: i64| Timestamp::from_millis(now.millis() + by);
        match command {
            Command::Say { whisper } => {
                let said = say(*whisper);
                self.run(async |store| store.enqueue(&[said], now).await.unwrap());
            }
            Command::Claim => return self.claim(now),
            Command::Sent { .. } if self.is(Break::SentForgotten) => {}
            Command::Sent { named, .. } => {
                self.messages += 1;
                let message = MessageRef {
                    channel: "C1".to_owned(),
                    id: format!("message-{}", self.messages),
                };
                let message = named.then_some(&message);
                self.with(model, async |store, item| {
                    store.sent(item, message, now).await
                });
            }
            Command::Postpone {
                seconds, unsure, ..
            } => {
                let until = later(i64::from(*seconds) * SECOND);
                self.with(model, async |store, item| {
                    store.postpone(item, until, *unsure, "away").await
                });
            }
            Command::GiveUp { .. } => {
                self.with(model, async |store, item| {
                    store.give_up(item, "gone", now).await
                });
            }
            Command::Block { seconds } => {
                let until = later(i64::from(*seconds) * SECOND);
                let blocked = Blocked {
                    platform: chat(),
                    workspace: Some("T1".to_owned()),
                    channel: None,
                    act: None,
                };
                self.run(async |store| store.block(&blocked, until, now).await.unwrap());
            }
            other => unreachable!("{other:?} is not about the outbox"),
        }
        Vec::new()
    }

    /// With the claimed item that the command is about.
    fn with(
        &self,
        model: &Model,
        call: impl AsyncFnOnce(
            &dyn nightshift_core::port::Store,
            &OutboxItem,
        ) -> Result<(), nightshift_core::port::StoreError>,
    ) {
        if let Some(claim) = model.outbox.meant {
            let item = &self.claimed[claim];
            self.run(async |store| call(store, item).await).unwrap();
        }
    }

    /// Without budgets: how fast a platform may be called is another test's.
    fn claim(&mut self, now: Timestamp) -> Vec<String> {
        let budgets = Budgets::default();
        let claimed = self.run(async |store| {
            store
                .claim_outbox(&Sender::alone(), 100, &budgets, now)
                .await
        });
        let mut items = claimed.unwrap();
        // In the order in which they were queued; conversations take turns.
        items.sort_by_key(|item| item.id);
        let words = items.iter().map(|item| self.words(item)).collect();
        self.claimed.extend(items);
        words
    }

    fn words(&self, item: &OutboxItem) -> String {
        let (kind, task) = match &item.notice {
            Notice::TaskCard { task, .. } => (Kind::Card, Some(task)),
            Notice::Final { task, .. } => (Kind::Final, Some(task)),
            Notice::LostAttempt { task, .. } => (Kind::Lost, Some(task)),
            Notice::GivenUp { task } => (Kind::GivenUp, Some(task)),
            _ => (Kind::Say, None),
        };
        format!(
            "{kind:?} of {:?}, edits {}, unsure {}, tried {}",
            task.map(|task| self.index_of(task)),
            item.message.is_some(),
            item.unsure && !self.is(Break::NoDoubt),
            item.attempt
        )
    }
}

fn say(whisper: bool) -> Outgoing {
    Outgoing {
        to: room(Some("root")),
        notice: Notice::Say {
            card: Card::say("hello"),
        },
        whisper: whisper.then(|| Whisper {
            person: account(),
            handle: None,
        }),
    }
}
