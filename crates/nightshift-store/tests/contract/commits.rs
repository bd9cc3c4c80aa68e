//! Commits: who sees them, what they leave in the log, and what a call given up leaves behind.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nightshift_core::port::store::{Accepted, Deliveries, NewDelivery, Store};
use nightshift_store::{CommitWatch, Conditions, OpenOptions, SqlStore, Synchronous, open_with};
use tempfile::TempDir;

use crate::given::{CountedIds, delivery};
use crate::open_in;

#[derive(Default)]
struct Seen(Mutex<Vec<(&'static str, &'static str)>>);

impl CommitWatch for Seen {
    fn before(&self, change: &'static str) {
        self.0.lock().unwrap().push(("before", change));
    }

    fn after(&self, change: &'static str, took: Duration) {
        assert!(took > Duration::ZERO);
        self.0.lock().unwrap().push(("after", change));
    }
}

async fn open_under(dir: &TempDir, conditions: Conditions) -> Arc<SqlStore> {
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        retry_backoff: Duration::from_secs(5),
        ids: Arc::new(CountedIds::default()),
    };
    open_with(options, conditions).await.unwrap()
}

#[tokio::test]
async fn every_commit_is_seen_and_named_and_no_other_is() {
    let dir = TempDir::new().unwrap();
    let seen = Arc::new(Seen::default());
    let conditions = Conditions {
        synchronous: Synchronous::Normal,
        watch: Some(seen.clone()),
    };
    let store = open_under(&dir, conditions).await;
    store.accept(&[delivery(&["a"], 1)]).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            ("before", "accept"),
            ("after", "accept"),
            ("before", "check"),
            ("after", "check"),
        ]
    );
}

/// A batch of new deliveries of 8 KiB each.
fn large(round: usize, count: usize) -> Vec<NewDelivery> {
    let one = |n| {
        let mut new = delivery(&[&format!("{round}:{n}")], 1);
        new.payload = new.payload.replace("said in", &"x".repeat(8 << 10));
        new
    };
    (0..count).map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_long_load_the_log_is_folded_and_begins_anew() {
    const WRITTEN: u64 = 64 << 20;
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let log = dir.path().join("data/nightshift.sqlite-wal");
    let (mut round, mut longest) = (0, 0);
    let per_round = 128 * (8 << 10);
    while round as u64 * per_round < WRITTEN {
        let batch = large(round, 128);
        let outcomes = store.accept(&batch).await.unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == Accepted::New));
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
        round += 1;
    }
    let measures = store.measures();
    assert!(measures.folds > 0, "{measures:?}");
    assert!(longest < WRITTEN, "the log grew to {longest} bytes");
    assert_eq!(measures.batch.max, 128);
    assert_eq!(measures.commit_us.count, round as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_given_up_midway_is_in_the_store_whole_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    let mut whole = 0;
    for round in 0..60 {
        let batch = large(round, 8);
        let cut = Duration::from_micros(100 * round as u64);
        let given_up = tokio::time::timeout(cut, store.accept(&batch)).await;
        // Works at once, and sees what the call left.
        let again = store.accept(&batch).await.unwrap();
        let kept = again[0] == Accepted::Duplicate;
        assert!(again.iter().all(|one| *one == again[0]), "{again:?}");
        assert!(kept || given_up.is_err(), "acknowledged and lost");
        whole += usize::from(kept);
    }
    let open = store.open_deliveries(None, 1000).await.unwrap();
    assert_eq!(open.len(), 60 * 8);
    assert!(whole > 0, "no call was quick enough to count");
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_a_full_disk_is_refused_and_the_next_is_taken() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    store.accept(&large(0, 1)).await.unwrap();
    crate::open::tamper(
        &dir,
        "CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(ROLLBACK, 'full'); END",
    )
    .await;
    store.accept(&large(1, 4)).await.unwrap_err();
    store.accept(&large(1, 4)).await.unwrap_err();
    crate::open::tamper(&dir, "DROP TRIGGER full").await;
    let began = Instant::now();
    let taken = store.accept(&large(1, 4)).await.unwrap();
    assert_eq!(taken, [Accepted::New; 4]);
    assert!(began.elapsed() < Duration::from_secs(5));
}
