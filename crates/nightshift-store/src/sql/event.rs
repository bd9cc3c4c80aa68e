//! The log of what happened, and the audit.

use crate::dialect::{batch, field, int_field, numbered};
use crate::statement::{Sql, statement};

pub(crate) const NEWEST: Sql = statement!("SELECT at FROM event ORDER BY seq DESC LIMIT 1");

/// Events of no task, all at once.
pub(crate) const RECORD_BATCH: Sql = statement!(
    "INSERT INTO event (at, kind, data) SELECT ",
    int_field!("at"),
    ", ",
    field!("kind"),
    ", ",
    field!("data"),
    " FROM ",
    batch!(1),
    numbered!(),
    " WHERE true"
);

pub(crate) const EVENTS: Sql = statement!(
    "SELECT seq, at, kind, task_id, actor, data FROM event \
    WHERE seq > $1 AND seq <= $6 AND ($2 IS NULL OR kind = $2) \
      AND ($3 IS NULL OR substr(kind, 1, length($3)) = $3) AND ($4 IS NULL OR task_id = $4) \
    ORDER BY seq LIMIT $5"
);

/// The number given out last, whoever has it.
pub(crate) const LAST_NUMBER: Sql = Sql {
    sqlite: "SELECT coalesce(max(seq), 0) FROM event",
    postgres: "SELECT last_value FROM event_seq_seq",
};

/// Of the transactions that write events now: the lowest number before one of theirs.
pub(crate) const OLDEST_MARK: Sql = Sql {
    sqlite: "SELECT NULL",
    postgres: "SELECT min(((cast(classid AS BIGINT) & 65535) << 32) | cast(objid AS BIGINT)) \
        FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
          AND cast(classid AS BIGINT) >> 16 = 20051 \
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
};
