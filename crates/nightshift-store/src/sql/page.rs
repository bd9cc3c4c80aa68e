//! Messages of the built-in page.

use crate::statement::{Sql, statement};

/// Each post or edit gets the highest number: readers ask for what is newer.
pub(crate) const PUT: Sql = statement!(
    "INSERT INTO page_message \
    (page_message_id, seq, channel, thread, author, only_for, body, at) \
    VALUES ($1, (SELECT coalesce(max(m.seq), 0) + 1 FROM page_message m), \
      $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (page_message_id) DO UPDATE SET seq = excluded.seq, channel = excluded.channel, \
      thread = excluded.thread, author = excluded.author, only_for = excluded.only_for, \
      body = excluded.body, at = excluded.at \
    RETURNING seq"
);

pub(crate) const MESSAGE: Sql = statement!(
    "SELECT page_message_id, seq, channel, thread, author, only_for, \
      body, at FROM page_message WHERE page_message_id = $1"
);

pub(crate) const MESSAGES: Sql = statement!(
    "SELECT page_message_id, seq, channel, thread, author, only_for, \
      body, at FROM page_message \
    WHERE channel = $1 AND seq > $3 AND (only_for IS NULL OR only_for = $2) \
    ORDER BY seq LIMIT $4"
);
