//! Leases end by the store's word alone, each for its own reason, and nobody who lost one counts.

use std::time::Duration;

use nightshift_core::authorise::Action;
use nightshift_core::chat::Conversation;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{
    Cause, ClockMark, FinishOutcome, LeaseTerms, LeaseWord, Leased, Store, Swept, Unplanned, Uptime,
};
use nightshift_core::task::{Failure, TaskEvent, TaskState};
use nightshift_core::time::Timestamp;

use crate::given::{
    DAY, ask, at, claim, created, events, finish, lease, moved, permit, planning, queued, quiet,
    room, running,
};

/// Leased at second 2; to be started by second 17, lost at second 62.
async fn leased(store: &dyn Store) -> Leased {
    queued(store, &ask("a")).await;
    let terms = LeaseTerms {
        until: at(62),
        start_by: at(17),
    };
    let leased = store.lease_next("local", "life-1", terms, at(2)).await;
    leased.unwrap().unwrap()
}

async fn started(store: &dyn Store, leased: &Leased, deadline: i64, now: i64) -> LeaseWord {
    let (task, fence) = (&leased.task.id, leased.fence);
    let word = store.attempt_started(task, fence, "bwrap", at(deadline), at(now));
    word.await.unwrap()
}

async fn state(store: &dyn Store, id: &TaskId) -> TaskState {
    store.task(id).await.unwrap().unwrap().state
}

async fn is_fenced(store: &dyn Store, id: &TaskId, event: TaskEvent, fence: Fence, now: i64) {
    let before = store.task(id).await.unwrap();
    let evidence = |counts: std::collections::BTreeMap<String, usize>| {
        counts.get("attempt.fenced").copied().unwrap_or(0)
    };
    let fenced = evidence(events(store, Some(id)).await);
    let outcome = store.finish(&finish(id, fence, event), at(now)).await;
    assert!(matches!(outcome, Ok(FinishOutcome::Fenced)), "{outcome:?}");
    assert_eq!(
        store.task(id).await.unwrap(),
        before,
        "it changed something"
    );
    assert_eq!(evidence(events(store, Some(id)).await), fenced + 1);
}

pub(crate) async fn a_lease_that_does_not_start_in_time_returns(store: &dyn Store) {
    let late = leased(store).await;
    let id = &late.task.id;
    assert_eq!(store.sweep(at(16)).await.unwrap(), Swept::default());
    let swept = store.sweep(at(17)).await.unwrap();
    assert_eq!((swept.returned, swept.lost), (1, 0));
    assert_eq!(store.sweep(at(17)).await.unwrap(), Swept::default(), "once");
    let task = store.task(id).await.unwrap().unwrap();
    assert_eq!((task.state, task.lost_count), (TaskState::Queued, 0));
    assert_eq!(task.fence, late.fence, "the fence stays raised");

    assert_eq!(started(store, &late, DAY, 18).await, LeaseWord::Fenced);
    let fence = late.fence;
    is_fenced(store, id, TaskEvent::Completed { fence }, fence, 18).await;

    let again = lease(store, at(30)).await.unwrap();
    assert_eq!(again.task.attempt.unwrap().number, 1, "no attempt is spent");
    assert!(again.fence > late.fence);
}

pub(crate) async fn a_lease_that_started_does_not_return(store: &dyn Store) {
    let leased = leased(store).await;
    assert_eq!(started(store, &leased, DAY, 16).await, LeaseWord::Keep);
    assert_eq!(store.sweep(at(40)).await.unwrap(), Swept::default());
    let lost = store.sweep(at(62)).await.unwrap();
    assert_eq!(
        (lost.returned, lost.lost),
        (0, 1),
        "its heartbeats count now"
    );
}

pub(crate) async fn a_cancelled_lease_that_never_starts_is_cancelled(store: &dyn Store) {
    let leased = leased(store).await;
    let cancel = permit("user_ana", Action::Cancel);
    let id = &leased.task.id;
    moved(
        store
            .cancel(id, &cancel, &Cause::default(), at(3))
            .await
            .unwrap(),
    );
    assert_eq!(store.sweep(at(17)).await.unwrap().returned, 1);
    assert!(matches!(
        state(store, id).await,
        TaskState::Cancelled { .. }
    ));
}

pub(crate) async fn an_attempt_that_never_ends_is_ended_at_its_deadline(store: &dyn Store) {
    let leased = leased(store).await;
    started(store, &leased, 100, 2).await;
    let (id, fence) = (leased.task.id.clone(), leased.fence);
    let held = [(id.clone(), fence)];
    for now in [50, 90, 99] {
        let words = store.renew("life-1", &held, at(now), at(now + 60)).await;
        assert_eq!(words.unwrap(), [LeaseWord::Keep]);
        assert_eq!(store.sweep(at(now)).await.unwrap(), Swept::default());
    }
    assert_eq!(store.sweep(at(100)).await.unwrap().overdue, 1);
    let timeout = TaskState::Failed {
        reason: Failure::Timeout,
    };
    assert_eq!(state(store, &id).await, timeout);
    let words = store.renew("life-1", &held, at(101), at(161)).await;
    assert_eq!(words.unwrap(), [LeaseWord::Fenced]);
    is_fenced(store, &id, TaskEvent::Completed { fence }, fence, 102).await;
}

