//! Nothing runs unapproved, and nothing runs twice at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use nightshift_core::authorise::Action;
use nightshift_core::id::Fence;
use nightshift_core::port::store::{Cause, FinishOutcome, LeaseWord, Store};
use nightshift_core::task::{Failure, TaskEvent, TaskState, Usage};

use crate::given::{
    DAY, approve, ask, at, completed, created, events, finish, lease, moved, permit, plan,
    planning, queued, quiet, recorded, running, staged, terms,
};

pub(crate) async fn nothing_runs_unapproved(store: &dyn Store) {
    created(store, &ask("planning"), at(0)).await;
    assert!(lease(store, at(1)).await.is_none());
    let waiting = planning(store, at(0)).await;
    recorded(store, &waiting, &plan("a"), Some(1), at(0)).await;
    assert!(lease(store, at(1)).await.is_none());
    approve(store, &waiting.task.id, "user_ana").await;
    let elsewhere = store
        .lease_next("docker", "life-1", terms(at(2)), at(2))
        .await
        .unwrap();
    assert!(elsewhere.is_none(), "another executor");
    let leased = lease(store, at(2)).await.unwrap();
    assert_eq!(leased.fence, Fence(2), "planning had the first fence");
    assert_eq!(leased.task.attempt.unwrap().number, 1);
}

