//! Tasks.

use crate::dialect::{
    batch, field, int_field, json_rows, one_by_one, since, texts_in, to_change, to_take,
};
use crate::statement::{Sql, statement};

macro_rules! row_columns {
    ($($engine:ident)?) => {
        "t.task_id, t.kind, t.owner, t.conversation_id, t.state, t.state_at, t.request_id, \
         t.stop_by, t.reason, t.detail, t.version, t.fence, t.attempt_fence, t.attempt_no, \
         t.lost_count, t.plan_no, t.plan_hash, t.executor, t.subject, t.project, t.run_at, \
         t.lease_holder, t.lease_until, t.cancel_asked_at, t.queued_at, t.started_at, \
         t.completed_at"
    };
}

pub(crate) const ROW: Sql = statement!(
    "SELECT ",
    row_columns!(),
    " FROM task t WHERE t.task_id = $1",
    to_change!()
);

pub(crate) const ROWS: Sql = statement!(
    "SELECT ",
    row_columns!(),
    " FROM task t WHERE t.task_id IN ",
    texts_in!(1),
    one_by_one!("t.task_id"),
    to_change!()
);

/// The one statement that moves tasks; tells which of them it has moved.
pub(crate) const MOVE: Sql = statement!(
    "UPDATE task SET version = version + 1, state = ",
    field!("state"),
    ", state_at = ",
    int_field!("state_at"),
    ", request_id = ",
    field!("request_id"),
    ", stop_by = ",
    field!("stop_by"),
    ", reason = ",
    field!("reason"),
    ", detail = ",
    field!("detail"),
    ", fence = ",
    int_field!("fence"),
    ", attempt_fence = ",
    int_field!("attempt_fence"),
    ", attempt_no = ",
    int_field!("attempt_no"),
    ", lost_count = ",
    int_field!("lost_count"),
    ", plan_no = ",
    int_field!("plan_no"),
    ", plan_hash = ",
    field!("plan_hash"),
    ", executor = ",
    field!("executor"),
    ", subject = ",
    field!("subject"),
    ", project = ",
    field!("project"),
    ", run_at = ",
    int_field!("run_at"),
    ", lease_holder = ",
    field!("lease_holder"),
    ", lease_until = ",
    int_field!("lease_until"),
    ", cancel_asked_at = ",
    int_field!("cancel_asked_at"),
    ", queued_at = ",
    int_field!("queued_at"),
    ", started_at = ",
    int_field!("started_at"),
    ", completed_at = ",
    int_field!("completed_at"),
    " FROM ",
    batch!(1),
    " WHERE task.task_id = ",
    field!("task_id"),
    " AND task.version = ",
    int_field!("version"),
    " AND task.state = ",
    field!("from"),
    " RETURNING task.task_id"
);

pub(crate) const CREATE: Sql = statement!(
    "INSERT INTO task (task_id, kind, owner, conversation_id, \
    asker_platform, asker_id, state, state_at, run_at, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, 'planning', $7, $7, $7)"
);

pub(crate) const CREATE_TEXT: Sql =
    statement!("INSERT INTO task_text (task_id, description, wishes) VALUES ($1, $2, $3)");

pub(crate) const EXISTS: Sql = statement!("SELECT count(*) FROM task WHERE task_id = $1");

pub(crate) const SET_CONVERSATION: Sql =
    statement!("UPDATE task SET conversation_id = $2, version = version + 1 WHERE task_id = $1");

pub(crate) const REPLAY: Sql = statement!(
    "SELECT task_id, body_hash FROM idempotency \
    WHERE user_id = $1 AND client_key = $2 AND at > $3"
);

pub(crate) const REMEMBER_KEY: Sql = statement!(
    "INSERT INTO idempotency \
    (user_id, client_key, body_hash, task_id, at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (user_id, client_key) DO UPDATE SET body_hash = excluded.body_hash, \
      task_id = excluded.task_id, at = excluded.at"
);

/// Everything of the tasks whose ids a macro selects. PostgreSQL joins in the order in which it is
/// written (see `BEGIN_WRITE`), so the ids come first there.
macro_rules! view_of {
    (sqlite $ids:ident) => {
        concat!(
            view_columns!(sqlite),
            " FROM task t ",
            view_joins!(),
            " WHERE t.task_id IN ",
            $ids!(sqlite)
        )
    };
    (postgres $ids:ident) => {
        concat!(
            view_columns!(postgres),
            " FROM ",
            $ids!(postgres),
            " AS those JOIN task t ON t.task_id = those.",
            $ids!(name),
            " ",
            view_joins!()
        )
    };
}

macro_rules! view_columns {
    ($engine:ident) => {
        concat!(
    "SELECT ",
    row_columns!($engine),
    ", t.created_at, x.description, x.wishes, x.result, \
      c.platform, c.workspace, c.channel, c.thread, \
      p.plan_hash AS body_hash, p.body, \
      r.request_id AS asked, r.plan_hash AS asked_hash, r.need, r.state AS asked_state, \
      r.expires_at, \
      a.fence AS a_fence, a.attempt_no AS a_no, a.executor AS a_executor, a.holder AS a_holder, \
      a.isolation AS a_isolation, a.session AS a_session, a.step AS a_step, \
      a.leased_at AS a_leased, a.started_at AS a_started, a.finished_at AS a_finished, a.log_dropped_at AS a_log_dropped, \
      (SELECT cast(coalesce(sum(u.tokens), 0) AS BIGINT) FROM attempt u \
        WHERE u.task_id = t.task_id) AS tokens, \
      (SELECT cast(coalesce(sum(u.usd), 0) AS DOUBLE PRECISION) FROM attempt u \
        WHERE u.task_id = t.task_id) AS usd, \
      (SELECT cast(coalesce(sum(u.seconds), 0) AS DOUBLE PRECISION) FROM attempt u \
        WHERE u.task_id = t.task_id) AS seconds, (SELECT ",
            json_rows!(
                $engine "user": "v.user_id",
                "decision": "v.decision",
                "at": "v.voted_at";
                "v.voted_at, v.user_id"
            ),
            " FROM approval_vote v WHERE v.request_id = r.request_id) AS votes"
        )
    };
}

