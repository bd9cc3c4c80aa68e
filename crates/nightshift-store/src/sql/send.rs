//! Whose turn it is in the outbox, and what is left of each platform's budgets.

use crate::dialect::{batch, field, int_field, ints_in, one_by_one, to_change, to_take};
use crate::statement::{Script, Sql, statement, statements};

/// The conversations of `$n` as `c`, where joins are made in the order in which they are written.
macro_rules! joined {
    (sqlite $n:literal) => {
        "conversation c"
    };
    (postgres $n:literal) => {
        concat!(
            ints_in!(postgres $n),
            " AS those JOIN conversation c ON c.conversation_id = those.value"
        )
    };
}

/// The same where they are not.
macro_rules! only {
    (sqlite $n:literal) => {
        concat!(" WHERE c.conversation_id IN ", ints_in!(sqlite $n))
    };
    (postgres $n:literal) => {
        ""
    };
}

/// The first open message of each conversation, and which one has the conversation's place.
pub(crate) const FIRST_OPEN: Sql = statement!(
    "SELECT c.conversation_id, o.outbox_id, o.state, o.due_at, o.next_at, o.carries_file, \
       o.whisper_to, c.platform, c.workspace, c.channel, m.remote_id, s.outbox_id AS seated, \
       s.lane_id AS seated_lane \
     FROM ",
    joined!(1),
    " LEFT JOIN outbox o ON o.outbox_id = (SELECT h.outbox_id FROM outbox h \
       WHERE h.conversation_id = c.conversation_id AND h.state IN ('pending', 'sending') \
       ORDER BY h.seq LIMIT 1) \
     LEFT JOIN outbox s ON s.conversation_id = c.conversation_id AND s.due_at IS NOT NULL \
     LEFT JOIN message m ON m.message_key = o.message_key",
    only!(1),
    one_by_one!("c.conversation_id"),
    to_change!("c")
);

pub(crate) const SEATED: Sql = statement!(
    "SELECT outbox_id, lane_id FROM outbox \
    WHERE conversation_id = $1 AND due_at IS NOT NULL"
);

/// Who leaves, who comes, and the lanes that it changes.
pub(crate) static SEAT_ALL: Script = statements!(
    "UPDATE outbox SET lane_id = NULL, due_at = NULL WHERE outbox_id IN ",
    ints_in!(1),
    "; UPDATE outbox SET lane_id = ",
    int_field!("lane"),
    ", due_at = ",
    int_field!("due"),
    " FROM ",
    batch!(2),
    " WHERE outbox.outbox_id = ",
    int_field!("id"),
    "; UPDATE send_lane SET wake_at = (SELECT CASE \
       WHEN min(o.due_at) < send_lane.open_at THEN send_lane.open_at ELSE min(o.due_at) END \
     FROM outbox o WHERE o.lane_id = send_lane.lane_id AND o.due_at IS NOT NULL) \
     WHERE lane_id IN ",
    ints_in!(3)
);

pub(crate) const UNSEAT: Sql =
    statement!("UPDATE outbox SET lane_id = NULL, due_at = NULL WHERE outbox_id = $1");

pub(crate) const FIND_LANES: Sql = statement!(
    "SELECT l.lane_id, g.platform, g.workspace, g.act, l.channel FROM ",
    batch!(1),
    " JOIN send_gate g ON g.platform = ",
    field!("platform"),
    " AND g.workspace = ",
    field!("workspace"),
    " AND g.act = ",
    field!("act"),
    " JOIN send_lane l ON l.gate_id = g.gate_id AND l.channel = ",
    field!("channel")
);

pub(crate) const OPEN_GATE: Sql = statement!(
    "INSERT INTO send_gate (platform, workspace, act) \
    VALUES ($1, $2, $3) ON CONFLICT (platform, workspace, act) DO NOTHING"
);

pub(crate) const OPEN_LANE: Sql = statement!(
    "INSERT INTO send_lane (gate_id, channel) \
    SELECT g.gate_id, $4 FROM send_gate g \
    WHERE g.platform = $1 AND g.workspace = $2 AND g.act = $3 \
    ON CONFLICT (gate_id, channel) DO UPDATE SET channel = excluded.channel RETURNING lane_id"
);

/// After what waits in the lane has changed.
pub(crate) const REFRESH_LANE: Sql = statement!(
    "UPDATE send_lane SET wake_at = (SELECT CASE \
      WHEN min(o.due_at) < send_lane.open_at THEN send_lane.open_at ELSE min(o.due_at) END \
    FROM outbox o WHERE o.lane_id = send_lane.lane_id AND o.due_at IS NOT NULL) \
    WHERE lane_id = $1"
);

/// Not before `$2` by what the channel allows.
pub(crate) const HOLD_LANE: Sql = statement!(
    "UPDATE send_lane SET open_at = $2, wake_at = (SELECT CASE \
      WHEN min(o.due_at) < $2 THEN $2 ELSE min(o.due_at) END \
    FROM outbox o WHERE o.lane_id = send_lane.lane_id AND o.due_at IS NOT NULL) \
    WHERE lane_id = $1"
);

/// Few rows, each with the first time at which something of it may go.
pub(crate) const GATES: Sql = statement!(
    "SELECT g.gate_id, g.platform, g.workspace, g.act, \
      (SELECT min(l.wake_at) FROM send_lane l \
       WHERE l.gate_id = g.gate_id AND l.wake_at IS NOT NULL) AS wake_at \
    FROM send_gate g ORDER BY g.gate_id"
);

