//! One table, row by row, and back again to be compared.

use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::statement::without_nul;

/// Of one statement.
const ROWS: usize = 500;
const BYTES: usize = 1 << 20;

const COLUMNS: &str = "SELECT cast(column_name AS TEXT) AS name, cast(data_type AS TEXT) AS kind, \
      cast(is_identity AS TEXT) AS numbered FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Real,
    Bytes,
}

struct Column {
    name: String,
    kind: Kind,
    /// The server numbers it itself.
    numbered: bool,
}

pub(super) struct Table {
    name: &'static str,
    columns: Vec<Column>,
}

/// Rows that wait to be written together.
#[derive(Default)]
struct Batch {
    rows: Vec<Value>,
    bytes: usize,
}

impl Table {
    pub(super) async fn of(name: &'static str, there: &mut AnyConnection) -> sqlx::Result<Self> {
        let rows = sqlx::query(COLUMNS)
            .bind(name)
            .persistent(false)
            .fetch_all(there)
            .await?;
        let columns = rows.iter().map(|row| {
            Ok(Column {
                name: row.try_get("name")?,
                kind: match row.try_get::<String, _>("kind")?.as_str() {
                    "bigint" => Kind::Int,
                    "double precision" => Kind::Real,
                    "bytea" => Kind::Bytes,
                    _ => Kind::Text,
                },
                numbered: row.try_get::<String, _>("numbered")? == "YES",
            })
        });
        Ok(Self {
            name,
            columns: columns.collect::<sqlx::Result<_>>()?,
        })
    }

    /// How many rows; an error is a sentence about what is wrong.
    pub(super) async fn copy(
        &self,
        here: &mut AnyConnection,
        there: &mut AnyConnection,
    ) -> Result<u64, String> {
        let wrong = |error: sqlx::Error| error.to_string();
        let order = self.order(here).await.map_err(wrong)?;
        let sent = self.send(here, there, &order).await.map_err(wrong)?;
        self.number_on(here, there).await.map_err(wrong)?;
        let back = self.read_back(there, &order).await.map_err(wrong)?;
        if (sent.rows, sent.digest) != back {
            return Err(format!(
                "what was read back ({} rows) is not what was written ({} rows)",
                back.0, sent.rows
            ));
        }
        Ok(sent.rows)
    }

    /// The columns of the key, in which both engines order alike: by bytes.
    async fn order(&self, here: &mut AnyConnection) -> sqlx::Result<String> {
        let key: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk")
                .bind(self.name)
                .fetch_all(here)
                .await?;
        Ok(key.join(", "))
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
        names.join(", ")
    }

    fn select(&self, order: &str) -> String {
        format!(
            "SELECT {} FROM {} ORDER BY {order}",
            self.names(),
            self.name
        )
    }

