//! Databases of earlier versions, with data in place. `fixtures/v1.sql` is the dump of a server of
//! schema 1 that was killed in the middle of its work: tasks in every state it knew, messages
//! waiting and one being sent.

use std::collections::BTreeMap;
use std::fs;

use nightshift_core::approval::Decision;
use nightshift_core::id::TaskId;
use nightshift_core::port::store::{
    Attempts, Cause, Deliveries, Store, TaskFilter, Tasks, VoteOutcome,
};
use nightshift_core::task::Task;
use nightshift_core::time::Timestamp;
use nightshift_store::{OpenKind, SqlStore, examine};
use tempfile::TempDir;

use crate::given::{claim, completed, terms, vote};
use crate::open::{database, digest, refusal, tamper};
use crate::open_in;

/// Before every time in the dump nothing is due, and after it everything.
const LATER: Timestamp = Timestamp::from_millis(1_800_000_000_000);

async fn version_1() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(database(&dir), "").unwrap();
    tamper(&dir, include_str!("../fixtures/v1.sql")).await;
    dir
}

async fn tasks(store: &SqlStore) -> BTreeMap<String, Task> {
    let filter = TaskFilter {
        limit: 100,
        ..TaskFilter::default()
    };
    let page = store.tasks(&filter).await.unwrap();
    let tasks = page.items.into_iter();
    tasks.map(|task| (task.description.clone(), task)).collect()
}

fn states(tasks: &BTreeMap<String, Task>) -> String {
    let lines = tasks
        .values()
        .map(|task| format!("{:10} {}\n", task.state.name(), task.description));
    lines.collect()
}

#[tokio::test]
async fn a_database_of_schema_1_is_examined_as_it_is() {
    let dir = version_1().await;
    let before = digest(&dir.path().join("data"));
    let found = examine(&dir.path().join("data")).await.unwrap();
    assert_eq!(found.version, 1);
    assert!(found.newest > 1);
    assert_eq!(found.findings, []);
    assert_eq!(digest(&dir.path().join("data")), before);
}

#[tokio::test]
async fn a_database_of_schema_1_is_brought_up_to_date_with_all_that_is_in_it() {
    let dir = version_1().await;
    let store = open_in(&dir).await;
    let found = examine(&dir.path().join("data")).await.unwrap();
    assert_eq!(found.version, found.newest);
    assert_eq!(found.findings, [], "nothing was torn on the way");
    let known = tasks(&store).await;
    assert_eq!(states(&known), STATES);
    assert_eq!(
        known["water the plants"]
            .result
            .as_ref()
            .unwrap()
            .text
            .trim(),
        "working on: water the plants\ndone"
    );
    store.close().await;
    let store = open_in(&dir).await;
    assert_eq!(tasks(&store).await, known, "once is enough");
}

const STATES: &str = "\
staged     asked over the API
staged     count the stars
cancelling count the stars but be stubborn
expired    expire in silence
queued     fail and try again
failed     fail at this
planning   plan the week
cancelled  sell the sheep
planning   the last words
cancelled  wait for one
running    wait for the paint
cancelled  wait for three
cancelled  wait for two
cancelled  wait in the queue
completed  water the plants
";

#[tokio::test]
async fn tasks_of_schema_1_go_on() {
    let dir = version_1().await;
    // The kill came in the middle of a send.
    tamper(
        &dir,
        "UPDATE outbox SET state = 'sending', attempt = 1 \
         WHERE outbox_id = (SELECT min(outbox_id) FROM outbox WHERE state = 'pending')",
    )
    .await;
    let store = open_in(&dir).await;
    let known = tasks(&store).await;
    let staged = &known["asked over the API"];
    let now = staged.created_at;
    let cast = vote(&staged.id, "user_dora", Decision::Approve);
    let outcome = store.cast_vote(&cast, &Cause::default(), now).await;
    assert!(
        matches!(outcome, Ok(VoteOutcome::Granted(_))),
        "{outcome:?}"
    );
    let lost = store.recover("life-1", LATER, LATER).await.unwrap().lost
        + store.sweep(LATER).await.unwrap().lost;
    assert_eq!(lost, 2, "what ran, and what was being stopped");
    // What was lost waits a little.
    let later = LATER.after(std::time::Duration::from_mins(10));
    let mut ran = Vec::new();
    while let Some(leased) = store
        .lease_next("local", "life-1", terms(later), later)
        .await
        .unwrap()
    {
        completed(&*store, &leased, later).await;
        ran.push(leased.task.description);
    }
    ran.sort();
    assert_eq!(
        ran,
        [
            "asked over the API",
            "fail and try again",
            "wait for the paint"
        ]
    );
    assert_eq!(
        state(&store, &known["count the stars but be stubborn"].id).await,
        "cancelled"
    );
    let sent = claim(&*store, later).await;
    assert!(!sent.is_empty(), "what waited is sent");
    assert!(
        sent.iter().any(|item| item.unsure),
        "and what was being sent is looked for"
    );
    assert!(store.open_deliveries(None, 10).await.unwrap().is_empty());
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}

async fn state(store: &SqlStore, id: &TaskId) -> &'static str {
    store.task(id).await.unwrap().unwrap().state.name()
}

/// Each migration is one transaction: what fails half-way has not happened.
#[tokio::test]
async fn a_migration_that_fails_leaves_the_schema_before_it() {
    let dir = version_1().await;
    // In the middle of schema 4 this table is made.
    tamper(&dir, "CREATE TABLE send_gate (in_the_way TEXT)").await;
    let error = refusal(&dir).await;
    assert_eq!(error.kind, OpenKind::Failed);
    assert!(error.to_string().contains("migration 4"), "{error}");
    let found = examine(&dir.path().join("data")).await.unwrap();
    assert_eq!((found.version, found.findings), (3, Vec::new()));
    // What schema 4 made before that is not there: it can be made again.
    tamper(&dir, "DROP TABLE send_gate").await;
    let store = open_in(&dir).await;
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
    assert_eq!(states(&tasks(&store).await), STATES);
}
