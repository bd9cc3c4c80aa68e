//! A row that somebody else changed between our read and our write.

use std::sync::Arc;

use nightshift_core::id::{Entropy, TaskId, UserId};
use nightshift_core::port::clock::Ids;
use nightshift_core::port::store::{Cause, Created, NewTask, Tasks};
use nightshift_core::task::{TaskKind, Wishes};
use tempfile::TempDir;

use super::*;
use crate::statement::{query, statement};
use crate::{OpenOptions, SqlStore, open};

struct Counted(std::sync::atomic::AtomicU64);

impl Ids for Counted {
    fn entropy(&self) -> Entropy {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut entropy = Entropy::default();
        entropy[..8].copy_from_slice(&n.to_le_bytes());
        entropy
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

async fn created(store: &SqlStore) -> TaskId {
    let new = NewTask {
        kind: TaskKind::Agent,
        description: "a".to_owned(),
        wishes: Wishes::default(),
        owner: UserId::new("user_ana"),
        origin: None,
        asker: None,
        idempotency: None,
        show_planning_at: NOW,
    };
    match store.create_task(&new, &Cause::default(), NOW).await {
        Ok(Created::New(task)) => task.id,
        other => panic!("not created: {other:?}"),
    }
}

#[tokio::test]
async fn a_row_that_changed_meanwhile_is_not_moved_and_its_neighbours_are() {
    let dir = TempDir::new().unwrap();
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        retry_backoff: std::time::Duration::from_secs(1),
        ids: Arc::new(Counted(0.into())),
    };
    let store = open(options).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(created(&store).await);
    }
    let mut tx = store.change("test", NOW).await.unwrap();
    let rows = TaskRow::load_all(&mut tx, &ids.iter().collect::<Vec<_>>())
        .await
        .unwrap();
    let steps = rows
        .iter()
        .map(|row| decide(NOW, row, &TaskEvent::Expired, |_| ()));
    let steps: Vec<_> = steps.map(|step| step.ok().unwrap()).collect();
    query(statement!(
        "UPDATE task SET version = version + 1 WHERE task_id = $1"
    ))
    .bind(ids[1].as_str())
    .execute(tx.conn())
    .await
    .unwrap();
    let moved = write(&mut tx, &steps).await.unwrap();
    let expected: BTreeSet<_> = [&ids[0], &ids[2]].map(ToString::to_string).into();
    assert_eq!(moved, expected);
    let left = TaskRow::load(&mut tx, &ids[1]).await.unwrap().unwrap();
    assert_eq!(left.state.name(), "planning");
    // Alone it is an error, and nothing is written beside it.
    let alone = apply(&mut tx, &rows[1], &TaskEvent::Expired, |_| ()).await;
    assert!(matches!(alone, Err(Error::Raced(_))));
}
