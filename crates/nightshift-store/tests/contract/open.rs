//! What the store refuses to open, and what is still there when it is opened again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nightshift_core::port::store::{Attempts, Deliveries, Logs, Store, Tasks};
use nightshift_store::{OpenError, OpenKind, OpenOptions, open};
use sqlx::Connection;
use sqlx::any::install_default_drivers;
use tempfile::TempDir;

use crate::given::{CountedIds, ask, at, claim, created, delivery, queued, running};
use crate::open_in;

pub(crate) async fn refusal(dir: &TempDir) -> OpenError {
    let options = OpenOptions {
        retry_backoff: std::time::Duration::from_secs(5),
        data_dir: dir.path().join("data"),
        ids: Arc::new(CountedIds::default()),
    };
    match open(options).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

pub(crate) fn database(dir: &TempDir) -> PathBuf {
    dir.path().join("data/nightshift.sqlite")
}

/// Every file of a directory with its bytes.
pub(crate) fn digest(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Runs statements on the file behind the store's back.
pub(crate) async fn tamper(dir: &TempDir, statements: &'static str) {
    install_default_drivers();
    let url = format!("sqlite://{}?mode=rw", database(dir).display());
    let mut conn = sqlx::AnyConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("PRAGMA foreign_keys=OFF")
        .execute(&mut conn)
        .await
        .unwrap();
    sqlx::raw_sql(statements).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_new_data_directory_is_private() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    store.check().await.unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path().join("data")), 0o700);
    assert_eq!(mode(database(&dir)), 0o600);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    store.accept(&[delivery(&["e1"], 1)]).await.unwrap();
    let leased = running(&*store, &ask("a")).await;
    let id = leased.task.id.clone();
    store
        .append_log(&id, leased.fence, 0, b"bytes \x00\xff")
        .await
        .unwrap();
    let before = store.task(&id).await.unwrap();
    drop(store);
    let store = open_in(&dir).await;
    assert_eq!(store.task(&id).await.unwrap(), before);
    assert_eq!(store.open_deliveries(None, 10).await.unwrap().len(), 1);
    let log = store.read_log(&id, leased.fence, 0, 99).await.unwrap();
    assert_eq!(log.bytes, b"bytes \x00\xff");
    assert_eq!(claim(&*store, at(9)).await.len(), 1);
    store.close().await;
    assert!(store.task(&id).await.is_err(), "closed is closed");
    let store = open_in(&dir).await;
    assert_eq!(
        store.recover("life-2", at(69), at(9)).await.unwrap().lost,
        1
    );
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}

#[tokio::test]
async fn what_cannot_be_read_holds_up_nothing_behind_it() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let batch = [delivery(&["e1"], 1), delivery(&["e2"], 1)];
    store.accept(&batch).await.unwrap();
    for text in ["a", "b"] {
        crate::given::staged(&*store, &ask(text)).await;
    }
    tamper(
        &dir,
        "UPDATE inbox SET payload = '{}' WHERE inbox_n = 1; \
         UPDATE outbox SET notice = '{}' WHERE outbox_id = (SELECT min(outbox_id) FROM outbox)",
    )
    .await;
    for _ in 0..2 {
        let open = store.open_deliveries(None, 10).await.unwrap();
        assert_eq!(open.len(), 1, "{open:?}");
    }
    assert_eq!(claim(&*store, at(9)).await.len(), 1);
    let found = crate::given::events(&*store, None).await;
    assert_eq!(found["delivery.rejected"], 1);
    assert_eq!(found["message.failed"], 1);
}

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_is_gone() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let error = refusal(&dir).await;
    assert_eq!(error.kind, OpenKind::InUse);
    assert!(error.to_string().contains("another server uses"), "{error}");
    drop(store);
    open_in(&dir).await.check().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    for content in [&b"just a text"[..], &[7; 9000]] {
        fs::write(database(&dir), content).unwrap();
        let error = refusal(&dir).await;
        assert_eq!(error.kind, OpenKind::Corrupt);
        assert!(error.to_string().contains("nightshift.sqlite"), "{error}");
        assert_eq!(fs::read(database(&dir)).unwrap(), content);
    }
}

