//! Messages that are queued: numbered in their conversations, and given their turns.
//!
//! All messages of a transaction go together, so that many cost as few statements as one.

use std::collections::{BTreeMap, BTreeSet};

use nightshift_core::id::{MessageKey, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::port::store::Whisper;
use nightshift_core::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::turn;
use crate::error::{Error, Result};
use crate::notices;
use crate::row::{self, Columns};
use crate::sql;
use crate::statement::{self, query};
use crate::transaction::{Place, Tx};

/// A message of a transaction that is going to be queued.
pub(crate) struct Message {
    pub(crate) conversation: i64,
    pub(crate) notice: Notice,
    /// Of a card: a revision that waits already will render the newest row.
    pub(crate) key: Option<MessageKey>,
    pub(crate) whisper: Option<Whisper>,
    pub(crate) next_at: Timestamp,
    /// Of the event that tells of it.
    pub(crate) told: Place,
}

/// A revision of a card that waits.
struct Card {
    id: i64,
    conversation: i64,
    seq: i64,
    lane: Option<i64>,
    is_there: bool,
}

/// A change of a revision that waits.
#[derive(Serialize)]
struct Touch {
    id: i64,
    show_at: i64,
    /// Behind what was queued since.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
}

#[derive(Serialize)]
struct Entry {
    conversation: i64,
    seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<MessageKey>,
    notice: String,
    file: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    next_at: i64,
    marker: String,
}

#[derive(Serialize)]
struct Numbered {
    conversation: i64,
    next_seq: i64,
}

/// The conversations of some messages, as they are read and then changed.
#[derive(Default)]
struct Queue {
    next_seq: BTreeMap<i64, i64>,
    numbered: BTreeSet<i64>,
    touches: Vec<Touch>,
    entries: Vec<Entry>,
    /// What is first in them may be another now.
    turns: BTreeSet<i64>,
    /// What waits in them changed its time.
    lanes: BTreeSet<i64>,
}

/// Queues what the transaction has collected.
pub(crate) async fn flush(tx: &mut Tx<'_>) -> Result<()> {
    let mut messages = std::mem::take(&mut tx.collected.messages);
    while !messages.is_empty() {
        // A card that comes twice finds its own first revision waiting.
        let distinct = distinct(&messages);
        let rest = messages.split_off(distinct);
        run(tx, messages).await?;
        messages = rest;
    }
    Ok(())
}

/// How many messages are of different cards.
fn distinct(messages: &[Message]) -> usize {
    let mut keys = BTreeSet::new();
    let is_new = |message: &Message| match &message.key {
        None => true,
        Some(key) => keys.insert(key.clone()),
    };
    messages.iter().map(is_new).take_while(|new| *new).count()
}

async fn run(tx: &mut Tx<'_>, messages: Vec<Message>) -> Result<()> {
    let mut cards = waiting_cards(tx, &messages).await?;
    let mut queue = Queue::default();
    let places = messages.iter().map(|message| message.conversation);
    let places: BTreeSet<i64> = places
        .chain(cards.values().map(|card| card.conversation))
        .collect();
    queue.next_seq = numbers(tx, &places).await?;
    for message in messages {
        let card = message.key.as_ref().and_then(|key| cards.remove(key));
        match card {
            Some(card) => queue.touch(&card, message.next_at)?,
            None => queue.add(tx, message)?,
        }
    }
    queue.write(tx).await?;
    turn::seat_all(tx, &queue.turns, queue.lanes).await
}

async fn waiting_cards(
    tx: &mut Tx<'_>,
    messages: &[Message],
) -> Result<BTreeMap<MessageKey, Card>> {
    let keys: Vec<_> = messages.iter().filter_map(|m| m.key.as_ref()).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = query(sql::outbox::PENDING_CARDS)
        .bind(row::list(&keys))
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "outbox");
            let card = Card {
                id: row.int("outbox_id")?,
                conversation: row.int("conversation_id")?,
                seq: row.int("seq")?,
                lane: row.maybe_int("lane_id")?,
                is_there: row.maybe_text("remote_id")?.is_some(),
            };
            Ok((MessageKey::new(row.text("message_key")?), card))
        })
        .collect()
}

async fn numbers(tx: &mut Tx<'_>, places: &BTreeSet<i64>) -> Result<BTreeMap<i64, i64>> {
    let rows = query(sql::outbox::NUMBERS)
        .bind(row::list(places))
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "conversation");
            Ok((row.int("conversation_id")?, row.int("next_seq")?))
        })
        .collect()
}

impl Queue {
    fn newest(&self, conversation: i64) -> Result<i64> {
        let newest = self.next_seq.get(&conversation).copied();
        newest.ok_or_else(|| Error::Raced(format!("conversation {conversation}")))
    }

    fn number(&mut self, conversation: i64) -> Result<i64> {
        let seq = self.newest(conversation)? + 1;
        self.next_seq.insert(conversation, seq);
        self.numbered.insert(conversation);
        Ok(seq)
    }

    /// The newest revision is rendered when it is sent: one row is enough. The change of a card
    /// that is there already goes behind what was queued since: an answer does not wait for it.
    fn touch(&mut self, card: &Card, show_at: Timestamp) -> Result<()> {
        let mut seq = None;
        if card.is_there && card.seq < self.newest(card.conversation)? {
            seq = Some(self.number(card.conversation)?);
            self.turns.insert(card.conversation);
        }
        self.lanes.extend(card.lane);
        self.touches.push(Touch {
            id: card.id,
            show_at: show_at.millis(),
            seq,
        });
        Ok(())
    }

    fn add(&mut self, tx: &mut Tx<'_>, message: Message) -> Result<()> {
        let conversation = message.conversation;
        let seq = self.number(conversation)?;
        self.turns.insert(conversation);
        let marker = new_marker(tx);
        let data = json!({ "marker": marker, "notice": notices::word(&message.notice) });
        tx.collected.fill(message.told, &data);
        let (person, handle) = match message.whisper {
            None => (None, None),
            Some(whisper) => (Some(whisper.person), whisper.handle),
        };
        let (platform, person) = person.map(|to| (to.platform.to_string(), to.id)).unzip();
        self.entries.push(Entry {
            conversation,
            seq,
            task: notices::task_of(&message.notice).cloned(),
            key: message.key,
            notice: row::json(&message.notice),
            file: i64::from(may_carry_a_file(&message.notice)),
            platform,
            person,
            handle,
            next_at: message.next_at.millis(),
            marker,
        });
        Ok(())
    }

    async fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        let numbered = self.numbered.iter().map(|conversation| Numbered {
            conversation: *conversation,
            next_seq: self.next_seq[conversation],
        });
        let numbered: Vec<_> = numbered.collect();
        let now = tx.now.millis();
        statement::run(&sql::outbox::QUEUE)
            .batch(row::list(&self.touches))
            .batch(row::list(&numbered))
            .batch(row::list(&self.entries))
            .int(now)
            .execute(tx.conn())
            .await?;
        Ok(())
    }
}

/// 96 random bits in 25 characters, the most that a platform's idempotency field holds (Discord).
fn new_marker(tx: &Tx<'_>) -> String {
    format!("n{}", hex::encode(&tx.entropy()[..12]))
}

/// Long details are a file: which of both they are is known when they are sent.
fn may_carry_a_file(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::File { .. } | Notice::AnswerFile { .. } | Notice::Details { .. }
    )
}
