//! Several statements with one list of values: one message to SQLite, one after the other for
//! PostgreSQL, which takes no more than one at a time.

use std::sync::OnceLock;

use super::{Dialect, List, Query, Sql, query};
use crate::engine::connection::Conn;

pub(crate) struct Script {
    pub(crate) text: Sql,
    parts: OnceLock<Vec<Part>>,
}

/// One statement, whose values are numbered anew.
struct Part {
    text: String,
    /// Their places in the script's list.
    values: Vec<usize>,
}

/// A value of a script: a batch, or the time.
#[derive(Clone)]
enum Given {
    List(List),
    Int(i64),
}

impl Script {
    pub(crate) const fn new(text: Sql) -> Self {
        Self {
            text,
            parts: OnceLock::new(),
        }
    }

    fn parts(&self) -> &[Part] {
        self.parts
            .get_or_init(|| self.text.postgres.split(';').map(Part::of).collect())
    }
}

impl Part {
    fn of(statement: &str) -> Self {
        let mut text = String::with_capacity(statement.len());
        let mut values = Vec::new();
        let mut pieces = statement.trim().split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = piece.split_at(digits);
            let value = number
                .parse::<usize>()
                .expect("invariant: `$` begins a value")
                - 1;
            let place = values.iter().position(|one| *one == value);
            let place = place.unwrap_or_else(|| {
                values.push(value);
                values.len() - 1
            });
            text.push_str(&format!("${}{rest}", place + 1));
        }
        Self { text, values }
    }
}

/// A script and the values that are bound so far.
#[must_use]
pub(crate) struct Run {
    script: &'static Script,
    values: Vec<Given>,
}

pub(crate) fn run(script: &'static Script) -> Run {
    Run {
        script,
        values: Vec::new(),
    }
}

impl Run {
    /// A list: a statement over an empty one need not run.
    pub(crate) fn batch(mut self, list: List) -> Self {
        self.values.push(Given::List(list));
        self
    }

    pub(crate) fn int(mut self, value: i64) -> Self {
        self.values.push(Given::Int(value));
        self
    }

    /// How many rows all of them have changed.
    pub(crate) async fn execute(self, conn: &mut Conn) -> sqlx::Result<u64> {
        if conn.dialect() == Dialect::Sqlite {
            let all = self.values.iter().cloned();
            let query = all.fold(query(self.script.text), bind);
            return Ok(query.execute(conn).await?.rows_affected());
        }
        let mut rows = 0;
        for part in self.script.parts() {
            let values = part.values.iter().map(|place| &self.values[*place]);
            if values.clone().any(Given::is_nothing) {
                continue;
            }
            let text = Sql {
                sqlite: "",
                postgres: &part.text,
            };
            let query = values.cloned().fold(query(text), bind);
            rows += query.execute(conn).await?.rows_affected();
        }
        Ok(rows)
    }
}

impl Given {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::List(list) if list.is_empty())
    }
}

fn bind(query: Query, value: Given) -> Query {
    match value {
        Given::List(list) => query.bind(list),
        Given::Int(int) => query.bind(int),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_each_part_are_numbered_from_one() {
        let part = Part::of(" UPDATE t SET a = $8, b = $12 || $8 WHERE c IN f($1)");
        assert_eq!(
            part.text,
            "UPDATE t SET a = $1, b = $2 || $1 WHERE c IN f($3)"
        );
        assert_eq!(part.values, [7, 11, 0]);
    }
}
