//! Conversations and the messages that go there.

use crate::dialect::ints_in;

pub(crate) const OPEN_CONVERSATION: &str = "INSERT INTO conversation \
    (platform, workspace, channel, thread, own_thread, next_seq) VALUES ($1, $2, $3, $4, $5, $6) \
    RETURNING conversation_id";

/// A task's own conversation is shared once its thread is known.
pub(crate) const FIND_CONVERSATION: &str = "SELECT conversation_id FROM conversation \
    WHERE platform = $1 AND workspace = $2 AND channel = $3 \
      AND (thread = $4 OR (thread IS NULL AND $4 IS NULL AND own_thread = 0)) \
    ORDER BY conversation_id LIMIT 1";

pub(crate) const NEXT_SEQ: &str = "UPDATE conversation SET next_seq = next_seq + 1 \
    WHERE conversation_id = $1 RETURNING next_seq";

pub(crate) const CONVERSATION_OF_TASK: &str =
    "SELECT task_id, conversation_id FROM task WHERE task_id = $1";

pub(crate) const ENQUEUE: &str = "INSERT INTO outbox (conversation_id, seq, task_id, message_key, \
    notice, whisper_platform, whisper_to, whisper_handle, state, next_at, marker, queued_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $11)";

/// The newest revision is rendered when it is sent: one pending row is enough. A first try that
/// was put off (a planning card) is due now; a row that waits after a failure keeps its time.
pub(crate) const TOUCH_CARD: &str = "UPDATE outbox SET next_at = \
      CASE WHEN attempt = 0 AND next_at > $2 THEN $2 ELSE next_at END \
    WHERE message_key = $1 AND state = 'pending'";

pub(crate) const CLAIM: &str = "SELECT o.outbox_id, o.conversation_id, o.notice, \
      o.whisper_platform, o.whisper_to, o.whisper_handle, o.unsure, o.attempt, o.marker, \
      o.queued_at, c.platform, c.workspace, c.channel, c.thread, \
      m.channel AS sent_channel, m.remote_id, t.asker_platform, t.asker_id \
    FROM outbox o JOIN conversation c ON c.conversation_id = o.conversation_id \
    LEFT JOIN message m ON m.message_key = o.message_key \
    LEFT JOIN task t ON t.task_id = o.task_id \
    WHERE o.state = 'pending' AND o.next_at <= $1 \
      AND (o.whisper_to IS NOT NULL OR \
        CASE WHEN m.remote_id IS NULL THEN c.pace_until ELSE c.edit_pace_until END <= $1) \
      AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id \
        AND e.seq < o.seq AND e.state IN ('pending', 'sending')) \
      AND NOT EXISTS (SELECT 1 FROM platform_block b WHERE b.platform = c.platform \
        AND b.workspace = c.workspace AND b.blocked_until > $1) \
    ORDER BY o.next_at, o.outbox_id LIMIT $2";

pub(crate) const SENDING: &str = concat!(
    "UPDATE outbox SET state = 'sending', attempt = attempt + 1 WHERE outbox_id IN ",
    ints_in!(1)
);

/// The row as the store has it; an item from outside names it only by its number.
pub(crate) const ITEM: &str = "SELECT outbox_id, conversation_id, task_id, message_key, state, \
    whisper_to FROM outbox WHERE outbox_id = $1";

/// The handle of a whisper is a credential: forgotten as soon as it is of no more use.
pub(crate) const SETTLE: &str = "UPDATE outbox SET state = $2, settled_at = $3, error = $4, \
    whisper_handle = NULL WHERE outbox_id = $1 AND state IN ('pending', 'sending')";

pub(crate) const REMEMBER_MESSAGE: &str = "INSERT INTO message \
    (message_key, task_id, conversation_id, channel, remote_id) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (message_key) DO UPDATE SET conversation_id = excluded.conversation_id, \
      channel = excluded.channel, remote_id = excluded.remote_id";

pub(crate) const ROOT_THREAD: &str = "UPDATE conversation SET thread = $2 \
    WHERE conversation_id = $1 AND thread IS NULL AND own_thread = 1";

pub(crate) const PACE_POSTS: &str = "UPDATE conversation SET pace_until = $2 \
    WHERE conversation_id = $1 AND pace_until < $2";

pub(crate) const PACE_EDITS: &str = "UPDATE conversation SET edit_pace_until = $2 \
    WHERE conversation_id = $1 AND edit_pace_until < $2";

/// A revision that came while this one was being sent: this row renders it too.
pub(crate) const MERGE_NEWER: &str =
    "DELETE FROM outbox WHERE message_key = $1 AND state = 'pending' AND outbox_id <> $2";

pub(crate) const POSTPONE: &str = "UPDATE outbox SET state = 'pending', next_at = $2, \
    unsure = CASE WHEN $3 = 1 THEN 1 ELSE unsure END, error = $4 \
    WHERE outbox_id = $1 AND state IN ('pending', 'sending')";

pub(crate) const IN_FLIGHT: &str =
    "SELECT outbox_id, message_key FROM outbox WHERE state = 'sending' ORDER BY outbox_id";

pub(crate) const SEQ_OF: &str = "SELECT next_seq FROM conversation WHERE conversation_id = $1";

/// What the task has still to say in the old conversation.
pub(crate) const MOVE_TASK: &str = "UPDATE outbox SET conversation_id = $3 \
    WHERE conversation_id = $1 AND task_id = $2 AND state IN ('pending', 'sending')";

/// Where nobody else reads, a whisper is said aloud; its handle did not work.
pub(crate) const MOVE_ONE: &str = "UPDATE outbox SET conversation_id = $2, seq = $3, \
    whisper_platform = NULL, whisper_to = NULL, whisper_handle = NULL WHERE outbox_id = $1";

pub(crate) const AGAIN: &str = "UPDATE outbox SET state = 'pending', next_at = $2, unsure = 0 \
    WHERE outbox_id = $1";

/// Messages in the old place cannot be edited from the new one.
pub(crate) const FORGET_MESSAGES: &str = "DELETE FROM message WHERE task_id = $1";

pub(crate) const BLOCK: &str = "INSERT INTO platform_block (platform, workspace, blocked_until) \
    VALUES ($1, $2, $3) ON CONFLICT (platform, workspace) DO UPDATE SET blocked_until = \
      CASE WHEN excluded.blocked_until > platform_block.blocked_until \
        THEN excluded.blocked_until ELSE platform_block.blocked_until END";

pub(crate) const UNBLOCK: &str = "DELETE FROM platform_block \
    WHERE platform = $1 AND workspace = $2 AND blocked_until > $3";

pub(crate) const NEXT_DUE: &str = "SELECT min(CASE WHEN h.own >= h.pace AND h.own >= h.blocked \
        THEN h.own WHEN h.pace >= h.blocked THEN h.pace ELSE h.blocked END) AS due \
    FROM (SELECT o.next_at AS own, \
        CASE WHEN o.whisper_to IS NOT NULL THEN 0 WHEN m.remote_id IS NULL \
          THEN c.pace_until ELSE c.edit_pace_until END AS pace, \
        coalesce(b.blocked_until, 0) AS blocked \
      FROM outbox o JOIN conversation c ON c.conversation_id = o.conversation_id \
      LEFT JOIN message m ON m.message_key = o.message_key \
      LEFT JOIN platform_block b ON b.platform = c.platform AND b.workspace = c.workspace \
      WHERE o.state = 'pending' AND NOT EXISTS (SELECT 1 FROM outbox e \
        WHERE e.conversation_id = o.conversation_id AND e.seq < o.seq \
          AND e.state IN ('pending', 'sending'))) h";
