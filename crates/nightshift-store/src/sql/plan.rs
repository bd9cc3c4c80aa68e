//! Plans and the planner's leases.

use crate::dialect::{since, to_take};
use crate::statement::{Sql, statement};

pub(crate) const FIRST_PLANNING: Sql =
    statement!("SELECT state_at FROM task WHERE state = 'planning' ORDER BY state_at LIMIT 1");

/// The task that has waited longest for a plan and that nobody plans now; `$2` is the low-water
/// mark.
pub(crate) const NEXT_PLANNING: Sql = statement!(
    "SELECT task_id FROM task WHERE state = 'planning' \
    AND run_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)",
    since!("state_at" "$2"),
    " ORDER BY state_at, task_id LIMIT 1",
    to_take!("task")
);

/// The state is checked so that no index of it is used: see [`super::attempt::START`].
pub(crate) const LEASE_PLANNING: Sql = statement!(
    "UPDATE task SET fence = fence + 1, lease_holder = $3, \
    lease_until = $4, version = version + 1 \
    WHERE task_id = $1 AND version = $2 AND coalesce(state, '') = 'planning'"
);

/// `$3` is what it adds to the losses.
pub(crate) const FREE_PLANNING: Sql = statement!(
    "UPDATE task SET lease_holder = NULL, lease_until = NULL, \
    lost_count = lost_count + $3, version = version + 1 \
    WHERE task_id = $1 AND version = $2 AND coalesce(state, '') = 'planning'"
);

pub(crate) const RECORD: Sql =
    statement!("INSERT INTO plan (task_id, plan_no, plan_hash, body) VALUES ($1, $2, $3, $4)");

pub(crate) const SET_FEEDBACK: Sql =
    statement!("UPDATE plan SET feedback = $3 WHERE task_id = $1 AND plan_no = $2");

pub(crate) const FEEDBACK: Sql = statement!(
    "SELECT feedback FROM plan WHERE task_id = $1 \
    AND feedback IS NOT NULL ORDER BY plan_no"
);

pub(crate) const PLAN: Sql =
    statement!("SELECT task_id, plan_hash, body FROM plan WHERE task_id = $1 AND plan_no = $2");
