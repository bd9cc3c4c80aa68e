//! That a claim costs the same however much waits.

use std::sync::Arc;

use nightshift_core::card::Card;
use nightshift_core::chat::Conversation;
use nightshift_core::chat::budget::{Act, Budget, Budgets, Scope};
use nightshift_core::id::{Entropy, Platform};
use nightshift_core::notice::Notice;
use nightshift_core::port::clock::Ids;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{Outbox, Outgoing};
use nightshift_core::time::Timestamp;
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;

use crate::{OpenOptions, SqlStore, open, sql};

struct Counted(std::sync::atomic::AtomicU64);

impl Ids for Counted {
    fn entropy(&self) -> Entropy {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut entropy = Entropy::default();
        entropy[..8].copy_from_slice(&n.to_le_bytes());
        entropy
    }
}

async fn store(dir: &TempDir) -> Arc<SqlStore> {
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        retry_backoff: std::time::Duration::from_secs(1),
        ids: Arc::new(Counted(0.into())),
    };
    open(options).await.unwrap()
}

async fn plan_of(store: &SqlStore, statement: &str) -> Vec<String> {
    let mut conn = store.engine.read().await.unwrap();
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = sqlx::query(AssertSqlSafe(explained))
        .fetch_all(conn.any())
        .await
        .unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn no_statement_of_a_claim_looks_at_all_rows() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let scripts = [
        sql::send::HEADS.sqlite,
        sql::send::FIRST_OPEN.sqlite,
        sql::send::SEATED.sqlite,
        sql::send::REFRESH_LANE.sqlite,
        sql::send::HOLD_LANE.sqlite,
        sql::send::FIND_LANES.sqlite,
        sql::send::SEAT_ALL.text.sqlite,
        sql::send::BUCKET.sqlite,
        sql::send::FORGET_SPENT.sqlite,
        sql::send::FORGET_FULL.sqlite,
        sql::send::FORGET_BUCKET.sqlite,
        sql::outbox::PENDING_CARDS.sqlite,
        sql::outbox::NUMBERS.sqlite,
        sql::outbox::QUEUE.text.sqlite,
        sql::outbox::MERGE_NEWER.sqlite,
        sql::outbox::IN_FLIGHT.sqlite,
        sql::beside::WRITE.text.sqlite,
        sql::task::MOVE.sqlite,
        sql::task::ROWS.sqlite,
    ];
    for statement in scripts.iter().flat_map(|script| script.split(';')) {
        let plan = plan_of(&store, statement).await;
        let scans = plan.iter().filter(|step| step.starts_with("SCAN"));
        // What is sent now has an index of its own, which is read as a whole.
        let scans: Vec<_> = scans
            .filter(|step| !step.contains("outbox_sending"))
            // What was handed over is read as a whole.
            .filter(|step| !step.contains("batch") && !step.contains("json_each"))
            .collect();
        assert!(scans.is_empty(), "{statement}\n{plan:#?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts, "{statement}\n{plan:#?}");
    }
    // Gates are few; each is asked for its first lane by the index.
    let plan = plan_of(&store, sql::send::GATES.sqlite).await;
    let lanes = plan.iter().any(|step| step.starts_with("SEARCH l USING"));
    assert!(lanes, "{plan:#?}");
}

fn say(channel: usize, thread: usize) -> Outgoing {
    Outgoing {
        to: Conversation {
            platform: Platform::new("chat"),
            workspace: "T1".into(),
            channel: format!("C{channel}"),
            thread: Some(format!("{thread}")),
        },
        notice: Notice::Say {
            card: Card::say("x"),
        },
        whisper: None,
    }
}

const RATE: &[Budget] = &[Budget {
    name: "posts",
    acts: &[Act::Post],
    scope: Scope::Channel,
    channels: "",
    every: std::time::Duration::from_secs(1),
    burst: 1,
}];

/// Counted in steps of SQLite's own machine would be exact; rows that a claim changes tell as much.
#[tokio::test]
async fn a_claim_among_many_conversations_of_one_channel_looks_at_few() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let at = |ms: i64| Timestamp::from_millis(1_000_000 + ms);
    let crowd: Vec<Outgoing> = (0..2000).map(|n| say(0, n)).collect();
    store.enqueue(&crowd, at(0)).await.unwrap();
    store.enqueue(&[say(1, 0)], at(1)).await.unwrap();
    let budgets: Budgets = [(Platform::new("chat"), RATE)].into_iter().collect();
    let first = store
        .claim_outbox(&Sender::alone(), 32, &budgets, at(2))
        .await
        .unwrap();
    let channels: Vec<&str> = first.iter().map(|item| &*item.to.channel).collect();
    assert_eq!(channels, ["C0", "C1"]);
    // Both channels are asleep now: nothing is looked at again before their time.
    for ms in [3, 500, 1001] {
        assert!(
            store
                .claim_outbox(&Sender::alone(), 32, &budgets, at(ms))
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store.next_due(&Sender::alone(), at(ms)).await.unwrap(),
            Some(at(1002))
        );
    }
    let next = store
        .claim_outbox(&Sender::alone(), 32, &budgets, at(1002))
        .await
        .unwrap();
    assert_eq!(next.len(), 1);
}