pub(crate) async fn a_task_is_leased_to_one_of_many(store: &dyn Store) {
    for n in 0..5 {
        queued(store, &ask(&format!("task {n}"))).await;
    }
    let leases = join_all((0..20).map(|_| lease(store, at(2)))).await;
    let mut ids: Vec<_> = leases
        .into_iter()
        .flatten()
        .map(|leased| leased.task.id)
        .collect();
    assert_eq!(ids.len(), 5);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

pub(crate) async fn a_plan_let_through_runs_without_a_vote(store: &dyn Store) {
    created(store, &ask("a"), at(0)).await;
    let waiting = planning(store, at(0)).await;
    let task = recorded(store, &waiting, &plan("a"), None, at(0)).await;
    assert_eq!(task.state, TaskState::Queued);
    assert_eq!(task.approval.unwrap().need, 0);
    assert!(lease(store, at(1)).await.is_some());
    let counts = events(store, Some(&task.id)).await;
    assert_eq!(counts["approval.granted"], 1);
    assert!(!counts.contains_key("approval.requested"));
}

pub(crate) async fn a_finish_completes_the_task(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let task = completed(store, &leased, at(9)).await;
    assert_eq!(task.state, TaskState::Completed);
    assert_eq!(task.result.unwrap().text, "done");
    assert_eq!(task.usage.tokens, 10);
    assert_eq!(task.started_at, Some(at(2)));
    assert_eq!(task.completed_at, Some(at(9)));
    let attempt = task.attempt.unwrap();
    assert_eq!(attempt.isolation.as_deref(), Some("bwrap"));
    assert_eq!(attempt.finished_at, Some(at(9)));
    let counts = events(store, Some(&task.id)).await;
    for kind in [
        "attempt.leased",
        "attempt.started",
        "attempt.finished",
        "task.completed",
    ] {
        assert_eq!(counts[kind], 1, "{kind}");
    }
}

pub(crate) async fn a_zombie_changes_nothing(store: &dyn Store) {
    let old = running(store, &ask("a")).await;
    store.sweep(at(100)).await.unwrap();
    let new = lease(store, at(106)).await.unwrap();
    assert!(new.fence > old.fence);
    let id = &old.task.id;
    let zombie = finish(id, old.fence, TaskEvent::Completed { fence: old.fence });
    let outcome = store.finish(&zombie, at(107)).await.unwrap();
    assert!(matches!(outcome, FinishOutcome::Fenced), "{outcome:?}");
    let usage = Usage::default();
    let word = store
        .attempt_progress(id, old.fence, Some("still here"), usage, None, at(107))
        .await
        .unwrap();
    assert_eq!(word, LeaseWord::Fenced);
    let word = store
        .attempt_started(id, old.fence, "none", at(DAY), at(107))
        .await
        .unwrap();
    assert_eq!(word, LeaseWord::Fenced);
    let task = store.task(id).await.unwrap().unwrap();
    assert_eq!(task.state, TaskState::Running { fence: new.fence });
    assert_eq!(events(store, Some(id)).await["attempt.fenced"], 1);

    completed(store, &new, at(108)).await;
    let outcome = store.finish(&zombie, at(109)).await.unwrap();
    assert!(matches!(outcome, FinishOutcome::Fenced), "{outcome:?}");
    let twice = finish(id, new.fence, TaskEvent::Completed { fence: new.fence });
    let outcome = store.finish(&twice, at(109)).await.unwrap();
    assert!(matches!(outcome, FinishOutcome::Fenced), "{outcome:?}");
}

pub(crate) async fn a_lost_lease_is_run_again_and_the_third_loss_is_the_last(store: &dyn Store) {
    let first = running(store, &ask("a")).await;
    let id = &first.task.id;
    assert_eq!(store.sweep(at(61)).await.unwrap().lost, 0);
    assert_eq!(store.sweep(at(62)).await.unwrap().lost, 1);
    for (n, second) in [(2, 200), (3, 400)] {
        let again = lease(store, at(second)).await.unwrap();
        assert_eq!(again.task.attempt.unwrap().number, n);
        assert_eq!(store.sweep(at(second + 60)).await.unwrap().lost, 1);
    }
    let task = store.task(id).await.unwrap().unwrap();
    assert_eq!(
        task.state,
        TaskState::Failed {
            reason: Failure::Lost
        }
    );
    assert_eq!(task.lost_count, 3);
    assert_eq!(events(store, Some(id)).await["attempt.lost"], 3);
    assert!(lease(store, at(1000)).await.is_none());
}

pub(crate) async fn renewing_keeps_a_lease_and_tells_who_must_stop(store: &dyn Store) {
    let kept = running(store, &ask("kept")).await;
    let stopped = running(store, &ask("stopped")).await;
    let cancel = permit("user_ana", Action::Cancel);
    let task = moved(
        store
            .cancel(&stopped.task.id, &cancel, &Cause::default(), at(3))
            .await
            .unwrap(),
    );
    assert!(matches!(task.state, TaskState::Cancelling { .. }));
    let held = [
        (kept.task.id.clone(), kept.fence),
        (stopped.task.id.clone(), stopped.fence),
        (kept.task.id.clone(), Fence(1)),
    ];
    let words = store.renew("life-1", &held, at(50), at(120)).await.unwrap();
    assert_eq!(words, [LeaseWord::Keep, LeaseWord::Stop, LeaseWord::Fenced]);
    let words = store
        .renew("life-2", &held[..1], at(50), at(900))
        .await
        .unwrap();
    assert_eq!(words, [LeaseWord::Fenced], "somebody else's lease");
    assert_eq!(store.sweep(at(119)).await.unwrap().lost, 0);
    assert_eq!(store.sweep(at(120)).await.unwrap().lost, 2);
    let task = store.task(&stopped.task.id).await.unwrap().unwrap();
    assert!(matches!(task.state, TaskState::Cancelled { .. }));
}

pub(crate) async fn a_finish_that_beats_the_cancel_stands(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let cancel = permit("user_ana", Action::Cancel);
    let id = &leased.task.id;
    moved(
        store
            .cancel(id, &cancel, &Cause::default(), at(3))
            .await
            .unwrap(),
    );
    let task = completed(store, &leased, at(4)).await;
    assert_eq!(task.state, TaskState::Completed);

    let leased = running(store, &ask("b")).await;
    let id = &leased.task.id;
    moved(
        store
            .cancel(id, &cancel, &Cause::default(), at(3))
            .await
            .unwrap(),
    );
    // A cancelled attempt whose holder died is still found by the sweep.
    assert_eq!(store.sweep(at(62)).await.unwrap().lost, 1);
}

pub(crate) async fn a_restart_takes_over_what_the_former_life_held(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    created(store, &quiet("b"), at(0)).await;
    let planned = planning(store, at(3)).await;
    let none = store.lease_planning("life-2", at(4), at(90)).await.unwrap();
    assert!(none.is_none());
    assert_eq!(
        store.recover("life-1", at(65), at(5)).await.unwrap().lost,
        0
    );
    assert_eq!(
        store.recover("life-2", at(65), at(5)).await.unwrap().lost,
        1
    );
    let task = store.task(&leased.task.id).await.unwrap().unwrap();
    assert_eq!((task.state, task.lost_count), (TaskState::Queued, 1));
    let again = store
        .lease_planning("life-2", at(5), at(90))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.task.id, planned.task.id);
    assert!(again.fence > planned.fence);
}

