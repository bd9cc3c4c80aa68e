//! Tasks are made once, planned by one planner, and found again.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use nightshift_core::authorise::Action;
use nightshift_core::id::{Fence, Seq, UserId};
use nightshift_core::plan::Actual;
use nightshift_core::port::store::{
    CardVerb, Cause, Created, Idempotency, MoveOutcome, NewTask, PlanRecord, Question, Store,
    TaskFilter,
};
use nightshift_core::task::{
    Failure, NamedCommand, Stopped, TaskEvent, TaskKind, TaskState, Wishes,
};

use crate::given::{
    ana, ask, at, cause, completed, created, events, finish, moved, permit, plan, planning, queued,
    quiet, recorded, room, running, staged, thread,
};

pub(crate) async fn a_task_is_read_back_as_it_was_made(store: &dyn Store) {
    let wishes = Wishes {
        max_cost_usd: Some(0.5),
        command: Some(NamedCommand {
            name: "disk".to_owned(),
            args: [("path".to_owned(), "/ü'\"".to_owned())].into(),
        }),
        ..Wishes::default()
    };
    let new = NewTask {
        kind: TaskKind::Command,
        wishes: wishes.clone(),
        ..ask("how \"full\" — are 100% of the disks?")
    };
    let made = created(store, &new, at(0)).await;
    let read = store.task(&made.id).await.unwrap().unwrap();
    assert_eq!(made, read);
    assert_eq!(read.wishes, wishes);
    assert_eq!(read.description, new.description);
    assert_eq!(read.origin, Some(room("C1")));
    assert_eq!((read.state, read.plan_no), (TaskState::Planning, 1));
    let unknown = "task_00000000".parse().unwrap();
    assert!(store.task(&unknown).await.unwrap().is_none());
}

pub(crate) async fn one_delivery_makes_one_task(store: &dyn Store) {
    let cause = cause(store, "e1").await;
    let asks = (0..4).map(|_| async { store.create_task(&ask("a"), &cause, at(0)).await });
    let outcomes = join_all(asks).await;
    let new = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(Created::New(_))))
        .count();
    let settled = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(Created::Settled)))
        .count();
    assert_eq!((new, settled), (1, 3));
    let page = store.tasks(&TaskFilter::default()).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

pub(crate) async fn a_client_key_names_one_task(store: &dyn Store) {
    let with_key = |owner: &str, body: u8| NewTask {
        owner: UserId::new(owner),
        idempotency: Some(Idempotency {
            key: "key-1".to_owned(),
            body_hash: [body; 32],
        }),
        ..quiet("a")
    };
    let make = |new: NewTask, now| async move {
        store
            .create_task(&new, &Cause::default(), now)
            .await
            .unwrap()
    };
    let Created::New(first) = make(with_key("user_ana", 1), at(0)).await else {
        panic!("the key is fresh");
    };
    let Created::Replayed(again) = make(with_key("user_ana", 1), at(1)).await else {
        panic!("the key was used");
    };
    assert_eq!(first.id, again.id);
    let other = make(with_key("user_ana", 2), at(1)).await;
    assert!(matches!(other, Created::KeyReused), "{other:?}");
    let bob = make(with_key("user_bob", 2), at(1)).await;
    assert!(matches!(bob, Created::New(_)), "keys are one person's own");
    let later = make(with_key("user_ana", 2), at(24 * 3600)).await;
    assert!(matches!(later, Created::New(_)), "{later:?}");
}

