//! Of what comes in.

use super::Invariant;
use crate::dialect::json_text;
use crate::statement::statement;

pub(super) const INVARIANTS: &[Invariant] = &[
    // As long as a repetition can come: a day less than deliveries are kept.
    Invariant {
        name: "I1",
        sentence: "what was accepted is kept until it was acted on, and as long as it can come again",
        sql: statement!(
            "SELECT a.delivery_id FROM (SELECT ",
            json_text!("e.data", "delivery"),
            " AS delivery_id FROM event e WHERE e.kind = 'delivery.accepted' \
               AND e.at > (SELECT max(n.at) FROM event n) - 1123200000) a \
             WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.delivery_id = a.delivery_id) \
               AND a.delivery_id IN (SELECT k.delivery_id FROM delivery_key k) \
             UNION SELECT i.delivery_id FROM inbox i \
             WHERE i.settled_at IS NULL AND i.payload IS NULL"
        ),
    },
    Invariant {
        name: "I2",
        sentence: "a delivery makes one task, and a key names one delivery",
        sql: statement!(
            "SELECT d.delivery_id FROM (SELECT e.task_id, ",
            json_text!("e.data", "delivery"),
            " AS delivery_id FROM event e WHERE e.kind = 'task.planning' AND e.task_n = 1) d \
             WHERE d.delivery_id IS NOT NULL \
             GROUP BY d.delivery_id HAVING count(DISTINCT d.task_id) > 1 \
             UNION SELECT k.dedup_key FROM delivery_key k \
             GROUP BY k.source, k.dedup_key HAVING count(*) > 1"
        ),
    },
];