pub(crate) async fn a_retryable_failure_waits_before_it_runs_again(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let event = TaskEvent::Retryable {
        fence: leased.fence,
    };
    let outcome = store
        .finish(&finish(&leased.task.id, leased.fence, event), at(3))
        .await
        .unwrap();
    let FinishOutcome::Finished(task) = outcome else {
        panic!("fenced");
    };
    assert_eq!(task.state, TaskState::Queued);
    assert!(task.result.is_none(), "it is not over");
    // Somewhere in the first step of five seconds.
    let again = lease(store, at(8)).await.unwrap();
    assert_eq!(again.task.attempt.unwrap().number, 2);
}

pub(crate) async fn a_returned_lease_spends_no_attempt(store: &dyn Store) {
    queued(store, &ask("a")).await;
    let leased = lease(store, at(2)).await.unwrap();
    let event = TaskEvent::LeaseReturned {
        fence: leased.fence,
    };
    store
        .finish(&finish(&leased.task.id, leased.fence, event), at(3))
        .await
        .unwrap();
    let again = lease(store, at(3)).await.unwrap();
    assert_eq!(again.task.attempt.unwrap().number, 1);
    assert!(again.fence > leased.fence);
}

pub(crate) async fn progress_is_told_once_per_step(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let usage = Usage {
        tokens: 7,
        usd: 0.25,
        seconds: 1.5,
    };
    for step in [Some("reads"), Some("reads"), None, Some("writes")] {
        let word = store
            .attempt_progress(
                &leased.task.id,
                leased.fence,
                step,
                usage,
                Some("session-1"),
                at(3),
            )
            .await
            .unwrap();
        assert_eq!(word, LeaseWord::Keep);
    }
    let task = store.task(&leased.task.id).await.unwrap().unwrap();
    assert_eq!(task.usage, usage);
    let attempt = task.attempt.unwrap();
    assert_eq!(attempt.step.as_deref(), Some("writes"));
    assert_eq!(attempt.session.as_deref(), Some("session-1"));
    assert_eq!(events(store, Some(&task.id)).await["attempt.progress"], 2);
}

pub(crate) async fn usage_is_the_sum_of_all_attempts(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let event = TaskEvent::Retryable {
        fence: leased.fence,
    };
    store
        .finish(&finish(&leased.task.id, leased.fence, event), at(3))
        .await
        .unwrap();
    let again = lease(store, at(60)).await.unwrap();
    let task = completed(store, &again, at(61)).await;
    assert_eq!(task.usage.tokens, 20);
    assert!((task.usage.usd - 1.0).abs() < 1e-9);
    // A task that never ran used nothing.
    let idle = staged(store, &ask("b")).await;
    assert_eq!(idle.usage, Usage::default());
}

pub(crate) async fn several_are_leased_and_ended_in_one_commit_each(store: &dyn Store) {
    for text in ["one", "two", "three"] {
        queued(store, &quiet(text)).await;
    }
    let two = store.lease("local", "life-1", terms(at(2)), 2, at(2));
    let mut leased = two.await.unwrap();
    let rest = store.lease("local", "life-1", terms(at(3)), 9, at(3));
    leased.extend(rest.await.unwrap());
    let ids: Vec<_> = leased.iter().map(|leased| leased.task.id.clone()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3, "none twice");

    let mut ends: Vec<_> = leased
        .iter()
        .map(|leased| {
            let fence = leased.fence;
            finish(&leased.task.id, fence, TaskEvent::Completed { fence })
        })
        .collect();
    // One of them is a zombie's: the others end all the same.
    ends[1].event = TaskEvent::Completed { fence: Fence(0) };
    ends[1].fence = Fence(0);
    let outcomes = store.finish_all(&ends, at(4)).await.unwrap();
    assert!(matches!(outcomes[0], FinishOutcome::Finished(_)));
    assert!(matches!(outcomes[1], FinishOutcome::Fenced));
    assert!(matches!(outcomes[2], FinishOutcome::Finished(_)));
    let state = store.task(&ids[1]).await.unwrap().unwrap().state;
    assert_eq!(state.name(), "running");
}
