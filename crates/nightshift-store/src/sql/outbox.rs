//! Conversations and the messages that go there.

use crate::dialect::{batch, field, int_field, ints_in, one_by_one, texts_in, to_change};
use crate::statement::{Script, Sql, statement, statements};

pub(crate) const OPEN_CONVERSATION: Sql = statement!(
    "INSERT INTO conversation \
    (platform, workspace, channel, thread, own_thread, next_seq) VALUES ($1, $2, $3, $4, $5, $6) \
    RETURNING conversation_id"
);

/// A task's own conversation is shared once its thread is known.
pub(crate) const FIND_CONVERSATION: Sql = statement!(
    "SELECT conversation_id FROM conversation \
    WHERE platform = $1 AND workspace = $2 AND channel = $3 \
      AND (thread = $4 OR (thread IS NULL AND $4 IS NULL AND own_thread = 0)) \
    ORDER BY conversation_id LIMIT 1"
);

pub(crate) const NEXT_SEQ: Sql = statement!(
    "UPDATE conversation SET next_seq = next_seq + 1 \
    WHERE conversation_id = $1 RETURNING next_seq"
);

pub(crate) const CONVERSATION_OF_TASK: Sql =
    statement!("SELECT task_id, conversation_id FROM task WHERE task_id = $1");

/// The row as the store has it; an item from outside names it only by its number.
pub(crate) const ITEM: Sql = statement!(
    "SELECT outbox_id, conversation_id, task_id, message_key, state, \
    whisper_to, sender FROM outbox WHERE outbox_id = $1"
);

/// The handle of a whisper is a credential: forgotten as soon as it is of no more use.
pub(crate) const SETTLE: Sql = statement!(
    "UPDATE outbox SET state = $2, settled_at = $3, error = $4, \
    whisper_handle = NULL WHERE outbox_id = $1 AND state IN ('pending', 'sending')"
);

pub(crate) const REMEMBER_MESSAGE: Sql = statement!(
    "INSERT INTO message \
    (message_key, task_id, conversation_id, channel, remote_id) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (message_key) DO UPDATE SET conversation_id = excluded.conversation_id, \
      channel = excluded.channel, remote_id = excluded.remote_id"
);

pub(crate) const ROOT_THREAD: Sql = statement!(
    "UPDATE conversation SET thread = $2 \
    WHERE conversation_id = $1 AND thread IS NULL AND own_thread = 1"
);

/// A revision that came while this one was being sent: this row renders it too.
pub(crate) const MERGE_NEWER: Sql = statement!(
    "DELETE FROM outbox WHERE message_key = $1 AND state = 'pending' AND outbox_id <> $2"
);

pub(crate) const POSTPONE: Sql = statement!(
    "UPDATE outbox SET state = 'pending', next_at = $2, \
    unsure = CASE WHEN $3 = 1 THEN 1 ELSE unsure END, error = $4 \
    WHERE outbox_id = $1 AND state IN ('pending', 'sending')"
);

pub(crate) const IN_FLIGHT: Sql = statement!(
    "SELECT outbox_id, message_key, conversation_id \
    FROM outbox WHERE state = 'sending' AND (sender IS NULL OR sender = '' \
      OR substr(sender, 1, length($1)) = $1) ORDER BY outbox_id"
);

pub(crate) const SEQ_OF: Sql =
    statement!("SELECT next_seq FROM conversation WHERE conversation_id = $1");

/// What the task has still to say in the old conversation.
pub(crate) const MOVE_TASK: Sql = statement!(
    "UPDATE outbox SET conversation_id = $3 \
    WHERE conversation_id = $1 AND task_id = $2 AND state IN ('pending', 'sending')"
);

/// Where nobody else reads, a whisper is said aloud; its handle did not work.
pub(crate) const MOVE_ONE: Sql = statement!(
    "UPDATE outbox SET conversation_id = $2, seq = $3, \
    whisper_platform = NULL, whisper_to = NULL, whisper_handle = NULL WHERE outbox_id = $1"
);

pub(crate) const AGAIN: Sql = statement!(
    "UPDATE outbox SET state = 'pending', next_at = $2, unsure = 0 \
    WHERE outbox_id = $1"
);

/// Messages in the old place cannot be edited from the new one.
pub(crate) const FORGET_MESSAGES: Sql = statement!("DELETE FROM message WHERE task_id = $1");

/// The revisions of cards that wait, and whether the cards are there to be edited.
pub(crate) const PENDING_CARDS: Sql = statement!(
    "SELECT o.outbox_id, o.message_key, o.conversation_id, o.seq, o.lane_id, m.remote_id \
     FROM outbox o LEFT JOIN message m ON m.message_key = o.message_key \
     WHERE o.state = 'pending' AND o.message_key IN ",
    texts_in!(1),
    one_by_one!("o.outbox_id"),
    to_change!("o")
);

/// The last numbers in some conversations.
pub(crate) const NUMBERS: Sql = statement!(
    "SELECT conversation_id, next_seq FROM conversation WHERE conversation_id IN ",
    ints_in!(1),
    one_by_one!("conversation_id"),
    to_change!()
);

/// Revisions of cards that change, the last numbers, and what is new; then the time.
///
/// A first try that was put off (a planning card) is due now; a row that waits after a failure
/// keeps its time. What goes to the end has no place meanwhile.
pub(crate) static QUEUE: Script = statements!(
    "UPDATE outbox SET lane_id = CASE WHEN ",
    int_field!("seq"),
    " IS NULL THEN lane_id END, due_at = CASE WHEN ",
    int_field!("seq"),
    " IS NOT NULL THEN NULL WHEN due_at IS NOT NULL AND attempt = 0 AND next_at > ",
    int_field!("show_at"),
    " THEN ",
    int_field!("show_at"),
    " ELSE due_at END, next_at = CASE WHEN attempt = 0 AND next_at > ",
    int_field!("show_at"),
    " THEN ",
    int_field!("show_at"),
    " ELSE next_at END, seq = coalesce(",
    int_field!("seq"),
    ", seq) FROM ",
    batch!(1),
    " WHERE outbox.outbox_id = ",
    int_field!("id"),
    "; UPDATE conversation SET next_seq = ",
    int_field!("next_seq"),
    " FROM ",
    batch!(2),
    " WHERE conversation.conversation_id = ",
    int_field!("conversation"),
    "; INSERT INTO outbox (conversation_id, seq, task_id, message_key, notice, carries_file, \
       whisper_platform, whisper_to, whisper_handle, state, next_at, marker, queued_at) SELECT ",
    int_field!("conversation"),
    ", ",
    int_field!("seq"),
    ", ",
    field!("task"),
    ", ",
    field!("key"),
    ", ",
    field!("notice"),
    ", ",
    int_field!("file"),
    ", ",
    field!("platform"),
    ", ",
    field!("person"),
    ", ",
    field!("handle"),
    ", 'pending', ",
    int_field!("next_at"),
    ", ",
    field!("marker"),
    ", $4 FROM ",
    batch!(3),
);