macro_rules! view_joins {
    () => {
        "JOIN task_text x ON x.task_id = t.task_id \
    LEFT JOIN conversation c ON c.conversation_id = t.conversation_id \
    LEFT JOIN plan p ON p.task_id = t.task_id AND p.plan_no = t.plan_no \
    LEFT JOIN approval_request r ON r.task_id = t.task_id AND r.plan_no = t.plan_no \
    LEFT JOIN attempt a ON a.task_id = t.task_id AND a.fence = t.attempt_fence"
    };
}

macro_rules! listed {
    (name) => {
        "value"
    };
    ($engine:ident) => {
        texts_in!($engine 1)
    };
}

/// What waits longest of what an executor may run: only a task whose current plan was granted
/// under the same hash.
macro_rules! waiting {
    (name) => {
        "task_id"
    };
    ($engine:ident) => {
        concat!(
            "(SELECT q.task_id FROM task q \
               JOIN approval_request g ON g.task_id = q.task_id AND g.plan_no = q.plan_no \
                 AND g.state = 'granted' AND g.plan_hash = q.plan_hash \
               WHERE q.state = 'queued' AND q.executor = $1 AND q.run_at <= $2 \
                 AND q.cancel_asked_at IS NULL",
            since!($engine "(q.priority, q.queued_at)" "(0, $4)"),
            " ORDER BY q.priority, q.queued_at, q.task_id LIMIT $3",
            to_take!($engine "q"),
            ")"
        )
    };
}

/// Newest first.
pub(crate) const VIEW: Sql = statement!(
    view_of!(listed),
    " ORDER BY t.created_at DESC, t.task_id DESC"
);

/// All have the same priority.
pub(crate) const FIRST_WAITING: Sql = statement!(
    "SELECT queued_at FROM task WHERE state = 'queued' AND executor = $1 \
    ORDER BY priority, queued_at LIMIT 1"
);

/// `$4` is the low-water mark of the executor.
pub(crate) const WAITING: Sql = statement!(
    view_of!(waiting),
    " ORDER BY t.priority, t.queued_at, t.task_id"
);

/// `$3` is matched as it is, whatever it contains.
pub(crate) const LIST: Sql = statement!(
    "SELECT t.task_id, t.created_at FROM task t \
    WHERE ($1 IS NULL OR t.state = $1) AND ($2 IS NULL OR t.owner = $2) \
      AND ($3 IS NULL OR EXISTS (SELECT 1 FROM task_text x WHERE x.task_id = t.task_id \
        AND replace(lower(x.description), lower($3), '') <> lower(x.description))) \
      AND (t.created_at < $4 OR (t.created_at = $4 AND t.task_id < $5)) \
    ORDER BY t.created_at DESC, t.task_id DESC LIMIT $6"
);

pub(crate) const QUEUE_POSITION: Sql = statement!(
    "SELECT count(*) FROM task q JOIN task t \
      ON t.task_id = $1 AND t.state = 'queued' AND q.executor = t.executor \
    WHERE q.state = 'queued' AND (q.priority < t.priority OR (q.priority = t.priority \
      AND (q.queued_at < t.queued_at OR (q.queued_at = t.queued_at AND q.task_id <= t.task_id))))"
);

/// What comparable completed tasks used, newest first. Chosen before anything is added up: there may
/// be a hundred thousand of them.
pub(crate) const HISTORY: Sql = statement!(
    "SELECT t.task_id, \
      cast(coalesce(sum(a.tokens), 0) AS BIGINT) AS tokens, \
      cast(coalesce(sum(a.usd), 0) AS DOUBLE PRECISION) AS usd, \
      cast(coalesce(sum(a.seconds), 0) AS DOUBLE PRECISION) AS seconds \
    FROM (SELECT c.task_id, c.completed_at FROM task c \
      WHERE c.state = 'completed' AND c.kind = $1 AND c.subject = $2 \
        AND coalesce(c.project, '') = $3 \
      ORDER BY c.completed_at DESC, c.task_id LIMIT $4) AS t \
    JOIN attempt a ON a.task_id = t.task_id \
    GROUP BY t.task_id, t.completed_at ORDER BY t.completed_at DESC, t.task_id"
);

pub(crate) const ACTIONS: Sql =
    statement!("SELECT token, verb FROM action WHERE task_id = $1 AND plan_no = $2");

pub(crate) const ACTION: Sql =
    statement!("SELECT token, task_id, plan_no, verb FROM action WHERE token = $1");

pub(crate) const ASK: Sql = statement!(
    "INSERT INTO question \
    (platform, workspace, channel, thread, user_id, task_id, plan_no, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (platform, workspace, channel, thread, user_id) DO UPDATE SET \
      task_id = excluded.task_id, plan_no = excluded.plan_no, expires_at = excluded.expires_at"
);

pub(crate) const QUESTION: Sql = statement!(
    "SELECT task_id, plan_no FROM question WHERE platform = $1 \
    AND workspace = $2 AND channel = $3 AND thread = $4 AND user_id = $5 AND expires_at > $6"
);

pub(crate) const FORGET_QUESTION: Sql =
    statement!("DELETE FROM question WHERE task_id = $1 AND user_id = $2");

pub(crate) const WISHES: Sql = statement!("SELECT wishes FROM task_text WHERE task_id = $1");
