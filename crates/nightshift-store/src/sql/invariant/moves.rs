//! Of what tasks become, and who decided it.

use super::Invariant;
use crate::dialect::json_text;
use crate::statement::statement;

/// From where, and into what, there is a move: a test holds it against the table in core.
macro_rules! moves {
    ($($engine:ident)?) => {
        "'cancelling task.cancelled', 'cancelling task.completed', 'cancelling task.failed', \
         'expired task.planning', 'failed task.planning', 'paused task.cancelling', \
         'paused task.completed', 'paused task.failed', 'paused task.queued', \
         'paused task.running', 'planning task.cancelled', 'planning task.expired', \
         'planning task.failed', 'planning task.queued', 'planning task.staged', \
         'queued task.cancelled', 'queued task.expired', 'queued task.failed', \
         'queued task.running', 'running task.cancelling', 'running task.completed', \
         'running task.failed', 'running task.paused', 'running task.queued', \
         'staged task.cancelled', 'staged task.expired', 'staged task.planning', \
         'staged task.queued'"
    };
}

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "I6",
        sentence: "a granted request has the votes it needs, and a staged task an open one",
        sql: statement!(
            "SELECT r.request_id FROM approval_request r WHERE r.state = 'granted' \
           AND r.need > (SELECT count(*) FROM approval_vote v \
             WHERE v.request_id = r.request_id AND v.decision = 'approve') \
         UNION SELECT t.task_id FROM task t WHERE t.state = 'staged' AND NOT EXISTS (SELECT 1 \
           FROM approval_request r WHERE r.request_id = t.request_id AND r.state = 'open' \
             AND r.plan_hash = t.plan_hash) \
         UNION SELECT r.request_id FROM approval_request r \
           JOIN task t ON t.task_id = r.task_id WHERE r.state = 'open' AND t.state <> 'staged'"
        ),
    },
    Invariant {
        name: "I6",
        sentence: "a request that is decided says when, and none is granted against a rejection",
        sql: statement!(
            "SELECT r.request_id FROM approval_request r \
              WHERE (r.state = 'open') <> (r.decided_at IS NULL) \
              UNION SELECT r.request_id FROM approval_request r WHERE r.state = 'granted' \
                AND EXISTS (SELECT 1 FROM approval_vote v WHERE v.request_id = r.request_id \
                  AND v.decision = 'reject')"
        ),
    },
    Invariant {
        name: "I7",
        sentence: "a task that is at its end has no lease, and says when it ended",
        sql: statement!(
            "SELECT t.task_id FROM task t \
         WHERE t.state IN ('completed', 'failed', 'cancelled', 'expired') \
           AND (t.lease_holder IS NOT NULL OR t.completed_at IS NULL)"
        ),
    },
    Invariant {
        name: "I7",
        sentence: "nothing became what the table of moves does not allow",
        sql: statement!(
            "SELECT e.task_id FROM event e WHERE e.kind LIKE 'task.%' AND ",
            json_text!("e.data", "from"),
            " IS NOT NULL AND ",
            json_text!("e.data", "from"),
            " || ' ' || e.kind NOT IN (",
            moves!(),
            ")"
        ),
    },
    Invariant {
        name: "I8",
        sentence: "the events of a task are numbered without gaps, and the last move is its state",
        sql: statement!(
            "SELECT e.task_id FROM event e WHERE e.task_id IS NOT NULL GROUP BY e.task_id \
              HAVING max(e.task_n) <> count(*) OR min(e.task_n) <> 1 \
              UNION SELECT t.task_id FROM task t \
              WHERE 'task.' || t.state <> coalesce((SELECT e.kind FROM event e \
                WHERE e.task_id = t.task_id AND e.kind LIKE 'task.%' \
                ORDER BY e.task_n DESC LIMIT 1), '')"
        ),
    },
    Invariant {
        name: "I8",
        sentence: "every move begins where the one before it ended",
        sql: statement!(
            "SELECT m.task_id FROM (SELECT e.task_id, ",
            json_text!("e.data", "from"),
            " AS begins, lag(e.kind) OVER (PARTITION BY e.task_id ORDER BY e.task_n) AS ended \
             FROM event e WHERE e.kind LIKE 'task.%') m \
             WHERE 'task.' || coalesce(m.begins, '') <> coalesce(m.ended, 'task.')"
        ),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nightshift_core::task::state::diagram;

    #[test]
    fn the_moves_are_those_of_the_table() {
        let table: BTreeSet<String> = diagram::rows()
            .iter()
            .map(|row| format!("'{} {}'", row.from.name(), row.made.to.event()))
            .collect();
        let here: BTreeSet<String> = moves!().split(", ").map(str::to_owned).collect();
        assert_eq!(here, table);
    }
}
