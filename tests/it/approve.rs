//! Nothing runs unapproved, nothing runs twice, and only the right person decides.

use std::time::Duration;

use harness::{ADMIN_KEY, API_KEY, World};
use nightshift_core::port::executor::ExitKind;
use serde_json::json;

#[tokio::test]
async fn a_viewer_and_another_submitter_change_nothing_and_are_told_alone() {
    let w = World::new().await;
    let task = w.asks("ana", "buy a boat").await;
    let before = w.card(&task.id);

    for person in ["vera", "bob"] {
        w.presses(person, "Approve", &task.id).await;
        let word = w.whisper(person);
        assert!(word.contains("You may not approve this plan"), "{word}");
    }
    assert_eq!(w.state(&task.id).await, "staged");
    assert_eq!(w.card(&task.id), before, "the card is untouched");
    assert!(w.agent.runs().is_empty());
    assert!(w.whispers("ana").is_empty());
    let refused = w.events("auth.refused").await;
    assert!(
        refused
            .iter()
            .all(|event| event.task_id.as_ref() == Some(&task.id))
    );
    let who: Vec<_> = refused.iter().map(|event| event.actor.clone()).collect();
    assert_eq!(
        who,
        [
            Some("user_slack_U0VERA".to_owned()),
            Some("user_slack_U0BOB".to_owned())
        ]
    );
    w.leave().await;
}

#[tokio::test]
async fn an_approver_may_approve_for_somebody_else() {
    let w = World::new().await;
    let task = w.asks("ana", "tidy up").await;
    w.presses("carl", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "running");
    assert!(
        w.card(&task.id)
            .visible()
            .contains("✓ Approved by <@U0CARL>")
    );
    w.leave().await;
}

#[tokio::test]
async fn two_clicks_of_one_person_are_one_run() {
    let w = World::new().await;
    let task = w.asks("ana", "once, please").await;
    let card = w.card(&task.id);
    let ana = w.user("ana");
    // Both clicks arrive before the first is acted on.
    for _ in 0..2 {
        assert_eq!(ana.clicks_as_seen(&card, "Approve").await.status, Some(200));
    }
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1);
    let word = w.whisper("ana");
    assert!(word.contains("decided already"), "{word}");
    assert_eq!(w.events("approval.granted").await.len(), 1);
    assert_eq!(
        w.now(&task.id)
            .await
            .approval
            .expect("a request")
            .votes
            .len(),
        1
    );
    w.leave().await;
}

#[tokio::test]
async fn two_people_at_the_same_time_are_one_run() {
    let w = World::new().await;
    let task = w.asks("ana", "once, please").await;
    let shown = w.card(&task.id);
    let (ana, carl) = (w.user("ana"), w.user("carl"));
    let (one, other) = tokio::join!(
        ana.clicks_as_seen(&shown, "Approve"),
        carl.clicks_as_seen(&shown, "Approve"),
    );
    assert_eq!((one.status, other.status), (Some(200), Some(200)));
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1);
    assert_eq!(w.events("approval.granted").await.len(), 1);
    let told = w.whispers("ana").len() + w.whispers("carl").len();
    assert_eq!(told, 1, "the one who came second is told");
    w.leave().await;
}

#[tokio::test]
async fn of_simultaneous_approvals_by_api_exactly_one_is_answered_2xx() {
    let w = World::new().await;
    let task = w.asks("ana", "once, please").await;
    let admin = w.api(ADMIN_KEY);
    let path = format!("/api/v1/tasks/{}/approve", task.id);
    let votes = (0..8).map(|_| admin.post(&path, json!({})));
    let answers = futures_util::future::join_all(votes).await;
    w.settle().await;
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(granted, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.code().as_str()), (409, "decided"));
    }
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_click_on_an_outdated_card_does_not_approve_and_redraws_it() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    let old = w.card(&task.id);
    w.says("ana", &format!("revise {} paint it blue", task.id))
        .await;
    assert_ne!(
        w.card(&task.id).ts,
        old.ts,
        "the new plan has a card of its own"
    );

    w.presses_as_seen("ana", "Approve", &old).await;
    assert_eq!(w.state(&task.id).await, "staged");
    assert!(w.agent.runs().is_empty());
    let word = w.whisper("ana");
    assert!(word.contains("superseded"), "{word}");
    let old = w
        .slack
        .message(&w.channel(), &old.ts)
        .expect("the old card");
    assert!(old.visible().contains("superseded"));
    assert!(old.button_labels().is_empty());

    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.agent.runs().len(), 1);
    assert!(
        w.agent
            .run_of(&task.id)
            .job
            .prompt
            .contains("paint it blue")
    );
    w.leave().await;
}

#[tokio::test]
async fn approving_by_words_works_and_is_refused_like_a_click() {
    let w = World::new().await;
    let task = w.asks("ana", "water the plants").await;
    w.says("bob", &format!("approve {}", task.id)).await;
    assert!(w.whisper("bob").contains("You may not approve this plan"));
    assert_eq!(w.state(&task.id).await, "staged");

    w.says("ana", &format!("approve {}", task.id)).await;
    assert_eq!(w.state(&task.id).await, "running");
    assert!(w.whisper("ana").contains("is approved and queued"));
    assert!(
        w.card(&task.id)
            .visible()
            .contains("✓ Approved by <@U0ANA>")
    );
    w.leave().await;
}

