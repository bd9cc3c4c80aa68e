//! Of messages: written with the move, sent in order and in pace.

use super::Invariant;
use crate::statement::statement;

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "I9",
        sentence: "a task that somebody asked for in a conversation has its card and its last word there",
        sql: statement!(
            "SELECT t.task_id FROM task t WHERE t.conversation_id IS NOT NULL \
           AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.task_id \
             AND o.message_key = 'card:' || t.task_id || ':' || t.plan_no) \
         UNION SELECT t.task_id FROM task t WHERE t.conversation_id IS NOT NULL \
           AND t.state IN ('completed', 'failed', 'expired') \
           AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_id = t.task_id \
             AND o.message_key IS NULL AND o.notice LIKE '%\"final\"%')"
        ),
    },
    Invariant {
        name: "I10",
        sentence: "in a conversation nothing was sent before what was queued earlier",
        sql: statement!(
            "SELECT cast(o.outbox_id AS TEXT) FROM outbox o WHERE o.state = 'sending' \
           AND EXISTS (SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id \
             AND e.seq < o.seq AND e.state IN ('pending', 'sending'))"
        ),
    },
    Invariant {
        name: "I10",
        sentence: "the first open message of a conversation, and no other, waits for its turn in a lane",
        sql: statement!(
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
             OR (l.wake_at > o.due_at AND l.wake_at > l.open_at)))"
        ),
    },
    Invariant {
        name: "I11",
        sentence: "in no span of time was more spent of a platform's budget than its rate and its burst",
        sql: statement!(
            "SELECT b.platform || ' ' || b.workspace || ' ' || b.place || ' ' || b.name \
         FROM send_bucket b JOIN (SELECT s.bucket_id, s.n * r.every_ms - s.spent_at AS used, \
             min(s.n * r.every_ms - s.spent_at) \
               OVER (PARTITION BY s.bucket_id ORDER BY s.n) AS least \
           FROM send_spent s JOIN send_bucket r ON r.bucket_id = s.bucket_id) w \
           ON w.bucket_id = b.bucket_id \
         WHERE w.used - w.least > (b.burst - 1) * b.every_ms \
         GROUP BY b.platform, b.workspace, b.place, b.name"
        ),
    },
];
