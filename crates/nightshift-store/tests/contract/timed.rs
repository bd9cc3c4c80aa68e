//! Our own work by the clock: claimed once, reminded once, and what is old goes without harm.

use std::time::Duration;

use futures_util::future::join_all;
use nightshift_core::approval::Decision;
use nightshift_core::card::Card;
use nightshift_core::chat::MessageRef;
use nightshift_core::id::{Seq, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{
    Accepted, Cause, Created, Idempotency, NewTask, OutboxItem, Outgoing, PageMessage, Prune,
    Store, Stranger, TimedRun,
};
use nightshift_core::task::Usage;
use nightshift_core::time::Timestamp;
use tempfile::TempDir;

use crate::given::{
    DAY, account, approve, ask, at, claim, completed, created, delivery, events, planning, quiet,
    recorded, room, running, staged, vote,
};
use crate::open_in;

const HOUR: i64 = 3600;
const HOURLY: Duration = Duration::from_secs(3600);

async fn run(store: &dyn Store, now: Timestamp) -> Option<TimedRun> {
    store.claim_run("work", HOURLY, now).await.unwrap()
}

pub(crate) async fn of_many_who_ask_one_gets_the_run(store: &dyn Store) {
    for (round, now) in [at(0), at(HOUR), at(5 * HOUR)].into_iter().enumerate() {
        let asked = join_all((0..8).map(|_| run(store, now))).await;
        let got = asked.into_iter().flatten().count();
        assert_eq!(got, 1, "round {round}");
    }
    assert!(run(store, at(6 * HOUR - 1)).await.is_none());
    let other = store.claim_run("other", HOURLY, at(5 * HOUR)).await;
    assert!(other.unwrap().is_some(), "each work has its own time");
}

pub(crate) async fn missed_runs_are_one(store: &dyn Store) {
    let first = run(store, at(0)).await.unwrap();
    assert_eq!((first.last_at, first.missed), (None, 0));
    let late = run(store, at(5 * HOUR + 60)).await.unwrap();
    assert_eq!((late.last_at, late.missed), (Some(at(0)), 4));
    assert!(run(store, at(5 * HOUR + 61)).await.is_none());
    let next = run(store, at(6 * HOUR + 60)).await.unwrap();
    assert_eq!(next.missed, 0);
}

pub(crate) async fn a_run_planned_under_another_clock_is_due(store: &dyn Store) {
    run(store, at(365 * DAY)).await.unwrap();
    let back = run(store, at(0)).await;
    assert!(back.is_some(), "the clock was put back");
    assert!(run(store, at(HOUR - 1)).await.is_none());
    assert!(run(store, at(HOUR)).await.is_some());
    let shorter = store.claim_run("work", Duration::from_secs(60), at(HOUR + 1));
    assert!(shorter.await.unwrap().is_some(), "its period was shortened");
}

#[tokio::test]
async fn a_run_stays_claimed_over_a_restart() {
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    run(&*store, at(0)).await.unwrap();
    store.close().await;
    drop(store);
    let store = open_in(&dir).await;
    assert!(run(&*store, at(HOUR - 1)).await.is_none());
    assert!(run(&*store, at(HOUR)).await.is_some());
}

/// What of the messages that are due reminds of a plan; all others are sent.
async fn reminders(store: &dyn Store, now: Timestamp) -> Vec<OutboxItem> {
    let mut found = Vec::new();
    let mut later = now;
    loop {
        let due = claim(store, later).await;
        if due.is_empty() {
            return found;
        }
        for item in due {
            let message = MessageRef {
                channel: "C1".into(),
                id: item.marker.clone(),
            };
            store.sent(&item, Some(&message), later).await.unwrap();
            if matches!(item.notice, Notice::ApprovalReminder { .. }) {
                found.push(item);
            }
        }
        later = later.after(Duration::from_secs(60));
    }
}

const HALF: Duration = Duration::from_secs(12 * 3600);

pub(crate) async fn an_open_plan_is_reminded_of_once(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    assert_eq!(store.remind(HALF, at(12 * HOUR - 1)).await.unwrap(), 0);
    let told = join_all((0..4).map(|_| store.remind(HALF, at(12 * HOUR)))).await;
    let told: u32 = told.into_iter().map(|told| told.unwrap()).sum();
    assert_eq!(told, 1);
    assert_eq!(store.remind(HALF, at(23 * HOUR)).await.unwrap(), 0);
    let sent = reminders(store, at(12 * HOUR)).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to.channel, task.origin.unwrap().channel);
}

