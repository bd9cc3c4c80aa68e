//! How the database finds what waits.

use std::sync::Arc;
use std::time::Duration;

use nightshift_core::id::Entropy;
use nightshift_core::port::clock::Ids;
use sqlx::Row;
use tempfile::TempDir;

use crate::{OpenOptions, SqlStore, open, sql};

struct NoIds;

impl Ids for NoIds {
    fn entropy(&self) -> Entropy {
        Entropy::default()
    }
}

async fn plan_of(store: &SqlStore, statement: &str) -> Vec<String> {
    let mut conn = store.engine.read().await.unwrap();
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explained)
        .bind(10)
        .bind("slack")
        .fetch_all(conn.any())
        .await
        .unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn what_waits_for_another_platform_is_not_read() {
    let dir = TempDir::new().unwrap();
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        ids: Arc::new(NoIds),
        retry_backoff: Duration::from_secs(5),
    };
    let store = open(options).await.unwrap();
    let plan = plan_of(&store, sql::delivery::OPEN_OF.sqlite).await;
    assert_eq!(
        plan,
        ["SEARCH inbox USING INDEX inbox_waiting (platform=?)"],
        "{plan:#?}"
    );
}