    /// Bytes travel as hex in the JSON of a batch.
    fn insert(&self) -> String {
        let values = self.columns.iter().map(|column| match column.kind {
            Kind::Bytes => format!("decode(r.{}, 'hex')", column.name),
            _ => format!("r.{}", column.name),
        });
        let values: Vec<String> = values.collect();
        let types = self.columns.iter().map(|column| {
            let kind = match column.kind {
                Kind::Int => "BIGINT",
                Kind::Real => "DOUBLE PRECISION",
                Kind::Text | Kind::Bytes => "TEXT",
            };
            format!("{} {kind}", column.name)
        });
        let types: Vec<String> = types.collect();
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM jsonb_to_recordset(cast($1 AS JSONB)) AS r ({})",
            self.name,
            self.names(),
            values.join(", "),
            types.join(", ")
        )
    }

    async fn send(
        &self,
        here: &mut AnyConnection,
        there: &mut AnyConnection,
        order: &str,
    ) -> sqlx::Result<Sent> {
        let (select, insert) = (self.select(order), self.insert());
        let mut sent = Sent::default();
        let mut digest = Sha256::new();
        let mut batch = Batch::default();
        let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(here);
        while let Some(row) = rows.try_next().await? {
            let mut object = Map::new();
            for (at, column) in self.columns.iter().enumerate() {
                let cell = storable(Cell::read(&row, at, column.kind)?);
                cell.digest(&mut digest);
                batch.bytes += cell.size();
                object.insert(column.name.clone(), cell.json());
            }
            batch.rows.push(Value::Object(object));
            sent.rows += 1;
            if batch.rows.len() >= ROWS || batch.bytes >= BYTES {
                write(there, &insert, &mut batch).await?;
            }
        }
        write(there, &insert, &mut batch).await?;
        sent.digest = digest.finalize().into();
        Ok(sent)
    }

    /// Numbers go on where they were, also those that are given out no more.
    async fn number_on(
        &self,
        here: &mut AnyConnection,
        there: &mut AnyConnection,
    ) -> sqlx::Result<()> {
        let Some(column) = self.columns.iter().find(|column| column.numbered) else {
            return Ok(());
        };
        let last: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1")
                .bind(self.name)
                .fetch_optional(here)
                .await?;
        let Some(last) = last.filter(|last| *last > 0) else {
            return Ok(());
        };
        sqlx::query_scalar::<_, i64>("SELECT setval(pg_get_serial_sequence($1, $2), $3)")
            .bind(self.name)
            .bind(&*column.name)
            .bind(last)
            .persistent(false)
            .fetch_one(there)
            .await
            .map(drop)
    }

    async fn read_back(
        &self,
        there: &mut AnyConnection,
        order: &str,
    ) -> sqlx::Result<(u64, [u8; 32])> {
        let mut digest = Sha256::new();
        let mut count = 0;
        let select = AssertSqlSafe(self.select(order));
        let mut rows = sqlx::query(select).persistent(false).fetch(there);
        while let Some(row) = rows.try_next().await? {
            for (at, column) in self.columns.iter().enumerate() {
                Cell::read(&row, at, column.kind)?.digest(&mut digest);
            }
            count += 1;
        }
        Ok((count, digest.finalize().into()))
    }
}

#[derive(Default)]
struct Sent {
    rows: u64,
    digest: [u8; 32],
}

async fn write(there: &mut AnyConnection, insert: &str, batch: &mut Batch) -> sqlx::Result<()> {
    if batch.rows.is_empty() {
        return Ok(());
    }
    let rows = Value::Array(std::mem::take(&mut batch.rows));
    batch.bytes = 0;
    sqlx::query(AssertSqlSafe(insert.to_owned()))
        .bind(rows.to_string())
        .persistent(false)
        .execute(there)
        .await
        .map(drop)
}

enum Cell {
    Null,
    Text(String),
    Int(i64),
    Real(f64),
    Bytes(Vec<u8>),
}

impl Cell {
    fn read(row: &AnyRow, at: usize, kind: Kind) -> sqlx::Result<Self> {
        Ok(match kind {
            Kind::Text => row
                .try_get::<Option<String>, _>(at)?
                .map_or(Self::Null, Self::Text),
            Kind::Int => row
                .try_get::<Option<i64>, _>(at)?
                .map_or(Self::Null, Self::Int),
            Kind::Real => row
                .try_get::<Option<f64>, _>(at)?
                .map_or(Self::Null, Self::Real),
            Kind::Bytes => row
                .try_get::<Option<Vec<u8>>, _>(at)?
                .map_or(Self::Null, Self::Bytes),
        })
    }

    /// Each cell says where it ends.
    fn digest(&self, digest: &mut Sha256) {
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Text(text) => (1, text.as_bytes()),
            Self::Int(int) => (2, &int.to_be_bytes()),
            Self::Real(real) => (3, &real.to_bits().to_be_bytes()),
            Self::Bytes(bytes) => (4, bytes),
        };
        digest.update([tag]);
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len() * 2,
            Self::Null | Self::Int(_) | Self::Real(_) => 8,
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => text.into(),
            Self::Int(int) => int.into(),
            Self::Real(real) => json!(real),
            Self::Bytes(bytes) => hex::encode(bytes).into(),
        }
    }
}

/// As a value that is bound there.
fn storable(cell: Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Text(without_nul(&text).into_owned()),
        cell => cell,
    }
}
