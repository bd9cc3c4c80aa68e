//! Of attempts: their fences, leases and output.

use super::Invariant;
use crate::dialect::json_text;
use crate::statement::statement;

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "I3",
        sentence: "no attempt has a fence beyond its task's, and at most one is unfinished",
        sql: statement!(
            "SELECT a.task_id FROM attempt a JOIN task t ON t.task_id = a.task_id \
              WHERE a.fence > t.fence \
              UNION SELECT a.task_id FROM attempt a WHERE a.finished_at IS NULL \
              GROUP BY a.task_id HAVING count(*) > 1"
        ),
    },
    Invariant {
        name: "I3",
        sentence: "fences grow from lease to lease",
        sql: statement!(
            "SELECT l.task_id FROM (SELECT e.task_id, cast(",
            json_text!("e.data", "fence"),
            " AS BIGINT) AS fence, lag(cast(",
            json_text!("e.data", "fence"),
            " AS BIGINT)) OVER (PARTITION BY e.task_id ORDER BY e.task_n) AS before \
             FROM event e WHERE e.kind = 'attempt.leased') l WHERE l.fence <= l.before"
        ),
    },
    Invariant {
        name: "I4",
        sentence: "a task runs exactly while the attempt with its fence is unfinished",
        sql: statement!(
            "SELECT t.task_id FROM task t WHERE t.state IN ('running', 'paused', 'cancelling') \
           AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.task_id = t.task_id \
             AND a.fence = t.fence AND a.finished_at IS NULL) \
         UNION SELECT a.task_id FROM attempt a JOIN task t ON t.task_id = a.task_id \
         WHERE a.finished_at IS NULL AND t.state NOT IN ('running', 'paused', 'cancelling')"
        ),
    },
    Invariant {
        name: "I5",
        sentence: "no attempt was leased but for a plan that was granted under the same hash",
        sql: statement!(
            "SELECT a.task_id FROM attempt a WHERE NOT EXISTS (SELECT 1 FROM approval_request r \
                WHERE r.task_id = a.task_id AND r.plan_hash = a.plan_hash \
                  AND r.state = 'granted' AND r.decided_at <= a.leased_at)"
        ),
    },
    Invariant {
        name: "I5",
        sentence: "every lease comes after a grant, and after the grant no new plan was begun",
        sql: statement!(
            "SELECT l.task_id FROM event l WHERE l.kind = 'attempt.leased' \
                AND 'approval.granted' <> coalesce((SELECT e.kind FROM event e \
                  WHERE e.task_id = l.task_id AND e.task_n < l.task_n \
                    AND e.kind IN ('approval.granted', 'task.planning') \
                  ORDER BY e.task_n DESC LIMIT 1), '')"
        ),
    },
    Invariant {
        name: "I12",
        sentence: "what is leased has a time at which the lease ends",
        sql: statement!(
            "SELECT t.task_id FROM task t \
              WHERE t.state IN ('running', 'paused', 'cancelling') \
                AND (t.lease_until IS NULL OR t.lease_holder IS NULL) \
              UNION SELECT t.task_id FROM task t \
              WHERE t.state = 'planning' AND t.lease_holder IS NOT NULL AND t.lease_until IS NULL"
        ),
    },
    // The times of bytes do not matter, their places do.
    Invariant {
        name: "I13",
        sentence: "the output of an attempt is one sequence of bytes without gaps",
        sql: statement!(
            "SELECT c.task_id FROM (SELECT l.task_id, l.off, \
                lag(l.off + l.len, 1, 0) OVER (PARTITION BY l.task_id, l.fence ORDER BY l.off) \
                  AS due FROM log_chunk l) c WHERE c.off <> c.due"
        ),
    },
    Invariant {
        name: "I14",
        sentence: "nothing was leased but from the queue, and what is to be cancelled neither waits nor runs",
        sql: statement!(
            "SELECT l.task_id FROM event l WHERE l.kind = 'attempt.leased' \
                AND 'task.queued' <> coalesce((SELECT e.kind FROM event e \
                  WHERE e.task_id = l.task_id AND e.task_n < l.task_n AND e.kind LIKE 'task.%' \
                  ORDER BY e.task_n DESC LIMIT 1), '') \
              UNION SELECT t.task_id FROM task t \
              WHERE t.cancel_asked_at IS NOT NULL \
                AND t.state IN ('planning', 'staged', 'queued', 'running', 'paused')"
        ),
    },
];
