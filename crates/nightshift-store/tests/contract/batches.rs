//! Several at once: each gets its own outcome, as if it came alone.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use nightshift_core::id::{Fence, Seq, TaskId};
use nightshift_core::port::store::{Finish, FinishOutcome, LeaseWord, Leased, Start, Store, Tasks};
use nightshift_core::task::{TaskEvent, TaskState};
use tempfile::TempDir;

use crate::given::{ask, at, finish, queued, quiet, running, terms, thread};
use crate::open::tamper;
use crate::open_in;

async fn leased(store: &dyn Store, limit: usize) -> Vec<Leased> {
    let leases = store.lease("local", "life-1", terms(at(2)), limit, at(2));
    leases.await.unwrap()
}

fn done(task: &TaskId, fence: Fence) -> Finish {
    finish(task, fence, TaskEvent::Completed { fence })
}

fn is_finished(outcome: &FinishOutcome) -> bool {
    matches!(outcome, FinishOutcome::Finished(_))
}

/// The kinds of what happened after `seq`, and to which task.
async fn told_since(store: &dyn Store, seq: Seq) -> Vec<(String, Option<TaskId>)> {
    let events = store.events(seq, None, None, 10_000).await.unwrap();
    let told = events.into_iter().map(|event| (event.kind, event.task_id));
    told.collect()
}

async fn newest(store: &dyn Store) -> Seq {
    let events = store.events(Seq(0), None, None, 10_000).await.unwrap();
    events.last().unwrap().seq
}

pub(crate) async fn one_end_of_a_batch_is_heard_apart_from_the_others(store: &dyn Store) {
    for text in ["a", "b", "c"] {
        queued(store, &quiet(text)).await;
    }
    let held = leased(store, 3).await;
    let [a, b, c] = [0, 1, 2].map(|n| (held[n].task.id.clone(), held[n].fence));
    let nobody = TaskId::from_entropy([7; 16]);
    let ends = [
        done(&a.0, a.1),
        done(&b.0, Fence(1)),
        done(&nobody, Fence(2)),
        done(&a.0, a.1),
        done(&c.0, c.1),
    ];
    let before = newest(store).await;
    let outcomes = store.finish_all(&ends, at(3)).await.unwrap();
    let finished: Vec<bool> = outcomes.iter().map(is_finished).collect();
    assert_eq!(finished, [true, false, false, false, true]);
    let states = [&a, &b, &c].map(|(id, _)| store.task(id));
    let states = join_all(states).await.into_iter();
    let states: Vec<_> = states.map(|task| task.unwrap().unwrap().state).collect();
    let running = TaskState::Running { fence: b.1 };
    let over = TaskState::Completed;
    assert_eq!(states, [over.clone(), running, over]);
    // As if they had come one after the other; nobody's end leaves nothing.
    let told = told_since(store, before).await;
    let expected = [
        ("attempt.finished", &a.0),
        ("task.completed", &a.0),
        ("attempt.fenced", &b.0),
        ("attempt.fenced", &a.0),
        ("attempt.finished", &c.0),
        ("task.completed", &c.0),
    ];
    let expected = expected.map(|(kind, id)| (kind.to_owned(), Some(id.clone())));
    assert_eq!(told, expected);
}

pub(crate) async fn one_start_of_a_batch_is_heard_apart_from_the_others(store: &dyn Store) {
    for text in ["a", "b", "c"] {
        queued(store, &quiet(text)).await;
    }
    let held = leased(store, 3).await;
    let [a, b, c] = [0, 1, 2].map(|n| (held[n].task.id.clone(), held[n].fence));
    let begun = |task: &TaskId, fence| Start {
        task: task.clone(),
        fence,
        isolation: "none".to_owned(),
        deadline: at(90),
    };
    let nobody = TaskId::from_entropy([7; 16]);
    let starts = [
        begun(&a.0, a.1),
        begun(&b.0, Fence(b.1.0 - 1)),
        begun(&nobody, Fence(2)),
        begun(&a.0, a.1),
        begun(&c.0, c.1),
    ];
    let (keep, fenced) = (LeaseWord::Keep, LeaseWord::Fenced);
    let before = newest(store).await;
    let words = store.start_all(&starts, at(3)).await.unwrap();
    assert_eq!(words, [keep, fenced, fenced, keep, keep]);
    let expected = [&a.0, &c.0].map(|id| ("attempt.started".to_owned(), Some(id.clone())));
    assert_eq!(told_since(store, before).await, expected);
    let times = [&a, &b, &c].map(|(id, _)| store.task(id));
    let times = join_all(times).await.into_iter();
    let times: Vec<_> = times
        .map(|task| task.unwrap().unwrap().started_at)
        .collect();
    assert_eq!(times, [Some(at(3)), None, Some(at(3))]);

    // The answer was lost, and one is told again with one that is new.
    let before = newest(store).await;
    let again = [begun(&a.0, a.1), begun(&b.0, b.1)];
    assert_eq!(store.start_all(&again, at(4)).await.unwrap(), [keep, keep]);
    let expected = [("attempt.started".to_owned(), Some(b.0.clone()))];
    assert_eq!(told_since(store, before).await, expected);
    let first = store.task(&a.0).await.unwrap().unwrap().started_at;
    assert_eq!(first, Some(at(3)));
}

