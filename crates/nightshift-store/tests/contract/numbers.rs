//! The order of events for readers: a number that is given out is not yet one that can be read.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use nightshift_core::card::Card;
use nightshift_core::id::Seq;
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{Deliveries, Outbox, Outgoing, Tasks};
use nightshift_store::{CommitWatch, Conditions, SqlStore};

use tokio::task::JoinSet;

use crate::given::{at, delivery, room};

/// Holds the first commit back until it is told.
struct HeldBack {
    reached: Mutex<Option<Sender<()>>>,
    go: Mutex<Option<Receiver<()>>>,
}

impl CommitWatch for HeldBack {
    fn before(&self, _: &'static str) {
        let go = self.go.lock().unwrap().take();
        if let Some(go) = go {
            let reached = self.reached.lock().unwrap().take().unwrap();
            reached.send(()).unwrap();
            // A test that fails meanwhile drops the other end.
            tokio::task::block_in_place(|| go.recv()).ok();
        }
    }

    fn after(&self, _: &'static str, _: Duration) {}
}

async fn seen(store: &SqlStore) -> Vec<i64> {
    let events = store.events(Seq(0), None, None, 100).await.unwrap();
    events.into_iter().map(|event| event.seq.0).collect()
}

/// One has its numbers and has not committed; another one that came later has. Nobody is shown the
/// later ones first: who goes on from them would never see the earlier ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_are_shown_in_the_order_of_their_numbers() {
    let database = crate::database();
    let (reached, is_reached) = channel();
    let (go, goes) = channel();
    let watch = Arc::new(HeldBack {
        reached: Mutex::new(Some(reached)),
        go: Mutex::new(Some(goes)),
    });
    let conditions = Conditions {
        watch: Some(watch),
        ..Conditions::default()
    };
    let slow = crate::open_watched(&database.url(), 1, conditions)
        .await
        .unwrap();
    let quick = crate::open_replica(&database.url(), 2).await.unwrap();
    quick.accept(&[delivery(&["first"], 1)]).await.unwrap();
    assert_eq!(seen(&quick).await, [1]);

    let message = Outgoing {
        to: room("C1"),
        notice: Notice::Say {
            card: Card::say("held back"),
        },
        whisper: None,
    };
    let mut held = JoinSet::new();
    held.spawn(async move { slow.enqueue(&[message], at(2)).await.unwrap() });
    tokio::task::spawn_blocking(move || is_reached.recv().unwrap())
        .await
        .unwrap();
    quick.accept(&[delivery(&["third"], 3)]).await.unwrap();
    assert_eq!(seen(&quick).await, [1], "the held one has a number before");
    go.send(()).unwrap();
    held.join_all().await;
    let all = seen(&quick).await;
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted(), "{all:?}");
}
