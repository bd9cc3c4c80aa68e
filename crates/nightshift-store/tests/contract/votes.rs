//! The right number of the right people, once.

use futures_util::future::join_all;
use nightshift_core::approval::{Decision, RequestState};
use nightshift_core::authorise::Action;
use nightshift_core::plan::PlanHash;
use nightshift_core::port::store::{Cause, Store, VoteCast, VoteOutcome};
use nightshift_core::task::{Stopped, TaskState};

use crate::given::{
    DAY, approve, ask, at, cause, events, moved, permit, plan, planning, recorded, staged,
    staged_for, vote,
};

pub(crate) async fn of_two_votes_at_once_one_decides(store: &dyn Store) {
    for round in 0..5 {
        let task = staged(store, &ask(&format!("round {round}"))).await;
        let votes = (0..6).map(|n| {
            let id = task.id.clone();
            async move { approve(store, &id, &format!("user_{n}")).await }
        });
        let outcomes = join_all(votes).await;
        let granted = outcomes
            .iter()
            .filter(|o| matches!(o, VoteOutcome::Granted(_)))
            .count();
        let late = outcomes
            .iter()
            .filter(|o| matches!(o, VoteOutcome::Decided(_)))
            .count();
        assert_eq!((granted, late), (1, 5));
        let counts = events(store, Some(&task.id)).await;
        assert_eq!(counts["approval.granted"], 1);
        assert_eq!(counts["task.queued"], 1);
    }
}

pub(crate) async fn a_second_vote_is_not_counted(store: &dyn Store) {
    let task = staged_for(store, &ask("a"), 2).await;
    let clicks = (0..4).map(|_| approve(store, &task.id, "user_bob"));
    let outcomes = join_all(clicks).await;
    let counted = outcomes
        .iter()
        .filter(|o| matches!(o, VoteOutcome::Counted(_)))
        .count();
    let already = outcomes
        .iter()
        .filter(|o| matches!(o, VoteOutcome::AlreadyCounted(_)))
        .count();
    assert_eq!((counted, already), (1, 3));
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert_eq!(task.approval.unwrap().votes.len(), 1);
}

pub(crate) async fn two_people_are_needed_where_the_request_says_so(store: &dyn Store) {
    let task = staged_for(store, &ask("a"), 2).await;
    let first = approve(store, &task.id, "user_bob").await;
    assert!(matches!(first, VoteOutcome::Counted(_)), "{first:?}");
    let VoteOutcome::Granted(task) = approve(store, &task.id, "user_eve").await else {
        panic!("two are enough");
    };
    assert_eq!(task.state, TaskState::Queued);
    let approval = task.approval.unwrap();
    assert_eq!(approval.state, RequestState::Granted);
    assert_eq!(approval.votes.len(), 2);
    let again = approve(store, &task.id, "user_eve").await;
    assert!(matches!(again, VoteOutcome::AlreadyCounted(_)), "{again:?}");
}

pub(crate) async fn a_rejection_wins_over_votes_before(store: &dyn Store) {
    let task = staged_for(store, &ask("a"), 3).await;
    approve(store, &task.id, "user_bob").await;
    approve(store, &task.id, "user_eve").await;
    let no = VoteCast {
        why: Some("too expensive".to_owned()),
        ..vote(&task.id, "user_kim", Decision::Reject)
    };
    let outcome = store
        .cast_vote(&no, &Cause::default(), at(1))
        .await
        .unwrap();
    let VoteOutcome::Rejected(task) = outcome else {
        panic!("{outcome:?}");
    };
    let TaskState::Cancelled {
        by: Stopped::RejectedBy(who),
    } = &task.state
    else {
        panic!("{:?}", task.state);
    };
    assert_eq!(who.as_str(), "user_kim");
    assert_eq!(task.detail.as_deref(), Some("too expensive"));
    assert_eq!(task.approval.unwrap().state, RequestState::Denied);
    assert_eq!(events(store, Some(&task.id)).await["approval.denied"], 1);
}

