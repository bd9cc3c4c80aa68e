//! Several stores on one database, all at once: what one writer gives by itself on SQLite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nightshift_core::approval::Decision;
use nightshift_core::card::Card;
use nightshift_core::chat::MessageRef;
use nightshift_core::chat::budget::{Act, Budget, Budgets, Scope};
use nightshift_core::notice::Notice;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, Attempts, Cause, Created, Deliveries, FinishOutcome, Idempotency, Outbox, OutboxItem,
    Outgoing, StoreError, StoreKind, Tasks, VoteOutcome,
};
use nightshift_core::task::TaskEvent;
use nightshift_fakes::postgres::Database;
use nightshift_store::SqlStore;

use crate::given::{ask, at, chat, delivery, finish, queued, quiet, room, staged, terms, vote};

const REPLICAS: u64 = 3;

struct Installation {
    stores: Vec<Arc<SqlStore>>,
    // Gone after the stores.
    _database: Database,
}

async fn installation() -> Installation {
    let database = crate::database();
    let mut stores = Vec::new();
    for number in 0..REPLICAS {
        let store = crate::open_replica(&database.url(), number).await;
        stores.push(store.unwrap());
    }
    Installation {
        stores,
        _database: database,
    }
}

impl Installation {
    fn any(&self, n: usize) -> &SqlStore {
        &self.stores[n % self.stores.len()]
    }

    async fn holds(&self) {
        assert_eq!(
            self.any(0).check_invariants().await.unwrap(),
            [] as [String; 0]
        );
    }
}

