//! The auditor has teeth, and a plan that was changed behind the store's back does not run.

use nightshift_core::port::store::{Attempts, Tasks};
use nightshift_core::task::{Failure, TaskState};
use tempfile::TempDir;

use crate::given::{ask, at, completed, lease, queued, running, staged};
use crate::open::tamper;
use crate::open_in;

#[tokio::test]
async fn broken_rows_are_found() {
    for (name, breakage) in [
        (
            "I3",
            "UPDATE task SET fence = 0 WHERE task_id = (SELECT min(task_id) FROM attempt)",
        ),
        ("I4", "UPDATE attempt SET finished_at = 1"),
        (
            "I5",
            "UPDATE approval_request SET plan_hash = 'sha256:other'",
        ),
        ("I6", "DELETE FROM approval_vote"),
        ("I7", "UPDATE task SET completed_at = NULL"),
        ("I8", "DELETE FROM event WHERE kind = 'task.queued'"),
        ("I9", "DELETE FROM outbox"),
        ("I10", "UPDATE outbox SET state = 'sending'"),
        ("I12", "UPDATE task SET lease_until = NULL"),
        ("I13", "INSERT INTO log_chunk VALUES ('t', 1, 5, 1, x'00')"),
        ("I14", "UPDATE task SET cancel_asked_at = 1"),
    ] {
        let dir = TempDir::new().unwrap();
        let store = open_in(&dir).await;
        let first = running(&*store, &ask("done")).await;
        completed(&*store, &first, at(3)).await;
        running(&*store, &ask("runs")).await;
        assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
        tamper(&dir, breakage).await;
        let found = store.check_invariants().await.unwrap();
        let marked = format!("{name}:");
        assert!(
            found.iter().any(|line| line.starts_with(&marked)),
            "{name}: {found:?}"
        );
    }
}

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