pub(crate) async fn a_vote_about_another_plan_is_stale(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let old = task.plan.unwrap().hash;
    let revise = permit("user_ana", Action::Revise);
    let cause = Cause::default();
    moved(
        store
            .revise(&task.id, Some(1), &revise, "smaller", &cause, at(1))
            .await
            .unwrap(),
    );
    let replanning = approve(store, &task.id, "user_bob").await;
    assert!(
        matches!(replanning, VoteOutcome::WrongState(_)),
        "{replanning:?}"
    );
    let lease = planning(store, at(2)).await;
    recorded(store, &lease, &plan("b"), Some(1), at(2)).await;
    for stale in [
        VoteCast {
            plan_hash: Some(old),
            ..vote(&task.id, "user_bob", Decision::Approve)
        },
        VoteCast {
            plan_no: Some(1),
            ..vote(&task.id, "user_bob", Decision::Approve)
        },
        VoteCast {
            plan_hash: Some(PlanHash::from_text("sha256:0")),
            ..vote(&task.id, "user_bob", Decision::Reject)
        },
    ] {
        let outcome = store.cast_vote(&stale, &cause, at(3)).await.unwrap();
        assert!(matches!(outcome, VoteOutcome::Stale(_)), "{outcome:?}");
    }
    let current = VoteCast {
        plan_no: Some(2),
        plan_hash: Some(plan("b").hash),
        ..vote(&task.id, "user_bob", Decision::Approve)
    };
    let outcome = store.cast_vote(&current, &cause, at(3)).await.unwrap();
    assert!(matches!(outcome, VoteOutcome::Granted(_)), "{outcome:?}");
}

pub(crate) async fn an_expired_request_is_never_granted(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let yes = vote(&task.id, "user_bob", Decision::Approve);
    let outcome = store
        .cast_vote(&yes, &Cause::default(), at(DAY))
        .await
        .unwrap();
    assert!(matches!(outcome, VoteOutcome::Decided(_)), "{outcome:?}");
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert!(task.approval.unwrap().votes.is_empty());
}

pub(crate) async fn a_sweep_expires_what_nobody_decided(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    assert_eq!(store.sweep(at(DAY - 1)).await.unwrap().expired, 0);
    assert_eq!(store.sweep(at(DAY)).await.unwrap().expired, 1);
    assert_eq!(store.sweep(at(DAY)).await.unwrap().expired, 0);
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert_eq!(task.state, TaskState::Expired);
    assert_eq!(task.completed_at, Some(at(DAY)));
    let late = approve(store, &task.id, "user_bob").await;
    assert!(matches!(late, VoteOutcome::Decided(_)), "{late:?}");
}

pub(crate) async fn a_vote_acts_on_its_delivery_once(store: &dyn Store) {
    let task = staged_for(store, &ask("a"), 2).await;
    let cause = cause(store, "click-1").await;
    let yes = vote(&task.id, "user_bob", Decision::Approve);
    let outcome = store.cast_vote(&yes, &cause, at(1)).await.unwrap();
    assert!(matches!(outcome, VoteOutcome::Counted(_)), "{outcome:?}");
    let other = vote(&task.id, "user_eve", Decision::Approve);
    let outcome = store.cast_vote(&other, &cause, at(1)).await.unwrap();
    assert!(matches!(outcome, VoteOutcome::Settled), "{outcome:?}");
    assert_eq!(events(store, Some(&task.id)).await["approval.voted"], 1);
}

pub(crate) async fn a_vote_that_changes_nothing_leaves_its_delivery_open(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    approve(store, &task.id, "user_bob").await;
    let cause = cause(store, "click-1").await;
    let late = vote(&task.id, "user_eve", Decision::Approve);
    let outcome = store.cast_vote(&late, &cause, at(2)).await.unwrap();
    assert!(matches!(outcome, VoteOutcome::Decided(_)), "{outcome:?}");
    assert_eq!(store.open_deliveries(None, 10).await.unwrap().len(), 1);
}
