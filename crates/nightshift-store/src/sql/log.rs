//! Output of attempts, as chunks by byte offset.

use crate::statement::{Sql, statement};

/// Chunks have no gaps: the last one tells.
pub(crate) const END: Sql = statement!(
    "SELECT off + len FROM log_chunk \
    WHERE task_id = $1 AND fence = $2 ORDER BY off DESC LIMIT 1"
);

pub(crate) const CURRENT: Sql = statement!(
    "SELECT count(*) FROM task t JOIN attempt a \
      ON a.task_id = t.task_id AND a.fence = t.fence AND a.finished_at IS NULL \
    WHERE t.task_id = $1 AND t.fence = $2"
);

pub(crate) const APPEND: Sql = statement!(
    "INSERT INTO log_chunk (task_id, fence, off, len, data) VALUES ($1, $2, $3, $4, $5)"
);

pub(crate) const READ: Sql = statement!(
    "SELECT task_id, off, data FROM log_chunk \
    WHERE task_id = $1 AND fence = $2 AND off < $4 AND off >= coalesce((SELECT max(s.off) \
      FROM log_chunk s WHERE s.task_id = $1 AND s.fence = $2 AND s.off <= $3), 0) ORDER BY off"
);
