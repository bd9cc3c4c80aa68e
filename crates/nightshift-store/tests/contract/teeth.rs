//! Each invariant can be found broken: one row is corrupted behind the store's back, and exactly
//! that invariant is named.

use std::collections::BTreeSet;
use std::sync::Arc;

use nightshift_core::authorise::Action;
use nightshift_core::port::store::{Attempts, Cause, Deliveries, Logs, Tasks};
use nightshift_core::task::TaskEvent;
use nightshift_store::SqlStore;
use tempfile::TempDir;

use crate::given::{
    ask, at, cause, completed, delivery, finish, lease, permit, queued, quiet, running, staged,
};
use crate::open::tamper;
use crate::open_in;

/// The invariant, and what breaks it and nothing else.
const BREAKS: &[(&str, &str)] = &[
    ("I1", "DELETE FROM inbox WHERE settled_at IS NULL"),
    ("I1", "UPDATE inbox SET payload = NULL"),
    (
        "I2",
        "UPDATE event SET data = json_set(data, '$.delivery', 'same') \
         WHERE kind = 'task.planning' AND task_n = 1",
    ),
    (
        "I3",
        "UPDATE attempt SET fence = 99 WHERE outcome = 'completed'",
    ),
    (
        "I3",
        "UPDATE event SET data = json_set(data, '$.fence', 1) WHERE kind = 'attempt.leased'",
    ),
    (
        "I4",
        "UPDATE attempt SET finished_at = 1, outcome = 'lost' WHERE finished_at IS NULL",
    ),
    (
        "I5",
        "UPDATE attempt SET plan_hash = 'sha256:another' WHERE outcome = 'completed'",
    ),
    (
        "I5",
        "UPDATE event SET kind = 'approval.voted' WHERE kind = 'approval.granted'",
    ),
    ("I6", "DELETE FROM approval_vote"),
    ("I6", "UPDATE approval_vote SET decision = 'reject'"),
    (
        "I6",
        "UPDATE approval_request SET decided_at = 1 WHERE state = 'open'",
    ),
    (
        "I7",
        "UPDATE task SET completed_at = NULL WHERE state = 'completed'",
    ),
    (
        "I7",
        "INSERT INTO event (at, kind, task_id, task_n, data) \
         SELECT e.at, 'task.' || v.word, e.task_id, max(e.task_n) + v.n, \
           json_object('from', v.before) \
         FROM event e JOIN task t ON t.task_id = e.task_id AND t.state = 'completed' \
         JOIN (SELECT 1 AS n, 'queued' AS word, 'completed' AS before \
           UNION ALL SELECT 2, 'completed', 'queued') v \
         GROUP BY e.task_id, v.n",
    ),
    ("I8", "DELETE FROM event WHERE kind = 'approval.voted'"),
    (
        "I8",
        "UPDATE event SET data = json_set(data, '$.from', 'paused') WHERE kind = 'task.completed'",
    ),
    (
        "I9",
        "DELETE FROM outbox WHERE notice LIKE '%\"final\"%' AND due_at IS NULL",
    ),
    (
        "I10",
        "UPDATE outbox SET state = 'sending' \
         WHERE outbox_id = (SELECT max(outbox_id) FROM outbox WHERE due_at IS NULL)",
    ),
    ("I10", "UPDATE outbox SET due_at = NULL, lane_id = NULL"),
    (
        "I11",
        "INSERT INTO send_bucket (bucket_id, platform, workspace, place, name, acts, every_ms, \
           burst, full_at, spent_at, spent) VALUES (7, 'chat', 'T1', 'C1', 'post', ',post,', \
           1000, 2, 0, 0, 3); \
         INSERT INTO send_spent (bucket_id, n, spent_at, outbox_id) \
           VALUES (7, 1, 5000, 1), (7, 2, 5000, 2), (7, 3, 5999, 3)",
    ),
    (
        "I12",
        "UPDATE task SET lease_until = NULL WHERE state = 'running'",
    ),
    ("I13", "UPDATE log_chunk SET off = off + 1 WHERE off > 0"),
    ("I13", "DELETE FROM log_chunk WHERE off = 0"),
    (
        "I14",
        "UPDATE task SET cancel_asked_at = 1 WHERE state = 'queued'",
    ),
    (
        "I14",
        "INSERT INTO event (at, kind, task_id, task_n, data) \
         SELECT e.at, 'attempt.leased', e.task_id, max(e.task_n) + 1, '{\"fence\":98}' \
         FROM event e JOIN task t ON t.task_id = e.task_id AND t.state = 'running' \
         GROUP BY e.task_id",
    ),
];

/// Something of everything: an open delivery, tasks at every stage, output, messages.
async fn busy(dir: &TempDir) -> Arc<SqlStore> {
    let store = open_in(dir).await;
    let by = cause(&*store, "e1").await;
    store.accept(&[delivery(&["e2"], 2)]).await.unwrap();
    let asked = store.create_task(&ask("by a delivery"), &by, at(0)).await;
    asked.unwrap();
    staged(&*store, &quiet("staged")).await;
    let done = running(&*store, &ask("done")).await;
    completed(&*store, &done, at(3)).await;
    let again = running(&*store, &quiet("twice")).await;
    let event = TaskEvent::Retryable { fence: again.fence };
    let ended = finish(&again.task.id, again.fence, event);
    store.finish(&ended, at(3)).await.unwrap();
    let again = lease(&*store, at(60)).await.unwrap();
    for (off, bytes) in [(0, &b"one "[..]), (4, b"two")] {
        let id = &again.task.id;
        assert!(store.append_log(id, again.fence, off, bytes).await.unwrap());
    }
    let stopped = queued(&*store, &quiet("stopped")).await;
    let permit = permit("user_ana", Action::Cancel);
    store
        .cancel(&stopped.id, &permit, &Cause::default(), at(61))
        .await
        .unwrap();
    queued(&*store, &quiet("waits")).await;
    store
}

#[tokio::test]
async fn each_broken_invariant_is_found_and_no_other() {
    for (name, statement) in BREAKS {
        let dir = TempDir::new().unwrap();
        let store = busy(&dir).await;
        assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
        tamper(&dir, statement).await;
        let broken = store.check_invariants().await.unwrap();
        let named: BTreeSet<&str> = broken
            .iter()
            .filter_map(|sentence| sentence.split(':').next())
            .collect();
        assert_eq!(named, BTreeSet::from([*name]), "{statement}: {broken:#?}");
    }
}

#[test]
fn every_invariant_has_teeth() {
    let tried: BTreeSet<&str> = BREAKS.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<String> = (1..=14).map(|n| format!("I{n}")).collect();
    assert_eq!(tried, known.iter().map(String::as_str).collect());
}
