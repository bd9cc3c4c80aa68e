//! Who is there, who leads, and what servers on one database share.

use nightshift_core::chat::budget::Budgets;
use nightshift_core::id::{Fence, Platform, TaskId};
use nightshift_core::port::replicas::{Appeared, Files, Replica, Replicas, Sender, Term, sending};
use nightshift_core::port::store::Outbox;
use nightshift_store::SqlStore;

use crate::given::{ask, at, queued};

fn work(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn term(work: &str, epoch: i64) -> Term {
    Term {
        work: work.into(),
        epoch,
    }
}

pub(crate) async fn work_is_led_by_one_until_its_term_ends(store: &SqlStore) {
    let both = work(&["sweep", "send:chat"]);
    let led = store.lead("@a/1", &both, at(6), at(0)).await.unwrap();
    assert_eq!(led, [term("send:chat", 1), term("sweep", 1)]);
    assert_eq!(store.lead("@b/1", &both, at(7), at(1)).await.unwrap(), []);
    // The leader goes on in the same term.
    let more = store.lead("@a/1", &both, at(8), at(2)).await.unwrap();
    assert_eq!(more, led);
    assert_eq!(store.lead("@b/1", &both, at(13), at(7)).await.unwrap(), []);
    // It is gone: the term ends with its time, not a moment earlier.
    let sweep = work(&["sweep"]);
    let taken = store.lead("@b/1", &sweep, at(14), at(8)).await.unwrap();
    assert_eq!(taken, [term("sweep", 2)]);
    // Back again, it has what nobody took.
    let left = store.lead("@a/1", &both, at(15), at(9)).await.unwrap();
    assert_eq!(left, [term("send:chat", 1)]);
}

pub(crate) async fn who_steps_down_is_not_waited_for(store: &SqlStore) {
    let sweep = work(&["sweep"]);
    store.lead("@a/1", &sweep, at(6), at(0)).await.unwrap();
    store.step_down("@b/1").await.unwrap();
    assert_eq!(store.lead("@b/1", &sweep, at(7), at(1)).await.unwrap(), []);
    store.step_down("@a/1").await.unwrap();
    let taken = store.lead("@b/1", &sweep, at(7), at(1)).await.unwrap();
    assert_eq!(taken, [term("sweep", 2)]);
}

fn me(life: &str) -> Replica {
    Replica {
        id: "box-1".into(),
        life: life.into(),
        name: "box".into(),
    }
}

pub(crate) async fn a_younger_life_takes_the_place_of_an_older_one(store: &SqlStore) {
    assert_eq!(store.shared_offset().await.unwrap(), None);
    let here = |life, first, now| {
        let me = me(life);
        async move { store.appear(&me, first, at(now)).await.unwrap() }
    };
    assert_eq!(here("a", true, 1).await, Appeared::Here);
    assert_eq!(here("a", false, 2).await, Appeared::Here);
    assert_eq!(here("b", true, 3).await, Appeared::Here);
    assert_eq!(here("a", false, 4).await, Appeared::Superseded);
    assert_eq!(here("b", false, 5).await, Appeared::Here);
    let seen = store.seen(at(5)).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].replica, me("b"));
    assert_eq!((seen[0].started_at, seen[0].seen_at), (at(3), at(5)));
    assert_eq!(store.seen(at(6)).await.unwrap(), []);
}

/// All servers have one time: who comes takes it over from those that are there, whatever the
/// database's clock says.
pub(crate) async fn the_time_of_those_who_are_there_is_told(store: &SqlStore) {
    let now = store.server_time().await.unwrap();
    let day = std::time::Duration::from_hours(24);
    store.appear(&me("a"), true, now.before(day)).await.unwrap();
    let offset = store.shared_offset().await.unwrap().unwrap();
    let expected = -(day.as_millis() as i64);
    assert!((offset - expected).abs() < 5_000, "{offset}");
}

