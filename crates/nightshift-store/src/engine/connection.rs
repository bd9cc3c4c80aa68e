//! The one connection that statements run on, of whichever engine, inside a transaction or not.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Transaction};

use super::postgres::reach::{ANSWER_WITHIN, Reach, is_unanswered};
use crate::statement::Dialect;

pub(crate) struct Conn {
    held: Held,
    dialect: Dialect,
    /// Whether the server knows a statement again by its name. Not behind a pooler, where the
    /// next transaction may be on another server process.
    keeps_statements: bool,
    /// After an error PostgreSQL answers the commit with success, and rolls back.
    failed: bool,
    /// How long an answer may take, where it can be that none comes.
    answers: Option<(Arc<Reach>, Duration)>,
}

enum Held {
    Single(PoolConnection<Any>),
    Whole(Transaction<'static, Any>),
}

impl Conn {
    /// Each statement for itself.
    pub(super) fn single(conn: PoolConnection<Any>, dialect: Dialect) -> Self {
        Self::new(Held::Single(conn), dialect)
    }

    /// Dropped before [`Conn::commit`], it rolls back.
    pub(super) fn whole(tx: Transaction<'static, Any>, dialect: Dialect) -> Self {
        Self::new(Held::Whole(tx), dialect)
    }

    fn new(held: Held, dialect: Dialect) -> Self {
        Self {
            held,
            dialect,
            keeps_statements: true,
            failed: false,
            answers: None,
        }
    }

    /// Of a server, which may hang or be gone without a word.
    pub(super) fn answering(mut self, reach: Arc<Reach>) -> Self {
        self.answers = Some((reach, ANSWER_WITHIN));
        self
    }

    pub(super) fn hurry(&mut self, limit: Duration) {
        if let Some((_, within)) = &mut self.answers {
            *within = limit;
        }
    }

    /// How long the next answer is waited for.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.answers.as_ref().map(|(_, within)| *within)
    }

    pub(super) fn without_names(mut self) -> Self {
        self.keeps_statements = false;
        self
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn keeps_statements(&self) -> bool {
        self.keeps_statements
    }

    pub(crate) fn any(&mut self) -> &mut AnyConnection {
        match &mut self.held {
            Held::Single(conn) => conn,
            Held::Whole(tx) => tx,
        }
    }

    /// Passes `result` on, and remembers that the transaction is lost.
    pub(crate) fn noting<T>(&mut self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        if self.dialect == Dialect::Postgres
            && matches!(self.held, Held::Whole(_))
            && result.is_err()
        {
            self.failed = true;
        }
        if let (Some((reach, _)), Err(error)) = (&self.answers, &result)
            && is_unanswered(error)
        {
            reach.doubt();
        }
        result
    }

    /// Whether a commit would silently be none.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// What is dropped instead rolls back a moment later.
    pub(super) async fn undo(self) -> sqlx::Result<()> {
        match self.held {
            Held::Single(_) => Ok(()),
            Held::Whole(tx) => tx.rollback().await,
        }
    }

    pub(super) async fn commit(self) -> sqlx::Result<()> {
        match self.held {
            Held::Single(_) => Ok(()),
            Held::Whole(tx) => tx.commit().await,
        }
    }
}