pub(crate) async fn a_leased_task_is_what_is_stored(store: &dyn Store) {
    queued(store, &ask("a")).await;
    queued(store, &quiet("b")).await;
    // One that was lost before has a history.
    let again = running(store, &ask("c")).await;
    store.sweep(at(100)).await.unwrap();
    let leases = store.lease("local", "life-1", terms(at(200)), 9, at(200));
    let leases = leases.await.unwrap();
    assert_eq!(leases.len(), 3);
    assert!(leases.iter().any(|leased| leased.task.id == again.task.id));
    for leased in leases {
        assert_eq!(
            leased.task.state,
            TaskState::Running {
                fence: leased.fence
            }
        );
        let stored = store.task(&leased.task.id).await.unwrap().unwrap();
        assert_eq!(leased.task, stored);
    }
}

pub(crate) async fn two_batches_at_once_share_what_waits(store: &dyn Store) {
    for n in 0..9 {
        queued(store, &quiet(&format!("task {n}"))).await;
    }
    let (one, other) = join(leased(store, 6), leased(store, 6)).await;
    let all: Vec<_> = one.iter().chain(&other).collect();
    let ids: BTreeSet<_> = all.iter().map(|leased| &leased.task.id).collect();
    assert_eq!((all.len(), ids.len()), (9, 9));
    let ends: Vec<_> = all.iter().map(|l| done(&l.task.id, l.fence)).collect();
    let (one, other) = join(
        store.finish_all(&ends, at(3)),
        store.finish_all(&ends, at(3)),
    )
    .await;
    let (one, other) = (one.unwrap(), other.unwrap());
    for (one, other) in one.iter().zip(&other) {
        assert_ne!(is_finished(one), is_finished(other));
    }
}

/// The batch has several messages for one conversation, and some for others.
pub(crate) async fn messages_of_a_batch_keep_the_order_of_their_conversation(store: &dyn Store) {
    for (text, channel) in [("a", "C1"), ("b", "C2"), ("c", "C1")] {
        let mut new = ask(text);
        new.origin = Some(thread(channel, "root"));
        queued(store, &new).await;
    }
    let mut held = leased(store, 3).await;
    // What was queued at the same moment is leased in the order of its ids.
    held.sort_by(|one, other| one.task.description.cmp(&other.task.description));
    let ends: Vec<_> = held.iter().map(|l| done(&l.task.id, l.fence)).collect();
    store.finish_all(&ends, at(3)).await.unwrap();
    let mut said = Vec::new();
    for second in 4..20 {
        for item in crate::given::claim(store, at(second)).await {
            let task = nightshift_core::notice::Notice::clone(&item.notice);
            said.push((item.to.channel.clone(), format!("{task:?}")));
            let sent = nightshift_core::chat::MessageRef {
                channel: item.to.channel.clone(),
                id: format!("m{second}-{}", said.len()),
            };
            store.sent(&item, Some(&sent), at(second)).await.unwrap();
        }
    }
    let of = |channel: &str, n: usize| {
        let id = held[n].task.id.as_str().to_owned();
        let mine = said
            .iter()
            .filter(|(at, said)| at == channel && said.contains(&id));
        let kinds = mine.map(|(_, said)| said.split([' ', '{']).next().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    // The card was waiting when the end came: one revision of it tells all.
    for (channel, n) in [("C1", 0), ("C2", 1), ("C1", 2)] {
        assert_eq!(of(channel, n), ["TaskCard", "Final"], "{n}");
    }
    let first: Vec<_> = said.iter().filter(|(at, _)| at == "C1").collect();
    let cards = first.iter().map(|(_, said)| said.starts_with("TaskCard"));
    assert_eq!(cards.collect::<Vec<_>>(), [true, true, false, false]);
}

#[tokio::test]
async fn a_plan_that_was_tampered_with_is_refused_among_others() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    for text in ["a", "b", "c", "d"] {
        queued(&*store, &quiet(text)).await;
    }
    tamper(
        &dir,
        "UPDATE plan SET body = replace(body, 'do it', 'do harm') WHERE task_id IN \
         (SELECT task_id FROM task ORDER BY queued_at, task_id LIMIT 1 OFFSET 1)",
    )
    .await;
    // Its place is given to the next one.
    let held = leased(&*store, 3).await;
    assert_eq!(held.len(), 3);
    assert!(leased(&*store, 9).await.is_empty());
    let failed = nightshift_core::port::store::TaskFilter {
        state: Some("failed".to_owned()),
        limit: 10,
        ..Default::default()
    };
    let failed = store.tasks(&failed).await.unwrap().items;
    assert_eq!(failed.len(), 1);
    assert!(failed[0].attempt.is_none(), "it never ran");
    let id = Some(&failed[0].id);
    let kinds = crate::given::events(&*store, id).await;
    assert_eq!(kinds["task.failed"], 1);
    assert!(!kinds.contains_key("attempt.leased"));
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}
