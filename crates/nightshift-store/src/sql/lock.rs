//! Locks, which only PostgreSQL needs.

use crate::dialect::{ints_in, one_by_one, texts_in, to_change};
use crate::statement::{Sql, statement};

/// Ends with the transaction, so it works behind a pooler.
pub(crate) const NAME: Sql = Sql {
    sqlite: "",
    postgres: "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) l",
};

pub(crate) const TASKS: Sql = statement!(
    "SELECT task_id FROM task WHERE task_id IN ",
    texts_in!(1),
    one_by_one!("task_id"),
    to_change!()
);

pub(crate) const LANES: Sql = statement!(
    "SELECT lane_id FROM send_lane WHERE lane_id IN ",
    ints_in!(1),
    one_by_one!("lane_id"),
    to_change!()
);
