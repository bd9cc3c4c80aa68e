//! Approval requests and votes.

use crate::dialect::since;
use crate::statement::{Sql, statement};

pub(crate) const ASK: Sql = statement!(
    "INSERT INTO approval_request \
    (request_id, task_id, plan_no, plan_hash, need, state, created_at, expires_at, decided_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
);

pub(crate) const REQUEST: Sql = statement!(
    "SELECT request_id, state, need, plan_hash, expires_at \
    FROM approval_request WHERE task_id = $1 AND plan_no = $2"
);

pub(crate) const VOTE: Sql = statement!(
    "INSERT INTO approval_vote (request_id, user_id, decision, voted_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (request_id, user_id) DO NOTHING"
);

pub(crate) const HAS_VOTED: Sql =
    statement!("SELECT count(*) FROM approval_vote WHERE request_id = $1 AND user_id = $2");

pub(crate) const APPROVALS: Sql =
    statement!("SELECT count(*) FROM approval_vote WHERE request_id = $1 AND decision = 'approve'");

/// Only an open request whose time is not over, for the task's own plan, with votes enough.
pub(crate) const GRANT: Sql = statement!(
    "UPDATE approval_request SET state = 'granted', decided_at = $2 \
    WHERE request_id = $1 AND state = 'open' AND expires_at > $2 AND plan_hash = $3 \
      AND need <= (SELECT count(*) FROM approval_vote v \
        WHERE v.request_id = $1 AND v.decision = 'approve')"
);

pub(crate) const CLOSE: Sql = statement!(
    "UPDATE approval_request SET state = $3, decided_at = $2 \
    WHERE request_id = $1 AND state = 'open'"
);

pub(crate) const OVERDUE: Sql = statement!(
    "SELECT task_id FROM approval_request \
    WHERE state = 'open' AND expires_at <= $1",
    since!("expires_at" "$3"),
    " ORDER BY expires_at LIMIT $2"
);
