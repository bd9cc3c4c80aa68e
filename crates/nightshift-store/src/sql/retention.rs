//! Removing what is old. Each statement takes the time and a number of rows, and no more than that
//! many; what belongs to a task goes with it, whole.

use crate::dialect::texts_in;
use crate::statement::{Sql, statement};

pub(crate) const DELIVERY_KEYS: Sql = statement!(
    "DELETE FROM delivery_key WHERE (source, dedup_key) IN \
    (SELECT source, dedup_key FROM delivery_key WHERE seen_at <= $1 ORDER BY seen_at LIMIT $2)"
);

pub(crate) const DELIVERIES: Sql = statement!(
    "DELETE FROM inbox WHERE inbox_n IN \
    (SELECT inbox_n FROM inbox WHERE settled_at <= $1 ORDER BY settled_at LIMIT $2)"
);

pub(crate) const IDEMPOTENCY_KEYS: Sql = statement!(
    "DELETE FROM idempotency WHERE (user_id, client_key) IN \
    (SELECT user_id, client_key FROM idempotency WHERE at <= $1 ORDER BY at LIMIT $2)"
);

pub(crate) const QUESTIONS: Sql = statement!(
    "DELETE FROM question WHERE \
    (platform, workspace, channel, thread, user_id) IN (SELECT platform, workspace, channel, \
      thread, user_id FROM question WHERE expires_at <= $1 LIMIT $2)"
);

pub(crate) const STRANGERS: Sql = statement!(
    "DELETE FROM stranger WHERE (platform, account) IN \
    (SELECT platform, account FROM stranger WHERE refused_at <= $1 LIMIT $2)"
);

pub(crate) const MESSAGES: Sql = statement!(
    "DELETE FROM outbox WHERE outbox_id IN \
    (SELECT outbox_id FROM outbox WHERE task_id IS NULL AND settled_at <= $1 \
      ORDER BY settled_at LIMIT $2)"
);

/// How far the events about no task were removed: what is before is never looked at again.
pub(crate) const EVENTS_SEEN: Sql =
    statement!("SELECT value FROM meta WHERE name = 'events_pruned'");

pub(crate) const SEE_EVENTS: Sql = statement!(
    "INSERT INTO meta (name, value) VALUES ('events_pruned', $1) \
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"
);

/// The next events in their order, until the first one that is too young.
pub(crate) const EVENTS_NEXT: Sql = statement!(
    "WITH part AS \
      (SELECT seq, at FROM event WHERE seq > $1 ORDER BY seq LIMIT $3) \
    SELECT max(seq) AS last, count(*) AS n FROM part \
    WHERE seq < coalesce((SELECT min(p.seq) FROM part p WHERE p.at > $2), 9223372036854775807)"
);

pub(crate) const EVENTS: Sql =
    statement!("DELETE FROM event WHERE seq > $1 AND seq <= $2 AND task_id IS NULL");

/// Whole threads that nobody wrote in, of tasks at their end. The newest message stays: its
/// number is where the next one's comes from.
pub(crate) const PAGE_OLD: Sql = statement!(
    "SELECT m.page_message_id FROM page_message m \
    WHERE m.at <= $1 AND (m.thread IS NULL OR NOT EXISTS (SELECT 1 FROM page_message r \
        WHERE r.page_message_id = m.thread)) \
      AND m.seq < (SELECT max(x.seq) FROM page_message x) \
      AND NOT EXISTS (SELECT 1 FROM page_message c WHERE c.thread = m.page_message_id \
        AND (c.at > $1 OR c.seq = (SELECT max(x.seq) FROM page_message x))) \
      AND NOT EXISTS (SELECT 1 FROM message w JOIN task t ON t.task_id = w.task_id \
        WHERE w.remote_id = m.page_message_id \
          AND t.state NOT IN ('completed', 'failed', 'cancelled', 'expired')) \
      AND NOT EXISTS (SELECT 1 FROM page_message c JOIN message w \
          ON w.remote_id = c.page_message_id JOIN task t ON t.task_id = w.task_id \
        WHERE c.thread = m.page_message_id \
          AND t.state NOT IN ('completed', 'failed', 'cancelled', 'expired')) \
    ORDER BY m.at LIMIT $2"
);