/// Whoever is told that the store is busy comes again; anything else is an error.
async fn again<T>(mut call: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let began = Instant::now();
    loop {
        match call().await {
            Err(error) if matches!(error.kind, StoreKind::Busy | StoreKind::Unknown) => {
                assert!(began.elapsed() < Duration::from_secs(60), "{error}");
            }
            other => return other.unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_task_is_leased_once_and_ended_once() {
    let all = installation().await;
    for n in 0..60 {
        queued(all.any(n), &quiet(&n.to_string())).await;
    }
    let workers = (0..9).map(|n| {
        let store = all.any(n);
        async move {
            let holder = format!("life-{n}");
            let mut mine = Vec::new();
            loop {
                let some = again(async || {
                    store
                        .lease("local", &holder, terms(at(2)), 1 + n % 4, at(2))
                        .await
                })
                .await;
                if some.is_empty() {
                    return mine;
                }
                for leased in some {
                    let (task, fence) = (leased.task.id, leased.fence);
                    let end = finish(&task, fence, TaskEvent::Completed { fence });
                    let ended = again(async || store.finish(&end, at(3)).await).await;
                    assert!(matches!(ended, FinishOutcome::Finished(_)));
                    mine.push(task.to_string());
                }
            }
        }
    });
    let mut leased = join_all(workers).await.concat();
    let count = leased.len();
    leased.sort_unstable();
    leased.dedup();
    assert_eq!((count, leased.len()), (60, 60));
    all.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn votes_through_different_replicas_decide_once() {
    let all = installation().await;
    for n in 0..20 {
        let task = staged(all.any(n), &ask(&n.to_string())).await;
        let votes =
            (0..6).map(|voter| {
                let store = all.any(voter);
                let decision = if voter % 3 == 2 {
                    Decision::Reject
                } else {
                    Decision::Approve
                };
                let cast = vote(&task.id, &format!("user_{voter}"), decision);
                async move {
                    again(async || store.cast_vote(&cast, &Cause::default(), at(1)).await).await
                }
            });
        let outcomes = join_all(votes).await;
        let decided = outcomes
            .iter()
            .filter(|o| matches!(o, VoteOutcome::Granted(_) | VoteOutcome::Rejected(_)));
        assert_eq!(decided.count(), 1, "{outcomes:?}");
    }
    all.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_delivery_is_accepted_by_one_replica() {
    let all = installation().await;
    for round in 0..10 {
        // Some were seen before: whoever has one of those looks at all of its batch.
        let known = format!("known-{round}");
        all.any(round)
            .accept(&[delivery(&[&known], 1)])
            .await
            .unwrap();
        let batches = (0..9).map(|n| {
            let store = all.any(n);
            let mut names: Vec<String> = (0..10).map(|k| format!("e{round}-{k}")).collect();
            if n % 2 == 0 {
                names.push(known.clone());
            }
            async move {
                let batch: Vec<_> = names.iter().map(|name| delivery(&[name], 1)).collect();
                again(async || store.accept(&batch).await).await
            }
        });
        let outcomes = join_all(batches).await.concat();
        let new = outcomes.iter().filter(|o| **o == Accepted::New).count();
        assert_eq!(new, 10, "round {round}");
    }
    let open = all.any(0).open_deliveries(None, 1000).await.unwrap();
    assert_eq!(open.len(), 110);
    all.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_key_makes_one_task() {
    let all = installation().await;
    for n in 0..10 {
        let mut new = quiet("once");
        new.idempotency = Some(Idempotency {
            key: format!("key-{n}"),
            body_hash: [1; 32],
        });
        let calls =
            (0..6).map(|caller| {
                let (store, new) = (all.any(caller), &new);
                async move {
                    again(async || store.create_task(new, &Cause::default(), at(0)).await).await
                }
            });
        let made = join_all(calls).await;
        let new = made.iter().filter(|it| matches!(it, Created::New(_)));
        assert_eq!(new.count(), 1, "{made:?}");
    }
    all.holds().await;
}

fn say(channel: &str, writer: usize, n: usize) -> Outgoing {
    Outgoing {
        to: room(channel),
        notice: Notice::Say {
            card: Card::say(format!("{writer} {n}")),
        },
        whisper: None,
    }
}

fn text(item: &OutboxItem) -> (usize, usize) {
    let Notice::Say { card } = &item.notice else {
        panic!("{item:?}");
    };
    let text = card.plain();
    let (writer, n) = text.trim().split_once(' ').unwrap();
    (writer.parse().unwrap(), n.parse().unwrap())
}

const WRITERS: usize = 6;
const MESSAGES: usize = 25;
const CHANNELS: usize = 3;

/// A workspace allows so many at once, and then none for long.
const BURST: Budget = Budget {
    name: "burst",
    acts: &[Act::Post],
    scope: Scope::Workspace,
    channels: "",
    every: Duration::from_secs(3600),
    burst: 40,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_many_write_is_sent_by_many_each_once_and_in_order() {
    let all = installation().await;
    let sent = AtomicUsize::new(0);
    let writers = (0..WRITERS).map(|writer| {
        let store = all.any(writer);
        async move {
            for n in 0..MESSAGES {
                let channel = format!("C{}", n % CHANNELS);
                let message = [say(&channel, writer, n)];
                again(async || store.enqueue(&message, at(0)).await).await;
            }
        }
    });
    let senders = (0..REPLICAS as usize).map(|n| {
        let (store, sent) = (all.any(n), &sent);
        async move {
            let (mut mine, began) = (Vec::new(), Instant::now());
            while sent.load(Ordering::SeqCst) < WRITERS * MESSAGES {
                assert!(began.elapsed() < Duration::from_secs(90), "some are stuck");
                let budgets = Budgets::default();
                let items = again(async || {
                    store
                        .claim_outbox(&Sender::alone(), 5, &budgets, at(1))
                        .await
                })
                .await;
                if items.is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                for item in items {
                    // The order is that of the sends, which the platform would see.
                    let place = sent.fetch_add(1, Ordering::SeqCst);
                    mine.push((place, item.to.channel.clone(), text(&item)));
                    let message = MessageRef {
                        channel: item.to.channel.clone(),
                        id: format!("m{}", item.id),
                    };
                    again(async || store.sent(&item, Some(&message), at(1)).await).await;
                }
            }
            mine
        }
    });
    let (_, mut told) = futures_util::join!(join_all(writers), async {
        join_all(senders).await.concat()
    });
    told.sort_unstable();
    assert_eq!(told.len(), WRITERS * MESSAGES);
    let mut newest: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for (_, channel, (writer, n)) in told {
        let before = newest.insert((channel.clone(), writer), n);
        assert!(
            before.is_none_or(|before| before < n),
            "{channel} {writer} {n}"
        );
    }
    all.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_spend_one_budget_together() {
    let all = installation().await;
    for n in 0..80 {
        let message = [say(&format!("C{n}"), 0, n)];
        all.any(n).enqueue(&message, at(0)).await.unwrap();
    }
    let only: &[Budget] = &[BURST];
    let budgets: Budgets = [(chat(), only)].into_iter().collect();
    let claims = (0..12).map(|n| {
        let (store, budgets) = (all.any(n), &budgets);
        async move {
            again(async || {
                store
                    .claim_outbox(&Sender::alone(), 20, budgets, at(1))
                    .await
            })
            .await
        }
    });
    let claimed = join_all(claims).await.concat();
    assert_eq!(claimed.len(), 40);
    all.holds().await;
}
