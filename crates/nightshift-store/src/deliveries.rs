//! Deliveries: accepted once by any of their keys, settled once. The hot path: the number of
//! statements does not depend on the size of the batch.

mod fresh;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use nightshift_core::id::{DeliveryId, Platform};
use nightshift_core::port::store::{
    Accepted, Cause, Deliveries, NewDelivery, Outgoing, RefusedAct, StoreError, StoredDelivery,
};
use nightshift_core::time::Timestamp;
use serde_json::{Value, json};

use crate::audit::{self, Entry};
use crate::engine::batch::Ran;
use crate::error::{Error, Result};
use crate::leases::KEEP_DELIVERY;
use crate::row::{self, Columns};
use crate::statement::query;
use crate::transaction::{Settling, Tx};
use crate::{SqlStore, events, moves, notices, sql};

#[async_trait]
impl Deliveries for SqlStore {
    async fn accept(&self, batch: &[NewDelivery]) -> Result<Vec<Accepted>, StoreError> {
        let Some(newest) = batch.iter().map(|new| new.at).max() else {
            return Ok(Vec::new());
        };
        self.engine.gathered(batch.len());
        // Nearly always all are new; only else somebody must look which are not.
        if fresh::accept(self, batch).await? == Ran::Committed {
            return Ok(vec![Accepted::New; batch.len()]);
        }
        for _ in 0..TRIES {
            let tx = self.change("accept", newest).await?;
            match accept(tx, batch).await {
                Err(Error::Raced(_)) => {}
                accepted => return Ok(accepted?),
            }
        }
        Err(Error::Raced("delivery_key".to_owned()).into())
    }

    async fn open_deliveries(
        &self,
        platform: Option<&Platform>,
        limit: u32,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        Ok(self.open(platform, limit).await?)
    }

    async fn answer(
        &self,
        cause: &Cause,
        outgoing: &[Outgoing],
        refused: Option<&RefusedAct>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.change_by("answer", cause, now).await?;
        if tx.settle().await? == Settling::Before {
            return Ok(());
        }
        if let Some(refused) = refused {
            refuse(&mut tx, refused);
        }
        notices::send(&mut tx, outgoing).await?;
        Ok(tx.commit().await?)
    }
}

impl SqlStore {
    async fn open(&self, platform: Option<&Platform>, limit: u32) -> Result<Vec<StoredDelivery>> {
        let mut conn = self.engine.read().await?;
        let limit = i64::from(limit);
        let query = match platform {
            None => query(sql::delivery::OPEN).bind(limit),
            Some(platform) => query(sql::delivery::OPEN_OF)
                .bind(limit)
                .bind(platform.as_str()),
        };
        let rows = query.fetch_all(&mut conn).await?;
        drop(conn);
        let mut open = Vec::new();
        for row in &rows {
            let row = Columns::of(row, "inbox");
            match stored(&row) {
                Ok(delivery) => open.push(delivery),
                // One that nobody can read must not stand before all others.
                Err(error) => self.set_aside(&row.text("delivery_id")?, &error).await?,
            }
        }
        Ok(open)
    }

    async fn set_aside(&self, id: &str, error: &Error) -> Result<()> {
        tracing::error!(delivery.id = id, %error, "A delivery cannot be read; it is set aside.");
        let mut tx = self.engine.write("set_aside").await?;
        let data = json!({ "delivery": id, "why": "what was stored of it cannot be read" });
        query(sql::delivery::SET_ASIDE)
            .bind(id)
            .bind(row::json(&data))
            .execute(&mut tx)
            .await?;
        query(sql::delivery::SETTLE_UNREAD)
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

fn stored(row: &Columns<'_>) -> Result<StoredDelivery> {
    Ok(StoredDelivery {
        id: DeliveryId::new(row.text("delivery_id")?),
        platform: Platform::new(row.text("platform")?),
        inbound: row.json("payload")?,
        at: row.time("received_at")?,
    })
}

/// So often a batch is looked at again when others accept the same deliveries meanwhile.
const TRIES: usize = 3;

/// A key and the platform it belongs to.
type Key<'a> = (&'a str, &'a str);

async fn accept(mut tx: Tx<'_>, batch: &[NewDelivery]) -> Result<Vec<Accepted>> {
    let seen = seen(&mut tx, batch).await?;
    let outcomes = judge(batch, &seen);
    let mut lines = Lines::default();
    for (new, outcome) in batch.iter().zip(&outcomes) {
        lines.add(&tx, new, *outcome, &seen);
    }
    if !lines.inbox.is_empty() {
        query(sql::delivery::ACCEPT)
            .bind(row::list(&lines.inbox))
            .execute(tx.conn())
            .await?;
    }
    if !lines.keys.is_empty() {
        let kept_since = tx.now.before(KEEP_DELIVERY).millis();
        let remembered = query(sql::delivery::REMEMBER)
            .bind(row::list(&lines.keys))
            .bind(kept_since)
            .execute(tx.conn())
            .await?;
        // A key that came between our look and our write is somebody else's delivery.
        moves::all_won(remembered.rows_affected(), lines.keys.len(), || {
            "delivery_key".to_owned()
        })?;
    }
    events::record_batch(&mut tx, &lines.events).await?;
    tx.commit().await?;
    Ok(outcomes)
}

/// Platform and key, and the body they came with.
type Seen = HashMap<(String, String), String>;

/// The keys of the batch that the store knows, with the body they came with.
async fn seen(tx: &mut Tx<'_>, batch: &[NewDelivery]) -> Result<Seen> {
    let keys: Vec<Value> = batch
        .iter()
        .flat_map(|new| {
            let source = new.platform.as_str();
            let keys = new.keys.iter();
            keys.map(move |key| json!({ "source": source, "key": key }))
        })
        .collect();
    let kept_since = tx.now.before(KEEP_DELIVERY).millis();
    let rows = query(sql::delivery::SEEN)
        .bind(row::list(&keys))
        .bind(kept_since)
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "delivery_key");
            let key = (row.text("source")?, row.text("dedup_key")?);
            Ok((key, row.text("body_hash")?))
        })
        .collect()
}

