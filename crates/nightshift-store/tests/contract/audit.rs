//! A plan that was changed behind the store's back does not run.

use nightshift_core::port::store::{Attempts, Tasks};
use nightshift_core::task::{Failure, TaskState};
use tempfile::TempDir;

use crate::given::{ask, at, lease, queued, staged};
use crate::open::tamper;
use crate::open_in;

#[tokio::test]
async fn a_plan_that_is_not_what_was_approved_does_not_run() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let task = queued(&*store, &ask("a")).await;
    tamper(
        &dir,
        "UPDATE plan SET body = replace(body, 'do it', 'do something else')",
    )
    .await;
    assert!(lease(&*store, at(2)).await.is_none());
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert_eq!(
        task.state,
        TaskState::Failed {
            reason: Failure::SpawnFailed
        }
    );
    assert_eq!(store.sweep(at(3)).await.unwrap().lost, 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let task = queued(&*store, &ask("a")).await;
    tamper(&dir, "UPDATE task SET state = 'dreaming'").await;
    let error = store.task(&task.id).await.unwrap_err();
    assert_eq!(error.kind, nightshift_core::port::StoreKind::Corrupt);
    let message = error.to_string();
    assert!(message.contains("task.state"), "{message}");
    assert!(message.contains(task.id.as_str()), "{message}");
}

#[tokio::test]
async fn a_queued_task_without_a_grant_does_not_run() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let task = staged(&*store, &ask("a")).await;
    tamper(&dir, "UPDATE task SET state = 'queued', queued_at = 1").await;
    assert!(lease(&*store, at(2)).await.is_none());
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert_eq!(task.state, TaskState::Queued);
}
