//! The log of what happened, and the audit.

use crate::dialect::{batch, field, int_field};
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
    " WHERE true"
);

pub(crate) const EVENTS: Sql = statement!(
    "SELECT seq, at, kind, task_id, actor, data FROM event \
    WHERE seq > $1 AND ($2 IS NULL OR kind = $2) \
      AND ($3 IS NULL OR substr(kind, 1, length($3)) = $3) AND ($4 IS NULL OR task_id = $4) \
    ORDER BY seq LIMIT $5"
);
