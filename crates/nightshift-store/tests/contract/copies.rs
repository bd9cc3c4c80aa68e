//! Examining and copying a database, with a server beside it and without.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nightshift_core::port::store::{Store, Tasks};
use nightshift_store::{BackupError, Check, OpenKind, back_up, examine};
use tempfile::TempDir;

use crate::given::{ask, at, created, queued, staged};
use crate::open::{database, digest, tamper};
use crate::open_in;

fn data(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join("data")
}

#[tokio::test]
async fn a_database_is_examined_beside_its_server_and_without_one() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    queued(&*store, &ask("a")).await;
    let beside = examine(&data(&dir)).await.unwrap();
    assert_eq!(beside.findings, []);
    assert_eq!(beside.version, beside.newest);
    store.close().await;
    let before = digest(&data(&dir));
    assert_eq!(examine(&data(&dir)).await.unwrap(), beside);
    assert_eq!(digest(&data(&dir)), before, "not a trace is left");
}

#[tokio::test]
async fn what_is_not_in_order_is_named_by_its_check() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let task = queued(&*store, &ask("a")).await;
    store.close().await;
    tamper(
        &dir,
        "UPDATE task SET cancel_asked_at = 1; \
         INSERT INTO action (token, task_id, plan_no, verb) VALUES ('t', 'task_gone', 1, 'approve')",
    )
    .await;
    let found = examine(&data(&dir)).await.unwrap().findings;
    let checks: Vec<Check> = found.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, [Check::References, Check::Invariant], "{found:#?}");
    assert!(found[0].message.contains("action"), "{found:#?}");
    assert!(found[1].message.starts_with("I14: "), "{found:#?}");
    assert!(found[1].message.contains(task.id.as_str()), "{found:#?}");
}

#[tokio::test]
async fn damaged_pages_are_found() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    for n in 0..50 {
        created(&*store, &ask(&format!("task {n}")), at(0)).await;
    }
    store.close().await;
    // An index that is told to hold another order than it does.
    tamper(
        &dir,
        "PRAGMA writable_schema=ON; UPDATE sqlite_master \
         SET sql = 'CREATE INDEX task_created ON task (task_id, created_at)' \
         WHERE name = 'task_created'",
    )
    .await;
    let found = examine(&data(&dir)).await.unwrap().findings;
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|it| it.check == Check::Integrity),
        "{found:#?}"
    );
}

#[tokio::test]
async fn where_there_is_no_database_none_is_made() {
    let dir = TempDir::new().unwrap();
    let error = examine(&data(&dir)).await.unwrap_err();
    assert_eq!(error.kind, OpenKind::Missing);
    assert!(error.to_string().contains("--data-dir"), "{error}");
    let to = dir.path().join("copy");
    assert!(back_up(&data(&dir), &to).await.is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_copy_is_complete_private_and_can_be_worked_on() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let task = staged(&*store, &ask("copied")).await;
    let to = dir.path().join("copy.sqlite");
    let made = back_up(&data(&dir), &to).await.unwrap();
    staged(&*store, &ask("after the copy")).await;
    let file = fs::metadata(&to).unwrap();
    assert_eq!(made.bytes, file.len());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert_eq!(names(dir.path()), ["copy.sqlite", "data"]);

    let other = TempDir::new().unwrap();
    fs::create_dir(data(&other)).unwrap();
    fs::copy(&to, database(&other)).unwrap();
    let restored = open_in(&other).await;
    assert_eq!(restored.task(&task.id).await.unwrap(), Some(task.clone()));
    crate::given::approve(&*restored, &task.id, "user_ana").await;
    let state = restored.task(&task.id).await.unwrap().unwrap().state;
    assert_eq!(state.name(), "queued");
    assert_eq!(
        restored.check_invariants().await.unwrap(),
        [] as [String; 0]
    );
}

#[tokio::test]
async fn an_existing_file_is_never_written_over() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let to = dir.path().join("copy");
    fs::write(&to, "precious").unwrap();
    let error = back_up(&data(&dir), &to).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error}");
    assert_eq!(fs::read(&to).unwrap(), b"precious");
    fs::remove_file(&to).unwrap();
    fs::write(dir.path().join("copy.part"), "half").unwrap();
    let error = back_up(&data(&dir), &to).await.unwrap_err();
    assert!(matches!(error, BackupError::Unfinished(_)), "{error}");
    assert_eq!(fs::read(dir.path().join("copy.part")).unwrap(), b"half");
    let nowhere = dir.path().join("no/such/folder");
    let error = back_up(&data(&dir), &nowhere).await.unwrap_err();
    assert!(matches!(error, BackupError::NotWritten { .. }), "{error}");
    drop(store);
}

/// A copy of what is broken is no backup: it does not get the name of one.
#[tokio::test]
async fn a_copy_that_is_not_in_order_does_not_get_its_name() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    queued(&*store, &ask("a")).await;
    tamper(&dir, "UPDATE task SET cancel_asked_at = 1").await;
    let to = dir.path().join("copy");
    let error = back_up(&data(&dir), &to).await.unwrap_err();
    assert!(error.to_string().contains("I14"), "{error}");
    assert_eq!(names(dir.path()), ["copy.part", "data"]);
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
