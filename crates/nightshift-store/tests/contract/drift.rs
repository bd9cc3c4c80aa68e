//! Both engines have the same tables, columns and indexes: neither may drift away.

use nightshift_fakes::postgres::Database;
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;

/// Of each column: table, name, type, whether it may be null; sorted.
const COLUMNS_HERE: &str = "SELECT m.name || '.' || c.name || ' ' || \
    CASE upper(c.type) WHEN 'INTEGER' THEN 'BIGINT' WHEN 'BLOB' THEN 'BYTEA' \
      ELSE upper(c.type) END || \
    CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN ' NOT NULL' ELSE '' END AS line \
    FROM sqlite_master m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
      AND m.name <> '_sqlx_migrations'";

const COLUMNS_THERE: &str = "SELECT c.table_name || '.' || c.column_name || ' ' || \
    upper(c.data_type) || CASE WHEN c.is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END AS line \
    FROM information_schema.columns c \
    WHERE c.table_schema = 'public' AND c.table_name <> '_sqlx_migrations'";

/// The named ones: those of keys are named by the engine.
const INDEXES_HERE: &str = "SELECT tbl_name || '.' || name || \
    CASE WHEN sql LIKE 'CREATE UNIQUE%' THEN ' UNIQUE' ELSE '' END || \
    CASE WHEN sql LIKE '%WHERE%' THEN ' PARTIAL' ELSE '' END AS line \
    FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";

const INDEXES_THERE: &str = "SELECT i.tablename || '.' || i.indexname || \
    CASE WHEN i.indexdef LIKE 'CREATE UNIQUE%' THEN ' UNIQUE' ELSE '' END || \
    CASE WHEN i.indexdef LIKE '%WHERE%' THEN ' PARTIAL' ELSE '' END AS line \
    FROM pg_indexes i WHERE i.schemaname = 'public' AND NOT EXISTS (SELECT 1 \
      FROM pg_constraint c WHERE c.conname = i.indexname)";

async fn here(statement: &'static str) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    let store = crate::open_in(&dir).await;
    nightshift_core::port::store::Store::close(&*store).await;
    let file = dir.path().join("data/nightshift.sqlite");
    let url = format!("sqlite://{}", file.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query(statement).fetch_all(&mut conn).await.unwrap();
    let mut lines: Vec<String> = rows.iter().map(|row| row.get("line")).collect();
    lines.sort_unstable();
    lines
}

fn there(database: &Database, statement: &str) -> Vec<String> {
    let printed = database.run(statement);
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_indexes() {
    let database = crate::database();
    assert_eq!(there(&database, COLUMNS_THERE), here(COLUMNS_HERE).await);
    assert_eq!(there(&database, INDEXES_THERE), here(INDEXES_HERE).await);
}

#[tokio::test]
async fn texts_are_ordered_by_their_bytes() {
    let database = crate::database();
    let others = database.run(
        "SELECT table_name || '.' || column_name FROM information_schema.columns \
         WHERE table_schema = 'public' AND data_type = 'text' \
           AND collation_name IS DISTINCT FROM 'C' AND table_name <> '_sqlx_migrations'",
    );
    assert_eq!(others, "");
}
