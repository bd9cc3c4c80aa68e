//! Work of our own that happens by the clock.

use crate::statement::{Sql, statement};

pub(crate) const TIMER: Sql =
    statement!("SELECT name, last_at, next_at FROM timer WHERE name = $1");

/// The first run ever has nothing to compare with: the row itself decides.
pub(crate) const FIRST_RUN: Sql = statement!(
    "INSERT INTO timer (name, last_at, next_at) \
    VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"
);

pub(crate) const CLAIM_RUN: Sql = statement!(
    "UPDATE timer SET last_at = $2, next_at = $3 WHERE name = $1 AND last_at = $4 AND next_at = $5"
);

/// Open requests in the second half of their time that expire before `$2`.
pub(crate) const TO_REMIND: Sql = statement!(
    "SELECT r.request_id, t.task_id, t.plan_no, t.conversation_id \
    FROM approval_request r JOIN task t ON t.task_id = r.task_id AND t.request_id = r.request_id \
    WHERE r.state = 'open' AND r.expires_at > $1 AND r.expires_at <= $2 \
      AND r.reminded_at IS NULL AND $1 - r.created_at >= r.expires_at - $1 \
      AND t.state = 'staged' AND t.conversation_id IS NOT NULL \
    ORDER BY r.expires_at LIMIT $3"
);

pub(crate) const MARK_REMINDED: Sql = statement!(
    "UPDATE approval_request SET reminded_at = $2 \
    WHERE request_id = $1 AND state = 'open' AND reminded_at IS NULL"
);