fn judge(batch: &[NewDelivery], seen: &Seen) -> Vec<Accepted> {
    let mut known: HashMap<Key<'_>, String> = seen
        .iter()
        .map(|((source, key), hash)| ((source.as_str(), key.as_str()), hash.clone()))
        .collect();
    batch
        .iter()
        .map(|new| {
            let source = new.platform.as_str();
            let keys = &new.keys;
            let hash = hex::encode(new.body_hash);
            // The first key is the platform's own id: it names one body.
            let first = keys.first().and_then(|key| known.get(&(source, &**key)));
            if first.is_some_and(|earlier| *earlier != hash) {
                return Accepted::Conflict;
            }
            let repeated = keys.iter().any(|key| known.contains_key(&(source, &**key)));
            for key in keys {
                known.entry((source, key)).or_insert_with(|| hash.clone());
            }
            if repeated {
                Accepted::Duplicate
            } else {
                Accepted::New
            }
        })
        .collect()
}

/// The rows that a batch adds, as JSON objects.
#[derive(Default)]
struct Lines {
    inbox: Vec<Value>,
    keys: Vec<Value>,
    /// Each is remembered once.
    named: HashSet<(String, String)>,
    events: Vec<Value>,
}

impl Lines {
    fn add(&mut self, tx: &Tx<'_>, new: &NewDelivery, outcome: Accepted, seen: &Seen) {
        let source = new.platform.as_str();
        let id = DeliveryId::new_at(new.at, tx.entropy());
        let first = new.keys.first();
        let mut data = json!({ "platform": source, "key": first });
        let kind = match outcome {
            Accepted::New => {
                data["delivery"] = id.as_str().into();
                self.inbox.push(json!({
                    "delivery": id,
                    "source": source,
                    "payload": new.payload,
                    "at": new.at.millis(),
                }));
                "delivery.accepted"
            }
            Accepted::Duplicate => "delivery.duplicate",
            Accepted::Conflict => {
                data["why"] = "the same id was seen with another body".into();
                "delivery.rejected"
            }
        };
        self.events.push(events::line(kind, new.at, &data));
        // A refused body must not make later deliveries look like repetitions.
        if outcome != Accepted::Conflict {
            let hash = hex::encode(new.body_hash);
            for key in &new.keys {
                let name = (source.to_owned(), key.clone());
                if seen.contains_key(&name) || !self.named.insert(name) {
                    continue;
                }
                self.keys.push(json!({
                    "source": source,
                    "key": key,
                    "delivery": id,
                    "hash": hash,
                    "at": new.at.millis(),
                }));
            }
        }
    }
}

pub(crate) fn refuse(tx: &mut Tx<'_>, refused: &RefusedAct) {
    let task = refused.task.as_ref();
    let data = json!({ "who": refused.who, "action": refused.action, "why": refused.why });
    let actor = Some(refused.who.clone());
    events::record_by(tx, "auth.refused", task, actor, &data);
    let entry = Entry {
        who: &refused.who,
        action: &refused.action,
        outcome: "refused",
        why: Some(&refused.why),
        task,
    };
    audit::write(tx, &entry);
}