pub(crate) async fn tasks_are_listed_newest_first_in_pages(store: &dyn Store) {
    for n in 0..7 {
        created(store, &quiet(&format!("task {n}")), at(n / 2)).await;
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let filter = TaskFilter {
            cursor,
            limit: 3,
            ..TaskFilter::default()
        };
        let page = store.tasks(&filter).await.unwrap();
        seen.extend(
            page.items
                .into_iter()
                .map(|task| (task.created_at, task.id)),
        );
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let mut expected = seen.clone();
    expected.sort();
    expected.dedup();
    expected.reverse();
    assert_eq!(seen.len(), 7);
    assert_eq!(seen, expected);
}

pub(crate) async fn tasks_are_found_by_state_owner_and_text(store: &dyn Store) {
    created(store, &quiet("clean the 100% full disk"), at(0)).await;
    let other = NewTask {
        owner: UserId::new("user_bob"),
        ..quiet("write a poem")
    };
    created(store, &other, at(1)).await;
    let count = |filter: TaskFilter| async move {
        let filter = TaskFilter {
            limit: 10,
            ..filter
        };
        store.tasks(&filter).await.unwrap().items.len()
    };
    let text = |text: &str| TaskFilter {
        text: Some(text.to_owned()),
        ..TaskFilter::default()
    };
    assert_eq!(count(text("FULL")).await, 1);
    assert_eq!(count(text("%")).await, 1, "taken literally");
    assert_eq!(count(text("_")).await, 0);
    assert_eq!(count(text("")).await, 2);
    let owner = TaskFilter {
        owner: Some(UserId::new("user_bob")),
        ..TaskFilter::default()
    };
    assert_eq!(count(owner).await, 1);
    let state = |state: &str| TaskFilter {
        state: Some(state.to_owned()),
        ..TaskFilter::default()
    };
    assert_eq!(count(state("planning")).await, 2);
    assert_eq!(count(state("queued")).await, 0);
}

pub(crate) async fn a_planner_holds_a_task_alone(store: &dyn Store) {
    let first = created(store, &ask("a"), at(0)).await;
    let second = created(store, &ask("b"), at(1)).await;
    let leases = join_all((0..6).map(|_| store.lease_planning("life-1", at(2), at(62)))).await;
    // Which of those who ask at once gets which task is open.
    let ids: BTreeSet<_> = leases
        .iter()
        .filter_map(|lease| lease.as_ref().unwrap().as_ref())
        .map(|lease| lease.task.id.clone())
        .collect();
    assert_eq!(ids, BTreeSet::from([first.id.clone(), second.id]));
    let held = leases.iter().filter(|lease| matches!(lease, Ok(Some(_))));
    assert_eq!(held.count(), 2);
    // Both ran out: the oldest first.
    let again = store
        .lease_planning("life-1", at(62), at(122))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((again.task.id, again.fence), (first.id, Fence(2)));
}

pub(crate) async fn an_old_planner_records_nothing(store: &dyn Store) {
    created(store, &ask("a"), at(0)).await;
    let old = planning(store, at(0)).await;
    let new = planning(store, at(60)).await;
    let record = PlanRecord {
        task: old.task.id.clone(),
        fence: old.fence,
        plan: plan("late"),
        need: Some(1),
        expires_at: at(1000),
    };
    let outcome = store.record_plan(&record, at(61)).await.unwrap();
    assert!(matches!(outcome, MoveOutcome::Stale(_)), "{outcome:?}");
    let outcome = store
        .fail_planning(&old.task.id, old.fence, "no", at(61))
        .await
        .unwrap();
    assert!(matches!(outcome, MoveOutcome::Stale(_)), "{outcome:?}");
    let task = recorded(store, &new, &plan("in time"), Some(1), at(62)).await;
    assert_eq!(task.plan.unwrap().body.summary, "in time");
    let again = PlanRecord {
        fence: new.fence,
        ..record
    };
    let outcome = store.record_plan(&again, at(63)).await.unwrap();
    assert!(
        matches!(outcome, MoveOutcome::Stale(_) | MoveOutcome::WrongState(_)),
        "{outcome:?}"
    );
}

pub(crate) async fn a_plan_that_cannot_be_made_fails_the_task(store: &dyn Store) {
    created(store, &ask("a"), at(0)).await;
    let lease = planning(store, at(0)).await;
    let task = moved(
        store
            .fail_planning(&lease.task.id, lease.fence, "no such agent", at(1))
            .await
            .unwrap(),
    );
    assert_eq!(
        task.state,
        TaskState::Failed {
            reason: Failure::Planner
        }
    );
    assert_eq!(task.detail.as_deref(), Some("no such agent"));
}

pub(crate) async fn a_plan_is_kept_when_another_replaces_it(store: &dyn Store) {
    let task = staged(store, &ask("first")).await;
    let revise = permit("user_ana", Action::Revise);
    let cause = Cause::default();
    let task = moved(
        store
            .revise(&task.id, Some(1), &revise, "smaller", &cause, at(1))
            .await
            .unwrap(),
    );
    assert_eq!((task.plan_no, task.plan), (2, None));
    let lease = planning(store, at(1)).await;
    recorded(store, &lease, &plan("second"), Some(1), at(1)).await;
    let old = store.plan(&task.id, 1).await.unwrap().unwrap();
    let new = store.plan(&task.id, 2).await.unwrap().unwrap();
    assert_eq!(old, plan("first"));
    assert_eq!(new, plan("second"));
    assert!(old.is_intact() && new.is_intact());
    assert!(store.plan(&task.id, 3).await.unwrap().is_none());
}

pub(crate) async fn revise_gives_the_feedback_to_the_planner_and_new_buttons(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let first = store.actions(&task.id, 1).await.unwrap();
    assert_eq!(first.len(), CardVerb::ALL.len());
    let revise = permit("user_ana", Action::Revise);
    let cause = Cause::default();
    for (plan_no, words) in [(1, "smaller"), (2, "cheaper")] {
        moved(
            store
                .revise(&task.id, Some(plan_no), &revise, words, &cause, at(1))
                .await
                .unwrap(),
        );
        let stale = store
            .revise(&task.id, Some(plan_no), &revise, words, &cause, at(1))
            .await
            .unwrap();
        assert!(matches!(stale, MoveOutcome::Stale(_)), "{stale:?}");
        let lease = planning(store, at(1)).await;
        recorded(store, &lease, &plan(words), Some(1), at(1)).await;
        assert_eq!(lease.feedback.last().map(String::as_str), Some(words));
        assert_eq!(lease.feedback.len(), plan_no as usize);
    }
    let third = store.actions(&task.id, 3).await.unwrap();
    assert!(
        first
            .values()
            .all(|token| !third.values().any(|t| t == token))
    );
    for (verb, token) in &third {
        let target = store.action(token).await.unwrap().unwrap();
        assert_eq!((target.plan_no, target.verb), (3, *verb));
    }
    let counts = events(store, Some(&task.id)).await;
    assert_eq!(counts["approval.requested"], 3);
}

pub(crate) async fn a_cancelled_task_stays_cancelled(store: &dyn Store) {
    let task = queued(store, &ask("a")).await;
    let cancel = permit("user_bob", Action::Cancel);
    let click = cause(store, "e1").await;
    let asks = (0..3).map(|_| store.cancel(&task.id, &cancel, &click, at(3)));
    let outcomes = join_all(asks).await;
    let moved = outcomes
        .iter()
        .filter(|o| matches!(o, Ok(MoveOutcome::Moved(_))))
        .count();
    assert_eq!(moved, 1);
    let task = store.task(&task.id).await.unwrap().unwrap();
    let by = Stopped::CancelledBy(UserId::new("user_bob"));
    assert_eq!(task.state, TaskState::Cancelled { by });
    let none = Cause::default();
    let again = store.cancel(&task.id, &cancel, &none, at(4)).await.unwrap();
    assert!(matches!(again, MoveOutcome::WrongState(_)), "{again:?}");
    let retry = permit("user_ana", Action::Retry);
    let again = store.retry(&task.id, &retry, &none, at(4)).await.unwrap();
    assert!(matches!(again, MoveOutcome::WrongState(_)), "{again:?}");
    let unknown = "task_00000000".parse().unwrap();
    let missing = store.cancel(&unknown, &cancel, &none, at(4)).await.unwrap();
    assert!(matches!(missing, MoveOutcome::NotFound), "{missing:?}");
}

pub(crate) async fn retry_plans_again_under_a_higher_fence(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let event = TaskEvent::Failed {
        fence: leased.fence,
        reason: Failure::ExitCode,
    };
    store
        .finish(&finish(&leased.task.id, leased.fence, event), at(3))
        .await
        .unwrap();
    let retry = permit("user_ana", Action::Retry);
    let task = moved(
        store
            .retry(&leased.task.id, &retry, &Cause::default(), at(4))
            .await
            .unwrap(),
    );
    assert_eq!((task.state, task.plan_no), (TaskState::Planning, 2));
    assert_eq!(task.completed_at, None);
    assert_eq!(store.actions(&task.id, 2).await.unwrap().len(), 5);
    let lease = planning(store, at(5)).await;
    assert!(lease.fence > leased.fence);
}

pub(crate) async fn a_question_is_asked_until_it_is_answered(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let click = cause(store, "e1").await;
    let question = Question {
        task: task.id.clone(),
        plan_no: 1,
    };
    let place = thread("C1", "1.1");
    for _ in 0..2 {
        store
            .ask_question(&place, &ana(), &question, at(100), &click, &[], at(1))
            .await
            .unwrap();
    }
    let open = store.question(&place, &ana(), at(99)).await.unwrap();
    assert_eq!(open, Some(question));
    let nobody = [
        store.question(&room("C1"), &ana(), at(99)).await.unwrap(),
        store
            .question(&place, &UserId::new("user_bob"), at(99))
            .await
            .unwrap(),
        store.question(&place, &ana(), at(100)).await.unwrap(),
    ];
    assert_eq!(nobody, [None, None, None]);
    let revise = permit("user_ana", Action::Revise);
    moved(
        store
            .revise(&task.id, Some(1), &revise, "x", &Cause::default(), at(2))
            .await
            .unwrap(),
    );
    assert_eq!(store.question(&place, &ana(), at(3)).await.unwrap(), None);
}

pub(crate) async fn the_queue_has_positions(store: &dyn Store) {
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(queued(store, &ask(&format!("{n}"))).await.id);
    }
    let mut positions = Vec::new();
    for id in &ids {
        positions.push(store.queue_position(id).await.unwrap().unwrap());
    }
    positions.sort_unstable();
    assert_eq!(positions, [1, 2, 3]);
    let next = crate::given::lease(store, at(2)).await.unwrap().task.id;
    assert_eq!(store.queue_position(&next).await.unwrap(), None);
}