pub(crate) async fn a_cancel_that_nobody_obeys_ends_at_the_deadline(store: &dyn Store) {
    let leased = leased(store).await;
    started(store, &leased, 100, 2).await;
    let cancel = permit("user_ana", Action::Cancel);
    let id = &leased.task.id;
    moved(
        store
            .cancel(id, &cancel, &Cause::default(), at(3))
            .await
            .unwrap(),
    );
    let held = [(id.clone(), leased.fence)];
    let words = store.renew("life-1", &held, at(90), at(150)).await.unwrap();
    assert_eq!(words, [LeaseWord::Stop]);
    assert_eq!(store.sweep(at(100)).await.unwrap().overdue, 1);
    assert!(matches!(
        state(store, id).await,
        TaskState::Cancelled { .. }
    ));
}

/// What waits for the operators.
async fn alerts(
    store: &dyn Store,
    now: Timestamp,
) -> Vec<nightshift_core::port::store::OutboxItem> {
    let mut items = claim(store, now).await;
    items.retain(|item| item.to == Conversation::operators());
    items
}

pub(crate) async fn the_third_loss_is_told_to_the_operators_once(store: &dyn Store) {
    // From the API: there is no conversation to tell it in.
    queued(store, &quiet("a")).await;
    let mut id = None;
    for (n, now) in [(1, 10), (2, 400), (3, 800)] {
        let leased = lease(store, at(now)).await.unwrap();
        started(store, &leased, DAY, now).await;
        let fence = leased.fence;
        // Whoever reports it does not decide whether it is the last.
        let event = TaskEvent::Lost {
            fence,
            last: n == 1,
        };
        let lost = finish(&leased.task.id, fence, event);
        let outcome = store.finish(&lost, at(now + 1)).await.unwrap();
        assert!(matches!(outcome, FinishOutcome::Finished(_)));
        assert_eq!(alerts(store, at(now + 2)).await.len(), usize::from(n == 3));
        id = Some(leased.task.id);
    }
    let id = id.unwrap();
    let lost = TaskState::Failed {
        reason: Failure::Lost,
    };
    assert_eq!(state(store, &id).await, lost);
    assert_eq!(events(store, Some(&id)).await["attempt.lost"], 3);
}

pub(crate) async fn an_alert_is_relayed_to_each_channel_once(store: &dyn Store) {
    queued(store, &quiet("a")).await;
    for now in [10, 400, 800] {
        let leased = lease(store, at(now)).await.unwrap();
        started(store, &leased, DAY, now).await;
        assert_eq!(store.sweep(at(now + 60)).await.unwrap().lost, 1);
    }
    let alert = alerts(store, at(900)).await.remove(0);
    assert!(matches!(&alert.notice, Notice::GivenUp { .. }));
    let places = [room("C-OPS"), room("C-MORE")];
    for _ in 0..2 {
        store.relay(&alert, &places, at(901)).await.unwrap();
    }
    let said = claim(store, at(902)).await;
    let mut channels: Vec<&str> = said.iter().map(|item| &*item.to.channel).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["C-MORE", "C-OPS"]);
    assert!(said.iter().all(|item| item.notice == alert.notice));
    for item in &said {
        store.sent(item, None, at(903)).await.unwrap();
    }
    assert!(claim(store, at(DAY)).await.is_empty(), "said twice");
}

pub(crate) async fn a_request_that_planners_die_over_is_given_up(store: &dyn Store) {
    created(store, &quiet("a"), at(0)).await;
    let first = planning(store, at(0)).await;
    let id = &first.task.id;
    // Given back by a service that stops: no loss.
    let back = store.return_planning(id, first.fence, Unplanned::HandedBack, at(1));
    back.await.unwrap();
    // Its lease ran out.
    let second = planning(store, at(1)).await;
    assert!(second.fence > first.fence);
    let third = planning(store, at(61)).await;
    // An old planner gives nothing back.
    let old = store.return_planning(id, second.fence, Unplanned::Lost, at(62));
    old.await.unwrap();
    let none = store
        .lease_planning("life-1", at(62), at(200))
        .await
        .unwrap();
    assert!(none.is_none(), "it is held");
    // It panicked.
    let lost = store.return_planning(id, third.fence, Unplanned::Lost, at(62));
    lost.await.unwrap();
    assert_eq!(store.task(id).await.unwrap().unwrap().lost_count, 2);
    // The server died with it.
    planning(store, at(63)).await;
    store.recover("life-2", at(130), at(64)).await.unwrap();
    let planner = TaskState::Failed {
        reason: Failure::Planner,
    };
    assert_eq!(state(store, id).await, planner);
    assert_eq!(alerts(store, at(65)).await.len(), 1);
    let none = store
        .lease_planning("life-2", at(900), at(999))
        .await
        .unwrap();
    assert!(none.is_none());
}