pub(crate) async fn a_reminder_comes_no_earlier_than_asked_and_not_in_the_first_half(
    store: &dyn Store,
) {
    staged(store, &ask("a")).await;
    let hour = Duration::from_secs(3600);
    assert_eq!(store.remind(hour, at(23 * HOUR - 1)).await.unwrap(), 0);
    let week = Duration::from_secs(7 * 24 * 3600);
    assert_eq!(store.remind(week, at(12 * HOUR - 1)).await.unwrap(), 0);
    assert_eq!(store.remind(hour, at(23 * HOUR)).await.unwrap(), 1);
}

pub(crate) async fn nobody_is_reminded_of_what_is_decided_or_over(store: &dyn Store) {
    let decided = staged(store, &ask("decided")).await;
    approve(store, &decided.id, "user_ana").await;
    let rejected = staged(store, &ask("rejected")).await;
    let no = vote(&rejected.id, "user_bob", Decision::Reject);
    store
        .cast_vote(&no, &Cause::default(), at(2))
        .await
        .unwrap();
    staged(store, &quiet("has no conversation")).await;
    staged(store, &ask("over")).await;
    assert_eq!(store.remind(HALF, at(DAY)).await.unwrap(), 0);
    assert_eq!(reminders(store, at(DAY)).await.len(), 0);
}

/// Removes until nothing is left to remove; the rows of each step.
async fn prune(store: &dyn Store, what: Prune, keep_days: i64, now: Timestamp) -> Vec<u64> {
    let keep = Duration::from_secs((keep_days * DAY).cast_unsigned());
    let mut steps = Vec::new();
    loop {
        let pruned = store.prune(what, keep, now).await.unwrap();
        if pruned.rows > 0 {
            steps.push(pruned.rows);
        }
        if !pruned.more {
            return steps;
        }
    }
}

pub(crate) async fn deliveries_are_removed_when_they_are_settled_and_old(store: &dyn Store) {
    let batch: Vec<_> = (0..1200)
        .map(|n| delivery(&[&*format!("e{n}")], 1))
        .collect();
    store.accept(&batch).await.unwrap();
    let open = store.open_deliveries(None, 2000).await.unwrap();
    for one in &open[..700] {
        let cause = Cause {
            actor: None,
            delivery: Some(one.id.clone()),
        };
        store.answer(&cause, &[], None, at(1)).await.unwrap();
    }
    let late = at(14 * DAY);
    assert_eq!(prune(store, Prune::Deliveries, 14, late).await, [0; 0]);
    let late = at(14 * DAY + 1);
    assert_eq!(prune(store, Prune::Deliveries, 14, late).await, [500, 200]);
    let open = store.open_deliveries(None, 2000).await.unwrap();
    assert_eq!(open.len(), 500, "what nobody acted on stays");
    let keys = prune(store, Prune::DeliveryKeys, 14, late).await;
    assert_eq!(keys, [500, 500, 200]);
    let again = store.accept(&batch[..1]).await.unwrap();
    assert_eq!(again, [Accepted::New]);
}

