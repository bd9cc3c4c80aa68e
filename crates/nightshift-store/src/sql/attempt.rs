//! Attempts and their leases.

use crate::dialect::{batch, field, int_field, ints_in, since, texts_in};
use crate::statement::{Sql, statement};

/// As one condition, which is no index's: a partial index of what has not started is read from its
/// beginning, dead rows and all.
pub(crate) const START: Sql = statement!(
    "UPDATE attempt SET started_at = $1, isolation = ",
    field!("isolation"),
    ", deadline_at = ",
    int_field!("deadline"),
    " FROM ",
    batch!(2),
    " WHERE attempt.task_id = ",
    field!("task"),
    " AND attempt.fence = ",
    int_field!("fence"),
    " AND coalesce(attempt.started_at, attempt.finished_at) IS NULL RETURNING attempt.task_id"
);

pub(crate) const STARTED: Sql = statement!(
    "UPDATE task SET started_at = $1, version = version + 1 WHERE task_id IN ",
    texts_in!(2)
);

pub(crate) const STEP: Sql =
    statement!("SELECT step FROM attempt WHERE task_id = $1 AND fence = $2");

pub(crate) const PROGRESS: Sql = statement!(
    "UPDATE attempt SET step = coalesce($3, step), tokens = $4, \
    usd = $5, seconds = $6, session = coalesce($7, session) \
    WHERE task_id = $1 AND fence = $2 AND finished_at IS NULL"
);

/// The leases were checked one by one in the same transaction.
pub(crate) const RENEW: Sql = statement!(
    "UPDATE task SET lease_until = $1 WHERE lease_holder = $2 \
      AND state IN ('running', 'paused', 'cancelling') AND task_id IN ",
    texts_in!(3)
);

pub(crate) const OVERDUE: Sql = statement!(
    "SELECT task_id FROM task \
    WHERE state IN ('running', 'paused', 'cancelling') AND lease_until <= $1",
    since!("lease_until" "$3"),
    " ORDER BY lease_until LIMIT $2"
);

/// A program that did not start in time.
pub(crate) const UNSTARTED: Sql = statement!(
    "SELECT task_id FROM attempt \
    WHERE started_at IS NULL AND finished_at IS NULL AND start_by <= $1",
    since!("start_by" "$3"),
    " ORDER BY start_by LIMIT $2"
);

/// What holds on beyond all that its plan allows; the time of a frozen one does not pass.
pub(crate) const ENDLESS: Sql = statement!(
    "SELECT a.task_id FROM attempt a \
    JOIN task t ON t.task_id = a.task_id AND t.state IN ('running', 'cancelling') \
    WHERE a.finished_at IS NULL AND a.deadline_at <= $1",
    since!("a.deadline_at" "$3"),
    " ORDER BY a.deadline_at LIMIT $2"
);

pub(crate) const RETURNS: Sql = statement!(
    "SELECT count(*) FROM attempt \
    WHERE task_id = $1 AND outcome = 'returned' AND plan_hash = $2"
);

pub(crate) const OF_OTHERS: Sql = statement!(
    "SELECT task_id, lease_holder FROM task \
    WHERE state IN ('planning', 'running', 'paused', 'cancelling') AND lease_holder IS NOT NULL \
      AND lease_holder <> $1 ORDER BY task_id"
);

/// A heartbeat that nobody could take is no missing one.
pub(crate) const GRACE: Sql = statement!(
    "UPDATE task SET lease_until = $2, version = version + 1 \
    WHERE task_id = $1 AND lease_until < $2"
);

pub(crate) const UNSURE: Sql = statement!(
    "UPDATE outbox SET state = 'pending', unsure = 1 WHERE outbox_id IN ",
    ints_in!(1)
);