/// The next message of each lane that is awake; none where the lane was left awake in vain.
pub(crate) const HEADS: Sql = statement!(
    "SELECT o.outbox_id, l.lane_id, l.channel AS lane_channel, \
      o.conversation_id, o.due_at, o.notice, o.whisper_platform, o.whisper_to, o.whisper_handle, \
      o.unsure, o.attempt, o.marker, o.queued_at, c.platform, c.workspace, c.channel, c.thread, \
      m.channel AS sent_channel, m.remote_id, t.asker_platform, t.asker_id \
    FROM send_lane l \
    LEFT JOIN outbox o ON o.outbox_id = (SELECT h.outbox_id FROM outbox h \
      WHERE h.lane_id = l.lane_id AND h.due_at IS NOT NULL \
      ORDER BY h.due_at, h.outbox_id LIMIT 1) \
    LEFT JOIN conversation c ON c.conversation_id = o.conversation_id \
    LEFT JOIN message m ON m.message_key = o.message_key \
    LEFT JOIN task t ON t.task_id = o.task_id \
    WHERE l.gate_id = $1 AND l.wake_at <= $2 ORDER BY l.wake_at, l.lane_id LIMIT $3",
    to_take!("l")
);

/// Changes nothing where somebody else is just changing the message.
pub(crate) const SENDING: Sql = statement!(
    "UPDATE outbox SET state = 'sending', attempt = attempt + 1, lane_id = NULL, due_at = NULL, \
       sender = $2 \
     WHERE outbox_id = (SELECT s.outbox_id FROM outbox s \
       WHERE s.outbox_id = $1 AND s.state = 'pending' AND s.due_at IS NOT NULL",
    to_take!("s"),
    ")"
);

/// The same.
pub(crate) const DEFER: Sql = statement!(
    "UPDATE outbox SET due_at = $2 WHERE outbox_id = (SELECT s.outbox_id FROM outbox s \
       WHERE s.outbox_id = $1 AND s.state = 'pending' AND s.due_at IS NOT NULL",
    to_take!("s"),
    ")"
);

pub(crate) const BUCKET: Sql = statement!(
    "SELECT bucket_id, every_ms, burst, full_at, spent_at, spent \
    FROM send_bucket WHERE platform = $1 AND workspace = $2 AND place = $3 AND name = $4"
);

pub(crate) const OPEN_BUCKET: Sql = statement!(
    "INSERT INTO send_bucket (platform, workspace, place, name, \
    acts, every_ms, burst, full_at, spent_at, spent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    RETURNING bucket_id"
);

pub(crate) const SET_BUCKET: Sql = statement!(
    "UPDATE send_bucket SET acts = $2, every_ms = $3, burst = $4, \
    full_at = $5, spent_at = $6, spent = $7 WHERE bucket_id = $1"
);

/// A bucket whose rate or clock is another one begins to count anew.
pub(crate) const FORGET_BUCKET: Sql = statement!("DELETE FROM send_spent WHERE bucket_id = $1");

pub(crate) const SPEND: Sql = statement!(
    "INSERT INTO send_spent (bucket_id, n, spent_at, outbox_id) SELECT ",
    int_field!("bucket"),
    ", ",
    int_field!("n"),
    ", $2, ",
    int_field!("message"),
    " FROM ",
    batch!(1)
);

pub(crate) const FORGET_SPENT: Sql = statement!("DELETE FROM send_spent WHERE spent_at < $1");

/// A bucket that has long been full is like none.
pub(crate) const FORGET_FULL: Sql = statement!("DELETE FROM send_bucket WHERE full_at < $1");

pub(crate) const BLOCK: Sql = statement!(
    "INSERT INTO send_block \
    (platform, workspace, channel, act, blocked_until) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (platform, workspace, channel, act) DO UPDATE SET blocked_until = \
      CASE WHEN excluded.blocked_until > send_block.blocked_until \
        THEN excluded.blocked_until ELSE send_block.blocked_until END"
);

/// Who was told to wait does not find its buckets full afterwards: one token, then as they fill.
pub(crate) const DRAIN: Sql = statement!(
    "UPDATE send_bucket SET full_at = $5 + (burst - 1) * every_ms \
    WHERE platform = $1 AND ($2 = '' OR workspace = $2) AND ($3 = '' OR place = $3) \
      AND acts LIKE '%,' || $4 || ',%' AND full_at < $5 + (burst - 1) * every_ms"
);

pub(crate) const BLOCKS: Sql = statement!(
    "SELECT platform, workspace, channel, act, blocked_until \
    FROM send_block WHERE blocked_until > $1"
);

pub(crate) const FORGET_BLOCKS: Sql =
    statement!("DELETE FROM send_block WHERE blocked_until <= $1");

pub(crate) const UNBLOCK: Sql = statement!(
    "DELETE FROM send_block \
    WHERE platform = $1 AND workspace = $2 AND channel = '' AND blocked_until > $3"
);

/// The buckets of whole platforms and workspaces: few rows.
pub(crate) const WIDE_BUCKETS: Sql = statement!(
    "SELECT platform, workspace, acts, every_ms, burst, full_at \
    FROM send_bucket WHERE place = '' AND full_at > $1"
);
