//! What is in a database that a power cut left.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nightshift_core::port::Store;
use nightshift_store::OpenOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::exchange::{MARK, number};
use super::trace::DATABASE;
use crate::SeededIds;

/// What is known of each request: a delivery by the key it is told by, a submission by its text.
const PRESENT: &str = "SELECT coalesce((SELECT group_concat(dedup_key, ' ') FROM delivery_key), '') \
    || ' ' || coalesce((SELECT group_concat(description, ' ') FROM task_text), '')";

/// The numbers of the requests that are there, read without changing a byte.
pub(super) async fn present(dir: &Path) -> Result<HashSet<u64>, String> {
    let path = dir.join(DATABASE);
    if path.metadata().map_or(0, |file| file.len()) == 0 {
        return Ok(HashSet::new());
    }
    let options = SqliteConnectOptions::new().filename(&path).read_only(true);
    let read = async {
        let mut connection = options.connect().await?;
        let text: String = sqlx::query_scalar(PRESENT)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(text)
    };
    match read.await {
        Ok(text) => Ok(numbers(&text)),
        // A first start that was cut short: there is nothing yet.
        Err(error) if error.to_string().contains("no such table") => Ok(HashSet::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn numbers(text: &str) -> HashSet<u64> {
    let marked = text.match_indices(MARK);
    marked
        .filter_map(|(at, _)| number(&text.as_bytes()[at..]))
        .collect()
}

/// Opens it as the server does, recovery and all, and asks the auditor.
pub(super) async fn opened(dir: &Path) -> Result<(), String> {
    let options = OpenOptions {
        data_dir: dir.to_owned(),
        ids: Arc::new(SeededIds::of_life(1)),
        retry_backoff: Duration::ZERO,
    };
    let store = nightshift_store::open(options)
        .await
        .map_err(|error| error.to_string())?;
    let broken = store.check_invariants().await;
    store.close().await;
    match broken {
        Err(error) => Err(error.to_string()),
        Ok(broken) if broken.is_empty() => Ok(()),
        Ok(broken) => Err(broken.join("; ")),
    }
}