pub(crate) async fn losses_of_planners_are_none_of_the_attempts(store: &dyn Store) {
    created(store, &quiet("a"), at(0)).await;
    planning(store, at(0)).await;
    planning(store, at(60)).await;
    let held = planning(store, at(120)).await;
    let plan = crate::given::plan("a");
    let task = crate::given::recorded(store, &held, &plan, Some(1), at(121)).await;
    assert_eq!(task.lost_count, 0);
}

pub(crate) async fn who_is_not_an_earlier_life_gets_grace(store: &dyn Store) {
    for text in ["mine", "theirs", "served"] {
        queued(store, &ask(text)).await;
    }
    let mut fences = Vec::new();
    for holder in ["here/life-1", "runner/r7", "there/life-9"] {
        let terms = LeaseTerms {
            until: at(62),
            start_by: at(DAY),
        };
        let leased = store.lease_next("local", holder, terms, at(2)).await;
        let leased = leased.unwrap().unwrap();
        started(store, &leased, DAY, 2).await;
        fences.push((leased.task.id, leased.fence));
    }
    // Down for a minute and more: nobody took their heartbeats.
    let swept = store
        .recover("here/life-2", at(160), at(100))
        .await
        .unwrap();
    assert_eq!(swept.lost, 1, "our own earlier life is gone for sure");
    assert_eq!(state(store, &fences[0].0).await, TaskState::Queued);
    assert_eq!(store.sweep(at(159)).await.unwrap().lost, 0);
    let words = store
        .renew("runner/r7", &fences[1..2], at(159), at(219))
        .await;
    assert_eq!(words.unwrap(), [LeaseWord::Keep]);
    assert_eq!(
        store.sweep(at(160)).await.unwrap().lost,
        1,
        "a whole lease long"
    );
    assert_eq!(state(store, &fences[2].0).await, TaskState::Queued);
    // A lease that holds longer anyway is not cut.
    store
        .recover("here/life-3", at(200), at(170))
        .await
        .unwrap();
    assert_eq!(store.sweep(at(218)).await.unwrap().lost, 0);
    assert_eq!(store.sweep(at(219)).await.unwrap().lost, 1);
}

pub(crate) async fn what_was_lost_waits_before_it_runs_again(store: &dyn Store) {
    let mut waits = Vec::new();
    for n in 0..12 {
        let leased = running(store, &quiet(&format!("task {n}"))).await;
        assert_eq!(store.sweep(at(62)).await.unwrap().lost, 1);
        let mut wait = 0;
        let again = loop {
            let now = Timestamp::from_millis(at(62).millis() + wait);
            match lease(store, now).await {
                Some(again) => break again,
                None => wait += 100,
            }
        };
        assert!(wait <= 5000, "{wait} ms is more than the first step");
        waits.push(wait);
        assert_eq!(again.task.id, leased.task.id);
        let fence = again.fence;
        let done = finish(&again.task.id, fence, TaskEvent::Completed { fence });
        store.finish(&done, at(70)).await.unwrap();
    }
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 6, "all at the same time: {waits:?}");
}

pub(crate) async fn the_log_never_goes_back_in_time(store: &dyn Store) {
    created(store, &quiet("a"), at(DAY)).await;
    created(store, &quiet("b"), at(0)).await;
    let all = store
        .events(nightshift_core::id::Seq(0), None, None, 100)
        .await
        .unwrap();
    assert!(all.is_sorted_by_key(|event| event.at), "{all:#?}");
}

pub(crate) async fn our_time_is_kept_and_never_taken_back(store: &dyn Store) {
    let kept = store.kept_clock().await.unwrap();
    assert_eq!((kept.mark, kept.newest_event), (None, None));
    let mark = |seconds: i64| ClockMark {
        at: at(seconds),
        uptime: Some(Uptime {
            boot: 77,
            since: Duration::from_secs(seconds as u64),
        }),
    };
    store.keep_clock(mark(50)).await.unwrap();
    store.keep_clock(mark(40)).await.unwrap();
    assert_eq!(store.kept_clock().await.unwrap().mark, Some(mark(50)));
    let unknown = ClockMark {
        at: at(60),
        uptime: None,
    };
    store.keep_clock(unknown).await.unwrap();
    assert_eq!(store.kept_clock().await.unwrap().mark, Some(unknown));
    created(store, &quiet("a"), at(90)).await;
    let kept = store.kept_clock().await.unwrap();
    assert_eq!(kept.newest_event, Some(at(90)));
}
