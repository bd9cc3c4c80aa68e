//! Deliveries and the keys they are known by.

use crate::dialect::{batch, field, int_field, numbered};
use crate::statement::{Sql, statement};

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

/// The same on PostgreSQL: the keys, then the deliveries.
pub(crate) const ACCEPT_THERE: Sql = Sql {
    sqlite: "",
    postgres: "WITH keys AS (INSERT INTO delivery_key \
          (source, dedup_key, delivery_id, body_hash, seen_at) \
          SELECT k.source, k.key, k.delivery, k.hash, k.at \
          FROM jsonb_to_recordset(cast($1 AS JSONB)) \
            AS k (source TEXT, key TEXT, delivery TEXT, hash TEXT, at BIGINT)), \
        new AS MATERIALIZED (SELECT d.delivery, d.source, d.payload, d.at, d.data \
          FROM jsonb_to_recordset(cast($2 AS JSONB)) \
            AS d (delivery TEXT, source TEXT, payload TEXT, at BIGINT, data TEXT)), \
        mark AS MATERIALIZED (SELECT \
          pg_advisory_xact_lock_shared((cast(20051 AS BIGINT) << 48) | last_value) AS held \
          FROM event_seq_seq), \
        arrived AS (INSERT INTO inbox (delivery_id, platform, payload, received_at) \
          SELECT n.delivery, n.source, n.payload, n.at FROM new n) \
        INSERT INTO event (at, kind, data) \
          SELECT n.at, 'delivery.accepted', n.data FROM new n CROSS JOIN mark",
};

/// Keys of the batch that were seen since `$2`.
pub(crate) const SEEN: Sql = statement!(
    "SELECT k.source, k.dedup_key, k.body_hash FROM ",
    batch!(1),
    " JOIN delivery_key k ON k.source = ",
    field!("source"),
    " AND k.dedup_key = ",
    field!("key"),
    " WHERE k.seen_at > $2"
);

/// A key that was kept longer than needed is taken over.
pub(crate) const REMEMBER: Sql = statement!(
    "INSERT INTO delivery_key (source, dedup_key, delivery_id, body_hash, seen_at) SELECT ",
    field!("source"),
    ", ",
    field!("key"),
    ", ",
    field!("delivery"),
    ", ",
    field!("hash"),
    ", ",
    int_field!("at"),
    " FROM ",
    batch!(1),
    " WHERE true ON CONFLICT (source, dedup_key) DO UPDATE SET delivery_id = excluded.delivery_id, \
      body_hash = excluded.body_hash, seen_at = excluded.seen_at WHERE delivery_key.seen_at <= $2"
);

pub(crate) const ACCEPT: Sql = statement!(
    "INSERT INTO inbox (delivery_id, platform, payload, received_at) SELECT ",
    field!("delivery"),
    ", ",
    field!("source"),
    ", ",
    field!("payload"),
    ", ",
    int_field!("at"),
    " FROM ",
    batch!(1),
    " WHERE true"
);

pub(crate) const OPEN: Sql = statement!(
    "SELECT delivery_id, platform, payload, received_at FROM inbox \
    WHERE settled_at IS NULL ORDER BY inbox_n LIMIT $1"
);

/// The platform alone beside what the index leaves out: with anything else all would be read.
pub(crate) const OPEN_OF: Sql = statement!(
    "SELECT delivery_id, platform, payload, received_at FROM inbox \
    WHERE platform = $2 AND settled_at IS NULL ORDER BY inbox_n LIMIT $1"
);

pub(crate) const SETTLE: Sql = statement!(
    "UPDATE inbox SET settled_at = $2, payload = NULL \
    WHERE delivery_id = $1 AND settled_at IS NULL"
);

/// The payload stays: it is the evidence.
pub(crate) const SETTLE_UNREAD: Sql = statement!(
    "UPDATE inbox SET settled_at = received_at \
    WHERE delivery_id = $1 AND settled_at IS NULL"
);

pub(crate) const SET_ASIDE: Sql = statement!(
    "INSERT INTO event (at, kind, data) \
    SELECT received_at, 'delivery.rejected', $2 FROM inbox",
    numbered!(),
    " WHERE delivery_id = $1 AND settled_at IS NULL"
);