pub(crate) async fn history_tells_what_comparable_tasks_used(store: &dyn Store) {
    let in_project = NewTask {
        wishes: Wishes {
            project: Some("demo".to_owned()),
            ..Wishes::default()
        },
        ..ask("a")
    };
    for (second, new) in [(10, &ask("a")), (20, &ask("b")), (30, &in_project)] {
        let leased = running(store, new).await;
        completed(store, &leased, at(second)).await;
    }
    let count = |kind, subject: &'static str, project: Option<&'static str>| async move {
        let history = store.history(kind, subject, project, 10).await.unwrap();
        history.actuals.len()
    };
    assert_eq!(count(TaskKind::Agent, "stub", None).await, 2);
    assert_eq!(count(TaskKind::Agent, "stub", Some("demo")).await, 1);
    assert_eq!(count(TaskKind::Agent, "other", None).await, 0);
    assert_eq!(count(TaskKind::Command, "stub", None).await, 0);
    let one = store
        .history(TaskKind::Agent, "stub", None, 1)
        .await
        .unwrap();
    let used = Actual {
        tokens: 10,
        usd: 0.5,
        seconds: 3.0,
    };
    assert_eq!(one.actuals, [used]);
}

pub(crate) async fn events_are_numbered_and_filtered(store: &dyn Store) {
    let task = queued(store, &ask("a")).await;
    created(store, &ask("b"), at(0)).await;
    let all = store.events(Seq(0), None, None, 1000).await.unwrap();
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let of = |kind: Option<&'static str>| {
        let id = task.id.clone();
        async move {
            let events = store.events(Seq(0), kind, Some(&id), 1000).await.unwrap();
            let kinds: Vec<String> = events.into_iter().map(|event| event.kind).collect();
            kinds
        }
    };
    assert_eq!(
        of(Some("task.")).await,
        ["task.planning", "task.staged", "task.queued"]
    );
    assert_eq!(of(Some("task.staged")).await, ["task.staged"]);
    assert!(of(Some("task")).await.is_empty());
    let voted = store
        .events(Seq(0), Some("approval.voted"), None, 10)
        .await
        .unwrap();
    assert_eq!(voted[0].actor.as_deref(), Some("user_ana"));
    let rest = store.events(all[2].seq, None, None, 2).await.unwrap();
    assert_eq!(rest, all[3..5]);
}