#[tokio::test]
async fn approving_by_api_is_bound_to_the_plan_that_was_seen() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    let seen = task.plan.expect("a plan").hash.to_string();
    w.says("ana", &format!("revise {} paint it blue", task.id))
        .await;
    let admin = w.api(ADMIN_KEY);
    let path = format!("/api/v1/tasks/{}/approve", task.id);

    let answer = admin.post(&path, json!({"plan_hash": seen})).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "stale_plan"));
    assert_eq!(w.state(&task.id).await, "staged");

    let current = w.now(&task.id).await.plan.expect("a plan").hash.to_string();
    assert_ne!(current, seen);
    let answer = admin.post(&path, json!({"plan_hash": current})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "queued");

    let answer = admin.post(&path, json!({"plan_hash": current})).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "decided"));
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1);
    let shown = w.card(&task.id).visible();
    assert!(
        shown.contains("✓ Approved by <@U0DORA>"),
        "the card follows: {shown}"
    );
    w.leave().await;
}

#[tokio::test]
async fn a_submitters_key_approves_nobody_elses_plan() {
    let w = World::new().await;
    let task = w.asks("ana", "sell the house").await;
    let path = format!("/api/v1/tasks/{}/approve", task.id);
    let answer = w.api(API_KEY).post(&path, json!({})).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    assert_eq!(w.state(&task.id).await, "staged");
    let refused = w.events("auth.refused").await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].actor.as_deref(), Some("user_api"));
    w.leave().await;
}

#[tokio::test]
async fn a_plan_that_nobody_decides_expires_and_a_late_click_changes_nothing() {
    let w = World::new().await;
    let task = w.asks("ana", "wait for it").await;
    let card = w.card(&task.id);
    w.advance(Duration::from_secs(24 * 3600 - 1)).await;
    assert_eq!(w.state(&task.id).await, "staged");
    w.advance(Duration::from_secs(2)).await;
    assert_eq!(w.state(&task.id).await, "expired");
    let shown = w.card(&task.id);
    assert!(shown.visible().contains("Nobody decided in time"));
    assert!(shown.button_labels().is_empty());
    assert_eq!(w.events("approval.expired").await.len(), 1);

    w.presses_as_seen("ana", "Approve", &card).await;
    assert_eq!(w.state(&task.id).await, "expired");
    assert!(w.agent.runs().is_empty());
    assert!(w.whisper("ana").contains("expired"), "{}", w.whisper("ana"));
    w.leave().await;
}

#[tokio::test]
async fn an_approved_task_that_is_cancelled_before_its_start_never_runs() {
    let w = World::with(harness::Setup {
        max_concurrent: 1,
        ..harness::Setup::default()
    })
    .await;
    let (_, run) = w.starts("ana", "long work").await;
    let task = w.asks("ana", "never mind").await;
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "queued");
    w.presses("ana", "Cancel", &task.id).await;
    assert_eq!(w.state(&task.id).await, "cancelled");
    run.answers("done");
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_rule_that_asks_for_somebody_else_refuses_the_owner() {
    use nightshift_core::approval::{Rule, SelfVote};
    let w = World::with(harness::Setup {
        rule: Rule {
            own: SelfVote::Deny,
            ..Rule::default()
        },
        ..harness::Setup::default()
    })
    .await;
    let task = w.asks("ana", "raise my salary").await;
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "staged");
    assert!(
        w.whisper("ana")
            .contains("somebody else than the person who asked")
    );
    w.presses("carl", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "running");
    w.leave().await;
}

#[tokio::test]
async fn everything_is_said_where_the_task_came_from_whoever_decides_elsewhere() {
    let w = World::new().await;
    let task = w.asks("ana", "look around").await;
    let carl = w.user("carl");
    carl.dm(&format!("approve {}", task.id)).await;
    w.settle().await;
    w.agent.run_of(&task.id).answers("Nothing to see.");
    w.settle().await;
    assert!(
        w.card(&task.id)
            .visible()
            .contains("✓ Approved by <@U0CARL>")
    );
    assert!(
        w.final_message(&task.id)
            .visible()
            .contains("Nothing to see.")
    );
    let told = w.slack.ours(&carl.dm_channel());
    assert_eq!(told.len(), 1, "only the confirmation goes to the approver");
    w.leave().await;
}

#[tokio::test]
async fn a_grant_with_the_submission_is_not_a_grant_for_the_retry() {
    let w = World::new().await;
    let body = json!({"description": "tidy up", "auto_approve": true});
    let answer = w.submits(ADMIN_KEY, body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let task = w.task().await;
    w.agent.run_of(&task.id).ends(ExitKind::Code(3), "");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "failed");

    w.says("carl", &format!("retry {}", task.id)).await;
    assert_eq!(
        w.state(&task.id).await,
        "staged",
        "the new plan is asked about"
    );
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}