pub(crate) async fn keys_questions_and_strangers_are_forgotten(store: &dyn Store) {
    let keyed = NewTask {
        idempotency: Some(Idempotency {
            key: "k".to_owned(),
            body_hash: [1; 32],
        }),
        ..quiet("a")
    };
    created(store, &keyed, at(0)).await;
    let stranger = Stranger {
        identity: account("U9"),
        action: "submit".to_owned(),
        word: Some(Outgoing {
            to: room("C9"),
            notice: Notice::Say {
                card: Card::say("I do not know you."),
            },
            whisper: None,
        }),
        quiet_since: at(-DAY),
    };
    store
        .turn_away(&Cause::default(), &stranger, at(0))
        .await
        .unwrap();
    for what in [Prune::IdempotencyKeys, Prune::Strangers] {
        assert_eq!(prune(store, what, 1, at(DAY - 1)).await, [0; 0], "{what:?}");
        assert_eq!(prune(store, what, 1, at(DAY)).await, [1], "{what:?}");
    }
    let again = store.create_task(&keyed, &Cause::default(), at(DAY)).await;
    assert!(matches!(again.unwrap(), Created::New(_)));
}

pub(crate) async fn events_about_no_task_are_removed_and_others_keep_their_numbers(
    store: &dyn Store,
) {
    let task = staged(store, &ask("a")).await;
    let batch: Vec<_> = (0..700)
        .map(|n| delivery(&[&*format!("e{n}")], 1))
        .collect();
    store.accept(&batch).await.unwrap();
    let mut young = delivery(&["young"], 1);
    young.at = at(50);
    store.accept(&[young.clone()]).await.unwrap();
    let before = events(store, Some(&task.id)).await;
    let steps = prune(store, Prune::Events, 1, at(DAY)).await;
    assert_eq!(steps.iter().sum::<u64>(), 700);
    assert!(steps.iter().all(|rows| *rows <= 500), "{steps:?}");
    assert_eq!(events(store, None).await["delivery.accepted"], 1);
    assert_eq!(events(store, Some(&task.id)).await, before);
    assert_eq!(prune(store, Prune::Events, 1, at(DAY + 50)).await, [1]);
    // What comes afterwards is numbered above all that was.
    let last = store.events(Seq(0), None, None, 10_000).await.unwrap();
    young.keys = vec!["younger".to_owned()];
    store.accept(&[young]).await.unwrap();
    let next = store.events(Seq(0), None, None, 10_000).await.unwrap();
    assert!(next.last().unwrap().seq > last.last().unwrap().seq);
}

/// A task that ended long ago, with output and everything sent.
async fn ended(store: &dyn Store, text: &str, now: Timestamp) -> TaskId {
    let leased = running(store, &ask(text)).await;
    let (id, fence) = (leased.task.id.clone(), leased.fence);
    for n in 0..70_u64 {
        store.append_log(&id, fence, n * 4, b"line").await.unwrap();
    }
    completed(store, &leased, now).await;
    reminders(store, now).await;
    id
}

pub(crate) async fn output_is_removed_whole_and_said_to_be_gone(store: &dyn Store) {
    let id = ended(store, "a", at(10)).await;
    let live = running(store, &ask("b")).await;
    store
        .append_log(&live.task.id, live.fence, 0, b"live")
        .await
        .unwrap();
    // Its attempt is over, the task is not.
    assert_eq!(store.sweep(at(100)).await.unwrap().lost, 1);
    assert_eq!(prune(store, Prune::Output, 30, at(30 * DAY)).await, [0; 0]);
    let steps = prune(store, Prune::Output, 30, at(30 * DAY + 10)).await;
    assert_eq!(steps, [64, 6]);
    let steps = prune(store, Prune::Output, 30, at(31 * DAY)).await;
    assert_eq!(steps, [0; 0]);
    let task = store.task(&id).await.unwrap().unwrap();
    let attempt = task.attempt.unwrap();
    assert_eq!(attempt.log_dropped_at, Some(at(30 * DAY + 10)));
    let part = store.read_log(&id, attempt.fence, 0, 100).await.unwrap();
    assert_eq!(part.end, 0);
    assert_eq!(task.result.unwrap().text, "done", "the answer stays");
    let live = store.read_log(&live.task.id, live.fence, 0, 100).await;
    assert_eq!(live.unwrap().bytes, b"live");
}

