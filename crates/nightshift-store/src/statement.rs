//! A statement as each engine wants it, and how it is run on the connection at hand.

mod script;
mod value;

use std::time::Duration;

use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow};
use sqlx::query::Query as Prepared;
use sqlx::{Any, Decode, Row, Type};

pub(crate) use script::{Script, run};
use value::Bound;
pub(crate) use value::{List, Value, marked, read_back, without_nul};

use crate::engine::connection::Conn;
use crate::engine::postgres::reach::within;

/// Whose words a connection understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One statement in both dialects; [`statement!`] makes it from one text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    pub(crate) const fn on(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// Texts and expressions of `dialect.rs`, which are filled in for each engine.
macro_rules! statement {
    ($($parts:tt)*) => {
        $crate::statement::Sql {
            sqlite: $crate::statement::text!(sqlite [] $($parts)*),
            postgres: $crate::statement::text!(postgres [] $($parts)*),
        }
    };
}

/// Statements that go together, with a semicolon between them, and share their values.
macro_rules! statements {
    ($($parts:tt)*) => {
        $crate::statement::Script::new($crate::statement::statement!($($parts)*))
    };
}

/// The text of one engine.
macro_rules! text {
    ($engine:ident [$($done:tt)*]) => {
        concat!($($done)*)
    };
    ($engine:ident [$($done:tt)*] $part:literal $(, $($rest:tt)*)?) => {
        $crate::statement::text!($engine [$($done)* $part,] $($($rest)*)?)
    };
    ($engine:ident [$($done:tt)*] $part:ident!($($of:tt)*) $(, $($rest:tt)*)?) => {
        $crate::statement::text!($engine [$($done)* $part!($engine $($of)*),] $($($rest)*)?)
    };
}

pub(crate) use {statement, statements, text};

/// A statement and the values that are bound so far.
#[must_use]
pub(crate) struct Query {
    sql: Sql,
    values: Vec<Bound>,
}

pub(crate) fn query(sql: Sql) -> Query {
    Query {
        sql,
        values: Vec::new(),
    }
}

impl Query {
    pub(crate) fn bind(mut self, value: impl Value) -> Self {
        self.values.push(value.bound());
        self
    }

    /// The last value, where the engine's statement has it.
    pub(crate) fn bind_some(self, value: Option<impl Value>) -> Self {
        match value {
            Some(value) => self.bind(value),
            None => self,
        }
    }

    pub(crate) async fn execute(self, conn: &mut Conn) -> sqlx::Result<AnyQueryResult> {
        let query = self.on(conn)?;
        let done = answered(conn.limit(), query.execute(conn.any())).await;
        conn.noting(done)
    }

    pub(crate) async fn fetch_one(self, conn: &mut Conn) -> sqlx::Result<AnyRow> {
        let row = self.fetch_optional(conn).await?;
        row.ok_or(sqlx::Error::RowNotFound)
    }

    pub(crate) async fn fetch_optional(self, conn: &mut Conn) -> sqlx::Result<Option<AnyRow>> {
        let query = self.on(conn)?;
        let row = answered(conn.limit(), query.fetch_optional(conn.any())).await;
        conn.noting(row)
    }

    pub(crate) async fn fetch_all(self, conn: &mut Conn) -> sqlx::Result<Vec<AnyRow>> {
        let query = self.on(conn)?;
        let rows = answered(conn.limit(), query.fetch_all(conn.any())).await;
        conn.noting(rows)
    }

    fn on(self, conn: &Conn) -> sqlx::Result<Prepared<'static, Any, AnyArguments>> {
        let dialect = conn.dialect();
        let mut values = AnyArguments::default();
        for value in self.values {
            let added = value.add_to(&mut values, dialect);
            added.map_err(sqlx::Error::Encode)?;
        }
        let text = self.sql.on(dialect);
        Ok(sqlx::query_with(text, values).persistent(conn.keeps_statements()))
    }
}

async fn answered<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    match limit {
        None => answer.await,
        Some(limit) => within(limit, answer).await,
    }
}

/// A statement whose rows have one column that matters: the first.
#[must_use]
pub(crate) struct Scalar<T> {
    query: Query,
    of: std::marker::PhantomData<fn() -> T>,
}

pub(crate) fn scalar<T>(sql: Sql) -> Scalar<T> {
    Scalar {
        query: query(sql),
        of: std::marker::PhantomData,
    }
}

impl<T> Scalar<T>
where
    T: for<'r> Decode<'r, Any> + Type<Any>,
{
    pub(crate) fn bind(mut self, value: impl Value) -> Self {
        self.query = self.query.bind(value);
        self
    }

    pub(crate) fn bind_some(mut self, value: Option<impl Value>) -> Self {
        self.query = self.query.bind_some(value);
        self
    }

    pub(crate) async fn fetch_one(self, conn: &mut Conn) -> sqlx::Result<T> {
        self.query.fetch_one(conn).await?.try_get(0)
    }

    pub(crate) async fn fetch_optional(self, conn: &mut Conn) -> sqlx::Result<Option<T>> {
        let row = self.query.fetch_optional(conn).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    pub(crate) async fn fetch_all(self, conn: &mut Conn) -> sqlx::Result<Vec<T>> {
        let rows = self.query.fetch_all(conn).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}
