//! Who is there, and who leads.

use crate::dialect::texts_in;
use crate::statement::{Sql, statement};

pub(crate) const SERVER_TIME: Sql = Sql {
    sqlite: "SELECT cast(unixepoch('subsec') * 1000 AS INTEGER)",
    postgres: "SELECT cast(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
};

/// What was moved here is worked on from now on: it must not be replaced by another move.
pub(crate) const IN_SERVICE: Sql = statement!("DELETE FROM meta WHERE name = 'moved'");

/// Takes the place of an earlier life.
pub(crate) const APPEAR: Sql = Sql {
    sqlite: "INSERT INTO replica (replica_id, life, name, started_at, seen_at, server_at) \
        VALUES ($1, $2, $3, $4, $4, cast(unixepoch('subsec') * 1000 AS INTEGER)) \
        ON CONFLICT (replica_id) DO UPDATE SET life = excluded.life, name = excluded.name, \
          started_at = excluded.started_at, seen_at = excluded.seen_at, \
          server_at = excluded.server_at",
    postgres: "INSERT INTO replica (replica_id, life, name, started_at, seen_at, server_at) \
        VALUES ($1, $2, $3, $4, $4, cast(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)) \
        ON CONFLICT (replica_id) DO UPDATE SET life = excluded.life, name = excluded.name, \
          started_at = excluded.started_at, seen_at = excluded.seen_at, \
          server_at = excluded.server_at",
};

pub(crate) const STILL_HERE: Sql = Sql {
    sqlite: "UPDATE replica SET seen_at = $3, \
        server_at = cast(unixepoch('subsec') * 1000 AS INTEGER) \
        WHERE replica_id = $1 AND life = $2",
    postgres: "UPDATE replica SET seen_at = $3, \
        server_at = cast(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) \
        WHERE replica_id = $1 AND life = $2",
};

pub(crate) const SEEN: Sql = statement!(
    "SELECT replica_id, life, name, started_at, seen_at FROM replica \
    WHERE seen_at >= $1 ORDER BY name, replica_id"
);

/// What those that are there make of the database's clock: all the same, but for what a heartbeat
/// takes.
pub(crate) const OFFSET: Sql = Sql {
    sqlite: "SELECT max(seen_at - server_at) FROM replica \
        WHERE server_at > cast(unixepoch('subsec') * 1000 AS INTEGER) - $1",
    postgres: "SELECT max(seen_at - server_at) FROM replica WHERE server_at > \
        cast(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) - $1",
};

/// Servers that have not been there for long.
pub(crate) const FORGET: Sql = statement!("DELETE FROM replica WHERE seen_at < $1");

pub(crate) const LEADERS: Sql = statement!("SELECT work, holder, until_at FROM leader");

/// Begins a term, or goes on with one.
pub(crate) const LEAD: Sql = statement!(
    "INSERT INTO leader (work, holder, epoch, until_at) VALUES ($1, $2, 1, $3) \
    ON CONFLICT (work) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at, \
      epoch = CASE WHEN leader.holder = excluded.holder THEN leader.epoch \
        ELSE leader.epoch + 1 END \
    WHERE leader.holder = excluded.holder OR leader.until_at <= $4 RETURNING epoch"
);

pub(crate) const STEP_DOWN: Sql = statement!("UPDATE leader SET until_at = 0 WHERE holder = $1");

/// What is led at this time. Nobody takes it over before the transaction ends.
pub(crate) const LED: Sql = Sql {
    sqlite: "SELECT work FROM leader WHERE holder = $1 AND until_at > $2 AND work IN \
        (SELECT value FROM json_each($3)) ORDER BY work",
    postgres: "SELECT work FROM leader WHERE holder = $1 AND until_at > $2 AND work IN \
        (SELECT value FROM jsonb_array_elements_text(cast($3 AS JSONB))) ORDER BY work FOR SHARE",
};

/// What others were sending to a platform.
pub(crate) const SENT_BY_OTHERS: Sql = statement!(
    "SELECT o.outbox_id, o.task_id FROM outbox o \
    JOIN conversation c ON c.conversation_id = o.conversation_id AND c.platform = $1 \
    WHERE o.state = 'sending' AND (o.sender IS NULL OR o.sender <> $2) ORDER BY o.outbox_id"
);

pub(crate) const SHARE: Sql = statement!(
    "INSERT INTO shared_value (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
);

pub(crate) const SHARED: Sql = statement!("SELECT value FROM shared_value WHERE name = $1");

pub(crate) const KEEP_FILE: Sql = statement!(
    "INSERT INTO result_chunk (task_id, fence, path, off, data) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (task_id, fence, path, off) DO NOTHING"
);

pub(crate) const READ_FILE: Sql = statement!(
    "SELECT data FROM result_chunk WHERE task_id = $1 AND fence = $2 AND path = $3 AND off = $4"
);

pub(crate) const FORGET_FILES: Sql =
    statement!("DELETE FROM result_chunk WHERE task_id IN ", texts_in!(1));
