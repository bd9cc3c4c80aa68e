//! What a batch costs in statements: each is a way to the database's thread and back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../contract/given.rs"]
#[expect(dead_code, reason = "shared with the contract")]
mod given;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use given::{ask, at, finish, queued, quiet, terms};
use nightshift_core::port::store::{Attempts, NewTask, Start};
use nightshift_core::task::TaskEvent;
use nightshift_store::{OpenOptions, SqlStore, open};
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// Counts what the driver says of its statements.
struct Counting;

/// The log is folded beside everything else.
struct Upkeep(bool);

impl Visit for Upkeep {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 |= field.name() == "summary" && format!("{value:?}").contains("PRAGMA");
    }
}

impl Subscriber for Counting {
    fn enabled(&self, what: &Metadata<'_>) -> bool {
        what.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        let mut upkeep = Upkeep(false);
        event.record(&mut upkeep);
        if !upkeep.0 {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The statements of leasing so many, of starting, and of ending them; without those that begin
/// and commit.
async fn cost(store: &SqlStore, new: &NewTask, count: usize) -> (usize, usize, usize) {
    for _ in 0..count {
        queued(store, new).await;
    }
    let before = STATEMENTS.load(Ordering::SeqCst);
    let lease = store.lease("local", "life-1", terms(at(2)), count, at(2));
    let leased = lease.await.unwrap();
    assert_eq!(leased.len(), count);
    let taken = STATEMENTS.load(Ordering::SeqCst);
    let starts: Vec<_> = leased
        .iter()
        .map(|leased| Start {
            task: leased.task.id.clone(),
            fence: leased.fence,
            isolation: "none".to_owned(),
            deadline: at(90),
        })
        .collect();
    store.start_all(&starts, at(2)).await.unwrap();
    let begun = STATEMENTS.load(Ordering::SeqCst);
    let ends: Vec<_> = leased
        .iter()
        .map(|leased| {
            let fence = leased.fence;
            finish(&leased.task.id, fence, TaskEvent::Completed { fence })
        })
        .collect();
    store.finish_all(&ends, at(3)).await.unwrap();
    let after = STATEMENTS.load(Ordering::SeqCst);
    (taken - before, begun - taken, after - begun)
}

#[tokio::test]
async fn ten_tasks_cost_as_many_statements_as_one() {
    tracing::subscriber::set_global_default(Counting).unwrap();
    let dir = TempDir::new().unwrap();
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        retry_backoff: std::time::Duration::from_secs(5),
        ids: Arc::new(given::CountedIds::default()),
    };
    let store = open(options).await.unwrap();
    for count in [1, 10] {
        assert_eq!(cost(&store, &quiet("a"), count).await, (3, 4, 4), "{count}");
    }
    // The first ones open their lanes.
    cost(&store, &ask("b"), 1).await;
    for count in [1, 10] {
        let (lease, start, end) = cost(&store, &ask("b"), count).await;
        assert!(
            lease <= 8 && start <= 4 && end <= 10,
            "{count}: {lease}, {start}, {end}"
        );
    }
}