#[tokio::test]
async fn a_damaged_database_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    for n in 0..50 {
        created(&*store, &ask(&format!("task {n}")), at(0)).await;
    }
    store.close().await;
    let mut content = fs::read(database(&dir)).unwrap();
    let middle = content.len() / 2;
    content[middle..middle + 8192].fill(0xa5);
    fs::write(database(&dir), &content).unwrap();
    let error = refusal(&dir).await;
    assert_eq!(error.kind, OpenKind::Corrupt, "{error:?}");
    assert_eq!(fs::read(database(&dir)).unwrap(), content);
    // The lock is free again: the next step works.
    fs::rename(database(&dir), dir.path().join("kept")).unwrap();
    open_in(&dir).await;
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let dir = TempDir::new().unwrap();
    open_in(&dir).await.close().await;
    tamper(
        &dir,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .await;
    let before = digest(&dir.path().join("data"));
    let error = refusal(&dir).await;
    assert_eq!(error.kind, OpenKind::Newer);
    assert!(error.to_string().contains("newer NightShift"), "{error}");
    assert_eq!(digest(&dir.path().join("data")), before);
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let foreign = [
        "CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('a')",
        // Another program that keeps its schema as we do.
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
           installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
           checksum BLOB NOT NULL, execution_time BIGINT NOT NULL); \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
           VALUES (1, 'initial', 1, x'00', 0); CREATE TABLE task (task_id TEXT)",
        "PRAGMA journal_mode=WAL; CREATE TABLE task (id INTEGER)",
    ];
    for statements in foreign {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        fs::write(database(&dir), "").unwrap();
        tamper(&dir, statements).await;
        let lock = dir.path().join("data/nightshift.lock");
        fs::write(lock, "").unwrap();
        let before = digest(&dir.path().join("data"));
        let error = refusal(&dir).await;
        assert_eq!(error.kind, OpenKind::Foreign, "{error}");
        assert!(error.to_string().contains("another program"), "{error}");
        assert_eq!(digest(&dir.path().join("data")), before, "{statements}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("data"), "a file").unwrap();
    let error = refusal(&dir).await;
    assert_eq!(error.kind, OpenKind::NotWritable);
    assert!(error.to_string().contains("--data-dir"), "{error}");
}

#[tokio::test]
async fn odd_names_of_directories_work() {
    let dir = TempDir::new().unwrap();
    let options = OpenOptions {
        retry_backoff: std::time::Duration::from_secs(5),
        data_dir: dir.path().join("a b?c#d%41/ü"),
        ids: Arc::new(CountedIds::default()),
    };
    open(options).await.unwrap().check().await.unwrap();
    assert!(dir.path().join("a b?c#d%41/ü/nightshift.sqlite").exists());
}

#[tokio::test]
async fn a_call_that_is_dropped_midway_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    for polls in 1..40 {
        let new = ask("dropped");
        let cause = nightshift_core::port::store::Cause::default();
        let mut call = store.create_task(&new, &cause, at(0));
        for _ in 0..polls {
            // Each wait is cut off after a moment: the call stops wherever it is.
            let cut = std::time::Duration::from_micros(200);
            if tokio::time::timeout(cut, &mut call).await.is_ok() {
                call = store.create_task(&new, &cause, at(0));
            }
        }
        drop(call);
        store.check().await.unwrap();
    }
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}

#[tokio::test]
async fn statements_used_over_and_over_stay_right() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    for n in 0..150 {
        let task = queued(&*store, &ask(&format!("task {n}"))).await;
        assert_eq!(store.task(&task.id).await.unwrap(), Some(task));
    }
}
