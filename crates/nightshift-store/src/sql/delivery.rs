//! Deliveries and the keys they are known by.

use crate::dialect::{batch, field};

/// Accepts deliveries of which none was seen before; a key that was fails it. All in one message,
/// with room for so many keys and so many deliveries: a row whose first value is null is left out.
/// As values, for a row that SQLite must first read out of JSON costs it three times as much.
pub(crate) fn accept_new(keys: usize, deliveries: usize) -> String {
    let key = values(5, keys);
    let delivery = values(4, deliveries);
    let event = values(2, deliveries);
    format!(
        "BEGIN IMMEDIATE; \
         INSERT INTO delivery_key (source, dedup_key, delivery_id, body_hash, seen_at) \
         SELECT * FROM ({key}) WHERE column1 IS NOT NULL; \
         INSERT INTO inbox (delivery_id, platform, payload, received_at) \
         SELECT * FROM ({delivery}) WHERE column1 IS NOT NULL; \
         INSERT INTO event (at, kind, data) \
         SELECT column1, 'delivery.accepted', column2 FROM ({event}) WHERE column1 IS NOT NULL; \
         COMMIT"
    )
}

/// `VALUES (?, ?), (?, ?), …`
fn values(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("VALUES {}", vec![row.as_str(); rows].join(", "))
}

/// Keys of the batch that were seen since `$2`.
pub(crate) const SEEN: &str = concat!(
    "SELECT k.source, k.dedup_key, k.body_hash FROM ",
    batch!(1),
    " JOIN delivery_key k ON k.source = ",
    field!("source"),
    " AND k.dedup_key = ",
    field!("key"),
    " WHERE k.seen_at > $2"
);

/// A key that was kept longer than needed is taken over.
pub(crate) const REMEMBER: &str = concat!(
    "INSERT INTO delivery_key (source, dedup_key, delivery_id, body_hash, seen_at) SELECT ",
    field!("source"),
    ", ",
    field!("key"),
    ", ",
    field!("delivery"),
    ", ",
    field!("hash"),
    ", ",
    field!("at"),
    " FROM ",
    batch!(1),
    " WHERE true ON CONFLICT (source, dedup_key) DO UPDATE SET delivery_id = excluded.delivery_id, \
      body_hash = excluded.body_hash, seen_at = excluded.seen_at WHERE delivery_key.seen_at <= $2"
);

pub(crate) const ACCEPT: &str = concat!(
    "INSERT INTO inbox (delivery_id, platform, payload, received_at) SELECT ",
    field!("delivery"),
    ", ",
    field!("source"),
    ", ",
    field!("payload"),
    ", ",
    field!("at"),
    " FROM ",
    batch!(1),
    " WHERE true"
);

pub(crate) const OPEN: &str = "SELECT delivery_id, platform, payload, received_at FROM inbox \
    WHERE settled_at IS NULL ORDER BY inbox_n LIMIT $1";

/// The platform alone beside what the index leaves out: with anything else all would be read.
pub(crate) const OPEN_OF: &str = "SELECT delivery_id, platform, payload, received_at FROM inbox \
    WHERE platform = $2 AND settled_at IS NULL ORDER BY inbox_n LIMIT $1";

pub(crate) const SETTLE: &str = "UPDATE inbox SET settled_at = $2, payload = NULL \
    WHERE delivery_id = $1 AND settled_at IS NULL";

/// The payload stays: it is the evidence.
pub(crate) const SETTLE_UNREAD: &str = "UPDATE inbox SET settled_at = received_at \
    WHERE delivery_id = $1 AND settled_at IS NULL";

pub(crate) const SET_ASIDE: &str = "INSERT INTO event (at, kind, data) \
    SELECT received_at, 'delivery.rejected', $2 FROM inbox \
    WHERE delivery_id = $1 AND settled_at IS NULL";
