use async_trait::async_trait;

use super::{Outgoing, StoreError};
use crate::chat::{Delivery, Inbound};
use crate::id::{DeliveryId, Platform, UserId};
use crate::time::Timestamp;

/// A verified delivery on its way in.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub platform: Platform,
    pub keys: Vec<String>,
    pub body_hash: [u8; 32],
    /// What was said or done, as it is stored: an [`Inbound`] as JSON. Written by whoever brings
    /// the delivery, many at a time; those who store it take one batch after the other.
    pub payload: String,
    pub at: Timestamp,
}

impl NewDelivery {
    pub fn new(platform: Platform, delivery: Delivery, at: Timestamp) -> Self {
        // Most fit, and then the text is never moved.
        let mut payload = Vec::with_capacity(1024);
        serde_json::to_writer(&mut payload, &delivery.inbound)
            .expect("invariant: what we store is plain data with text keys");
        Self {
            platform,
            keys: delivery.keys,
            body_hash: delivery.body_hash,
            payload: String::from_utf8(payload).expect("invariant: JSON is UTF-8"),
            at,
        }
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// Seen before: nothing happens a second time.
    Duplicate,
    /// The platform's own id was seen with another body: refused, and an event says so.
    Conflict,
}

/// An accepted delivery that nobody has acted on yet.
#[derive(Debug, Clone)]
pub struct StoredDelivery {
    pub id: DeliveryId,
    pub platform: Platform,
    pub inbound: Inbound,
    pub at: Timestamp,
}

/// Who and what caused a change. With a delivery, the change also settles it, in the same
/// transaction: it is acted on exactly once.
#[derive(Debug, Clone, Default)]
pub struct Cause {
    pub actor: Option<UserId>,
    pub delivery: Option<DeliveryId>,
}

impl Cause {
    pub fn by(actor: UserId) -> Self {
        Self {
            actor: Some(actor),
            delivery: None,
        }
    }
}

#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Accepts a batch in one commit; the outcomes are in the order of the batch.
    ///
    /// - A delivery is a duplicate when any of its keys was seen in the last 14 days, in the
    ///   store or earlier in the batch.
    /// - Writes `delivery.accepted`, `delivery.duplicate` or `delivery.rejected` events.
    async fn accept(&self, batch: &[NewDelivery]) -> Result<Vec<Accepted>, StoreError>;

    /// Accepted deliveries of one platform (or of all) that are not settled, oldest first.
    async fn open_deliveries(
        &self,
        platform: Option<&Platform>,
        limit: u32,
    ) -> Result<Vec<StoredDelivery>, StoreError>;

    /// Settles a delivery (if the cause has one), sends `outgoing`, and records `refused` as an
    /// `auth.refused` event with its audit row.
    ///
    /// - A delivery that was settled before changes nothing at all.
    async fn answer(
        &self,
        cause: &Cause,
        outgoing: &[Outgoing],
        refused: Option<&RefusedAct>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// A refusal as it is audited.
#[derive(Debug, Clone)]
pub struct RefusedAct {
    /// The identity or user id that was refused.
    pub who: String,
    /// What they wanted: `approve`, `submit`, …
    pub action: String,
    pub why: String,
    pub task: Option<crate::id::TaskId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_asks_is_in_its_name_and_settles_no_delivery() {
        let cause = Cause::by(UserId::new("ana"));
        assert_eq!(cause.actor, Some(UserId::new("ana")));
        assert_eq!(cause.delivery, None);
    }
}