pub(crate) const PAGE_REPLIES: Sql =
    statement!("DELETE FROM page_message WHERE thread IN ", texts_in!(1));

pub(crate) const PAGE_MESSAGES: Sql = statement!(
    "DELETE FROM page_message WHERE page_message_id IN ",
    texts_in!(1)
);

/// Ended attempts, of tasks at their end, that may still have output.
pub(crate) const OUTPUT_OLD: Sql = statement!(
    "SELECT a.task_id, a.fence FROM attempt a \
    JOIN task t ON t.task_id = a.task_id \
    WHERE a.log_dropped_at IS NULL AND a.finished_at <= $1 AND t.completed_at <= $1 \
      AND t.state IN ('completed', 'failed', 'cancelled', 'expired') \
    ORDER BY a.finished_at LIMIT $2"
);

/// From the end: what is left of a log begins at its beginning and has no gaps.
pub(crate) const OUTPUT: Sql = statement!(
    "DELETE FROM log_chunk WHERE task_id = $1 AND fence = $2 \
    AND off IN (SELECT off FROM log_chunk WHERE task_id = $1 AND fence = $2 \
      ORDER BY off DESC LIMIT $3)"
);

pub(crate) const OUTPUT_DROPPED: Sql =
    statement!("UPDATE attempt SET log_dropped_at = $3 WHERE task_id = $1 AND fence = $2");

pub(crate) const TASKS_OLD: Sql = statement!(
    "SELECT t.task_id FROM task t \
    WHERE t.state IN ('completed', 'failed', 'cancelled', 'expired') AND t.completed_at <= $1 \
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.task_id \
        AND o.state IN ('pending', 'sending')) \
    ORDER BY t.completed_at LIMIT $2"
);

/// A task's own rows, in an order that no reference forbids. What there may be very many of is
/// left to [`LEFTOVERS`].
pub(crate) const TASKS: &[Sql] = &[
    statement!(
        "INSERT INTO leftover (task_id) SELECT task_id FROM task WHERE task_id IN ",
        texts_in!(1)
    ),
    statement!(
        "DELETE FROM approval_vote WHERE request_id IN \
          (SELECT request_id FROM approval_request WHERE task_id IN ",
        texts_in!(1),
        ")"
    ),
    statement!(
        "DELETE FROM approval_request WHERE task_id IN ",
        texts_in!(1)
    ),
    statement!("DELETE FROM action WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM question WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM message WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM plan WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM attempt WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM task_text WHERE task_id IN ", texts_in!(1)),
    statement!("DELETE FROM task WHERE task_id IN ", texts_in!(1)),
];

pub(crate) const REMOVED_TASKS: Sql =
    statement!("SELECT task_id FROM leftover WHERE files_gone = 0 ORDER BY task_id LIMIT $1");

pub(crate) const FILES_REMOVED: Sql = statement!(
    "UPDATE leftover SET files_gone = 1 WHERE task_id IN ",
    texts_in!(1)
);

pub(crate) const LEFTOVER: Sql =
    statement!("SELECT task_id FROM leftover WHERE files_gone = 1 ORDER BY task_id LIMIT 1");

/// The rows of a removed task, from the end: the numbers of its events have no gaps meanwhile.
pub(crate) const LEFTOVERS: &[Sql] = &[
    statement!(
        "DELETE FROM log_chunk WHERE (task_id, fence, off) IN (SELECT task_id, fence, off \
      FROM log_chunk WHERE task_id = $1 ORDER BY fence DESC, off DESC LIMIT $2)"
    ),
    statement!(
        "DELETE FROM outbox WHERE outbox_id IN (SELECT outbox_id FROM outbox \
      WHERE task_id = $1 AND state NOT IN ('pending', 'sending') LIMIT $2)"
    ),
    statement!(
        "DELETE FROM event WHERE seq IN (SELECT seq FROM event \
      WHERE task_id = $1 ORDER BY task_n DESC LIMIT $2)"
    ),
];

pub(crate) const LEFTOVER_GONE: Sql = statement!("DELETE FROM leftover WHERE task_id = $1");
