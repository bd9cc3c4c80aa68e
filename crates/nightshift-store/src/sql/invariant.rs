//! What must hold of the stored rows at any moment; each statement finds rows that break it.

/// Name of the invariant, its sentence, and the statement that finds counter-examples.
pub(crate) const ALL: &[(&str, &str, &str)] = &[
    (
        "I2",
        "a delivery's key names one delivery",
        "SELECT k.dedup_key FROM delivery_key k GROUP BY k.source, k.dedup_key \
         HAVING count(*) > 1",
    ),
    (
        "I3",
        "no attempt has a fence beyond its task's, and at most one is unfinished",
        "SELECT a.task_id FROM attempt a JOIN task t ON t.task_id = a.task_id \
         WHERE a.fence > t.fence \
         UNION SELECT a.task_id FROM attempt a WHERE a.finished_at IS NULL \
         GROUP BY a.task_id HAVING count(*) > 1",
    ),
    (
        "I4",
        "a task runs exactly while the attempt with its fence is unfinished",
        "SELECT t.task_id FROM task t WHERE t.state IN ('running', 'paused', 'cancelling') \
           AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.task_id = t.task_id \
             AND a.fence = t.fence AND a.finished_at IS NULL) \
         UNION SELECT a.task_id FROM attempt a JOIN task t ON t.task_id = a.task_id \
         WHERE a.finished_at IS NULL AND t.state NOT IN ('running', 'paused', 'cancelling')",
    ),
    (
        "I5",
        "no attempt was leased before its plan was granted under the same hash",
        "SELECT a.task_id FROM attempt a WHERE NOT EXISTS (SELECT 1 FROM approval_request r \
           WHERE r.task_id = a.task_id AND r.plan_hash = a.plan_hash AND r.state = 'granted' \
             AND r.decided_at <= a.leased_at)",
    ),
    (
        "I6",
        "a granted request has the votes it needs, and a staged task an open one",
        "SELECT r.request_id FROM approval_request r WHERE r.state = 'granted' \
           AND r.need > (SELECT count(*) FROM approval_vote v \
             WHERE v.request_id = r.request_id AND v.decision = 'approve') \
         UNION SELECT t.task_id FROM task t WHERE t.state = 'staged' AND NOT EXISTS (SELECT 1 \
           FROM approval_request r WHERE r.request_id = t.request_id AND r.state = 'open' \
             AND r.plan_hash = t.plan_hash) \
         UNION SELECT r.request_id FROM approval_request r \
           JOIN task t ON t.task_id = r.task_id WHERE r.state = 'open' AND t.state <> 'staged'",
    ),
    (
        "I7",
        "a task that is at its end has no lease, and says when it ended",
        "SELECT t.task_id FROM task t \
         WHERE t.state IN ('completed', 'failed', 'cancelled', 'expired') \
           AND (t.lease_holder IS NOT NULL OR t.completed_at IS NULL)",
    ),
    (
        "I8",
        "the events of a task are numbered without gaps, and the last move is its state",
        "SELECT e.task_id FROM event e WHERE e.task_id IS NOT NULL GROUP BY e.task_id \
         HAVING max(e.task_n) <> count(*) OR min(e.task_n) <> 1 \
         UNION SELECT t.task_id FROM task t WHERE 'task.' || t.state <> (SELECT e.kind \
           FROM event e WHERE e.task_id = t.task_id AND e.kind LIKE 'task.%' \
           ORDER BY e.task_n DESC LIMIT 1)",
    ),
    (
        "I9",
        "a task that somebody asked for in a conversation has its card and its last word there",
        "SELECT t.task_id FROM task t WHERE t.conversation_id IS NOT NULL \
           AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.task_id \
             AND o.message_key = 'card:' || t.task_id || ':' || t.plan_no) \
         UNION SELECT t.task_id FROM task t WHERE t.conversation_id IS NOT NULL \
           AND t.state IN ('completed', 'failed', 'expired') \
           AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.task_id \
             AND o.message_key IS NULL AND o.notice LIKE '%\"final\"%')",
    ),
    (
        "I10",
        "in a conversation nothing was sent before what was queued earlier",
        "SELECT cast(o.outbox_id AS TEXT) FROM outbox o WHERE o.state = 'sending' \
           AND EXISTS (SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id \
             AND e.seq < o.seq AND e.state IN ('pending', 'sending'))",
    ),
    (
        "I10",
        "the first open message of a conversation, and no other, waits for its turn in a lane",
        "SELECT cast(o.outbox_id AS TEXT) FROM outbox o WHERE o.state = 'pending' \
           AND o.due_at IS NULL AND NOT EXISTS (SELECT 1 FROM outbox e \
             WHERE e.conversation_id = o.conversation_id AND e.seq < o.seq \
               AND e.state IN ('pending', 'sending')) \
         UNION SELECT cast(o.outbox_id AS TEXT) FROM outbox o WHERE o.due_at IS NOT NULL \
           AND (o.state <> 'pending' OR o.lane_id IS NULL \
             OR EXISTS (SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id \
               AND e.seq < o.seq AND e.state IN ('pending', 'sending'))) \
         UNION SELECT 'lane ' || cast(l.lane_id AS TEXT) FROM send_lane l \
         WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.lane_id = l.lane_id \
           AND o.due_at IS NOT NULL AND (l.wake_at IS NULL \
             OR (l.wake_at > o.due_at AND l.wake_at > l.open_at)))",
    ),
    (
        "I11",
        "in no span of time was more spent of a platform's budget than its rate and its burst",
        "SELECT b.platform || ' ' || b.workspace || ' ' || b.place || ' ' || b.name \
         FROM send_bucket b JOIN (SELECT s.bucket_id, s.n * r.every_ms - s.spent_at AS used, \
             min(s.n * r.every_ms - s.spent_at) \
               OVER (PARTITION BY s.bucket_id ORDER BY s.n) AS least \
           FROM send_spent s JOIN send_bucket r ON r.bucket_id = s.bucket_id) w \
           ON w.bucket_id = b.bucket_id \
         WHERE w.used - w.least > (b.burst - 1) * b.every_ms \
         GROUP BY b.platform, b.workspace, b.place, b.name",
    ),
    (
        "I12",
        "what is leased has a time at which the lease ends",
        "SELECT t.task_id FROM task t WHERE t.state IN ('running', 'paused', 'cancelling') \
           AND (t.lease_until IS NULL OR t.lease_holder IS NULL)",
    ),
    (
        "I13",
        "the log of an attempt has no gaps",
        "SELECT l.task_id FROM log_chunk l GROUP BY l.task_id, l.fence \
         HAVING max(l.off + l.len) <> sum(l.len) OR min(l.off) <> 0",
    ),
    (
        "I14",
        "no attempt was leased after its task's cancel was asked",
        "SELECT a.task_id FROM attempt a JOIN task t ON t.task_id = a.task_id \
         WHERE t.cancel_asked_at IS NOT NULL AND a.fence = t.fence \
           AND a.leased_at > t.cancel_asked_at",
    ),
];