pub(crate) async fn only_who_leads_the_sending_claims(store: &SqlStore) {
    queued(store, &ask("hello")).await;
    let chat = Platform::new("chat");
    let terms = store
        .lead("@a/1", &[sending(&chat)], at(20), at(0))
        .await
        .unwrap();
    let leader = Sender {
        holder: "@a/1".into(),
        terms: Some(terms.clone()),
    };
    let pretender = Sender {
        holder: "@b/1".into(),
        terms: Some(terms),
    };
    let idle = Sender {
        holder: "@b/1".into(),
        terms: Some(vec![term("send:other", 1)]),
    };
    let claim = |sender, now| {
        let budgets = Budgets::default();
        async move {
            store
                .claim_outbox(sender, 9, &budgets, at(now))
                .await
                .unwrap()
        }
    };
    assert!(claim(&pretender, 5).await.is_empty());
    assert!(claim(&idle, 5).await.is_empty());
    assert_eq!(store.next_due(&idle, at(5)).await.unwrap(), None);
    assert!(store.next_due(&leader, at(5)).await.unwrap().is_some());
    // Its term is over, whatever it believes.
    assert!(claim(&leader, 20).await.is_empty());
    let claimed = claim(&leader, 19).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].sender, "@a/1");
}

pub(crate) async fn what_the_former_leader_was_sending_is_in_doubt(store: &SqlStore) {
    queued(store, &ask("hello")).await;
    let chat = Platform::new("chat");
    let lead = |holder, until, now| {
        let work = [sending(&Platform::new("chat"))];
        async move {
            let terms = store.lead(holder, &work, at(until), at(now)).await.unwrap();
            Sender {
                holder: holder.into(),
                terms: Some(terms),
            }
        }
    };
    let budgets = Budgets::default();
    let first = lead("@a/1", 6, 0).await;
    let held = store
        .claim_outbox(&first, 9, &budgets, at(5))
        .await
        .unwrap();
    assert_eq!(held.len(), 1);
    let second = lead("@b/1", 16, 10).await;
    // Its own sends are no matter of doubt.
    store.doubt_sends(&chat, "@a/1", at(10)).await.unwrap();
    let none = store.claim_outbox(&second, 9, &budgets, at(11)).await;
    assert!(none.unwrap().is_empty());
    store.doubt_sends(&chat, "@b/1", at(10)).await.unwrap();
    let again = store
        .claim_outbox(&second, 9, &budgets, at(11))
        .await
        .unwrap();
    assert_eq!(again.len(), 1);
    assert!(again[0].unsure && again[0].id == held[0].id, "{again:?}");
    // What the former one has to say of its try changes nothing for the one who tries now.
    store
        .postpone(&held[0], at(11), false, "late")
        .await
        .unwrap();
    store.give_up(&held[0], "late", at(11)).await.unwrap();
    let none = store.claim_outbox(&second, 9, &budgets, at(12)).await;
    assert!(none.unwrap().is_empty());
    store.sent(&again[0], None, at(12)).await.unwrap();
}

pub(crate) async fn the_first_proposal_is_the_value_of_all(store: &SqlStore) {
    for proposal in ["one", "two"] {
        let value = store.shared_value("key", proposal).await.unwrap();
        assert_eq!(value, "one");
    }
}

pub(crate) async fn a_kept_file_is_read_part_by_part(store: &SqlStore) {
    let task: TaskId = "task_7k2m9q4x".parse().unwrap();
    let fence = Fence(3);
    for _ in 0..2 {
        store
            .keep_file(&task, fence, "a/b.txt", 0, b"first ")
            .await
            .unwrap();
        store
            .keep_file(&task, fence, "a/b.txt", 6, &[0, 255])
            .await
            .unwrap();
    }
    let read = |fence, offset| {
        let task = task.clone();
        async move {
            store
                .read_file(&task, Fence(fence), "a/b.txt", offset)
                .await
                .unwrap()
        }
    };
    assert_eq!(read(3, 0).await, Some(b"first ".to_vec()));
    assert_eq!(read(3, 6).await, Some(vec![0, 255]));
    assert_eq!(read(3, 8).await, None);
    assert_eq!(read(4, 0).await, None);
}