pub(crate) async fn a_removed_task_is_gone_with_all_of_it_and_no_other(store: &dyn Store) {
    let old = ended(store, "old", at(10)).await;
    let unsent = running(store, &ask("its last word is unsent")).await;
    completed(store, &unsent, at(10)).await;
    let waiting = staged(store, &ask("waits")).await;
    let late = at(365 * DAY + 10);
    assert_eq!(prune(store, Prune::Tasks, 365, late).await, [1]);
    assert!(store.task(&old).await.unwrap().is_none());
    for kept in [&unsent.task.id, &waiting.id] {
        assert!(store.task(kept).await.unwrap().is_some());
    }
    // Its rows go when its files are gone, and not before.
    let first = prune(store, Prune::Leftovers, 0, late).await;
    assert_eq!(first, [0; 0]);
    let removed = store.removed_tasks(10).await.unwrap();
    assert_eq!(removed, std::slice::from_ref(&old));
    store.files_removed(&removed).await.unwrap();
    let steps = prune(store, Prune::Leftovers, 0, late).await;
    assert!(steps.len() > 1, "a bounded number in each step: {steps:?}");
    assert_eq!(events(store, Some(&old)).await.len(), 0);
    assert_eq!(store.removed_tasks(10).await.unwrap(), []);
    assert_eq!(prune(store, Prune::Leftovers, 0, late).await, [0; 0]);
}

pub(crate) async fn what_a_removed_task_leaves_breaks_nothing_meanwhile(store: &dyn Store) {
    let leased = running(store, &ask("eventful")).await;
    let (id, fence) = (&leased.task.id, leased.fence);
    for n in 0..600 {
        let step = format!("step {n}");
        store
            .attempt_progress(id, fence, Some(&step), Usage::default(), None, at(3))
            .await
            .unwrap();
    }
    completed(store, &leased, at(10)).await;
    reminders(store, at(10)).await;
    prune(store, Prune::Tasks, 365, at(365 * DAY + 10)).await;
    store.files_removed(std::slice::from_ref(id)).await.unwrap();
    let step = store.prune(Prune::Leftovers, Duration::ZERO, at(366 * DAY));
    assert!(step.await.unwrap().more);
    // Afterwards the rows that are left are looked at.
    assert!(!events(store, Some(id)).await.is_empty());
}

fn page(id: &str, thread: Option<&str>, now: Timestamp) -> PageMessage {
    PageMessage {
        id: id.to_owned(),
        seq: Seq(0),
        channel: "room".to_owned(),
        thread: thread.map(str::to_owned),
        author: None,
        only_for: None,
        body: "{}".to_owned(),
        at: now,
    }
}

async fn shown(store: &dyn Store) -> Vec<String> {
    let found = store.page_messages("room", "ana", Seq(0), 100).await;
    found.unwrap().into_iter().map(|m| m.id).collect()
}

pub(crate) async fn the_page_loses_whole_threads_that_nobody_wrote_in(store: &dyn Store) {
    for message in [
        page("old", None, at(0)),
        page("old-reply", Some("old"), at(1)),
        page("talked-about", None, at(0)),
        page("card", None, at(0)),
        page("reply", Some("talked-about"), at(DAY)),
        page("last", None, at(0)),
    ] {
        store.put_page_message(&message).await.unwrap();
    }
    // A card of a task that waits.
    created(store, &ask("a"), at(0)).await;
    let lease = planning(store, at(0)).await;
    recorded(store, &lease, &crate::given::plan("a"), Some(1), at(0)).await;
    for item in claim(store, at(2)).await {
        let message = MessageRef {
            channel: "room".into(),
            id: "card".into(),
        };
        store.sent(&item, Some(&message), at(2)).await.unwrap();
    }
    assert_eq!(prune(store, Prune::PageMessages, 1, at(DAY + 1)).await, [2]);
    let kept = shown(store).await;
    assert_eq!(kept, ["talked-about", "card", "reply", "last"]);
    // The newest number is never given out again.
    let next = store.put_page_message(&page("next", None, at(0))).await;
    assert_eq!(next.unwrap(), Seq(7));
}
