//! The machine may die at any moment: nothing acknowledged is lost, nothing is done twice without
//! saying so, and every card tells the truth afterwards.

use std::time::Duration;

use harness::World;
use nightshift_core::port::store::{Attempts, Finish, FinishOutcome, Logs};
use nightshift_core::task::{TaskEvent, TaskResult, Usage};
use nightshift_fakes::slack::Fault;

#[tokio::test]
async fn what_was_acknowledged_before_the_crash_is_acted_on_after_it() {
    let w = World::new().await;
    let delivery = w.user("ana").slash(&w.channel(), "do not forget me").await;
    assert_eq!(delivery.status, Some(200));
    assert!(w.tasks().await.is_empty(), "nothing was done yet");
    let w = w.restart().await;
    w.settle().await;
    let task = w.task().await;
    assert_eq!(task.description, "do not forget me");
    assert_eq!(w.cards(&task.id).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_click_acknowledged_before_the_crash_counts_after_it() {
    let w = World::new().await;
    let task = w.asks("ana", "do not forget me").await;
    w.user("ana").clicks(&w.card(&task.id), "Approve").await;
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "running");
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_task_that_was_being_planned_is_planned_again() {
    let w = World::new().await;
    w.planner.thinks_for_ever();
    w.user("ana").slash(&w.channel(), "think about it").await;
    w.until_seen("the planner is asked", || w.planner.asked() == 1)
        .await;
    let w = w.restart().await;
    w.settle().await;
    let task = w.task().await;
    assert_eq!(task.state.name(), "staged");
    assert_eq!(w.cards(&task.id).len(), 1);
    assert_eq!(w.events("approval.requested").await.len(), 1);
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "running");
    w.leave().await;
}

#[tokio::test]
async fn the_card_of_a_staged_task_still_decides_after_the_crash() {
    let w = World::new().await;
    let task = w.asks("ana", "wait for me").await;
    let card = w.card(&task.id);
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(
        w.cards(&task.id),
        std::slice::from_ref(&card),
        "the same card, untouched"
    );
    w.presses_as_seen("bob", "Approve", &card).await;
    assert_eq!(w.state(&task.id).await, "staged");
    w.presses_as_seen("ana", "Approve", &card).await;
    assert_eq!(w.state(&task.id).await, "running");
    w.leave().await;
}

#[tokio::test]
async fn an_approved_task_that_had_not_started_runs_once() {
    let w = World::new().await;
    let task = w.asks("ana", "start me").await;
    w.user("ana").clicks(&w.card(&task.id), "Approve").await;
    w.tick("converse").await;
    assert_eq!(w.state(&task.id).await, "queued");
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "running");
    assert_eq!(w.agent.runs().len(), 1);
    assert_eq!(w.now(&task.id).await.attempt.expect("an attempt").number, 1);
    assert!(
        w.card(&task.id)
            .visible()
            .contains("✓ Approved by <@U0ANA>")
    );
    w.leave().await;
}

#[tokio::test]
async fn a_task_that_was_leased_but_not_started_runs_once() {
    let w = World::new().await;
    let task = w.asks("ana", "start me").await;
    w.agent.never_starts();
    w.user("ana").clicks(&w.card(&task.id), "Approve").await;
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "running");
    assert!(w.agent.runs().is_empty(), "no program was started");
    let w = w.restart().await;
    w.settle().await;
    w.advance(Duration::from_secs(600)).await;
    assert_eq!(w.state(&task.id).await, "running");
    assert_eq!(w.agent.runs().len(), 1);
    w.agent.run_of(&task.id).answers("Started after all.");
    w.settle().await;
    assert!(
        w.final_message(&task.id)
            .visible()
            .contains("Started after all.")
    );
    w.leave().await;
}

#[tokio::test]
async fn a_lost_attempt_is_told_openly_and_runs_again_with_a_higher_fence() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "a long calculation").await;
    run.prints("half of it\n");
    w.settle().await;
    let lost = run.job.fence;

    let w = w.restart().await;
    w.settle().await;
    w.advance(Duration::from_secs(60)).await;
    let runs = w.agent.runs();
    assert_eq!(runs.len(), 1, "it runs again, once");
    assert!(runs[0].job.fence.0 > lost.0);
    assert_eq!(w.now(&task.id).await.attempt.expect("an attempt").number, 2);
    assert_eq!(w.events("attempt.lost").await.len(), 1);
    let thread = w.slack.thread(&w.channel(), &w.card(&task.id).ts);
    let told = thread
        .iter()
        .filter(|m| m.visible().contains("was lost"))
        .count();
    assert_eq!(told, 1, "it is said openly, once");
    assert!(w.card(&task.id).visible().contains("attempt 2"));

    // The dead attempt speaks once more: it is kept as evidence and changes nothing.
    let log = w
        .store
        .append_log(&task.id, lost, 11, b"the other half\n")
        .await;
    assert!(!log.expect("a store"), "its output is refused");
    let late = Finish {
        task: task.id.clone(),
        fence: lost,
        event: TaskEvent::Completed { fence: lost },
        detail: None,
        result: TaskResult {
            text: "a zombie's answer".into(),
            ..TaskResult::default()
        },
        usage: Usage::default(),
        parts: Vec::new(),
        log_bytes: 0,
    };
    let outcome = w.store.finish(&late, w.clock.timestamp()).await;
    assert!(matches!(outcome, Ok(FinishOutcome::Fenced)), "{outcome:?}");
    assert_eq!(w.state(&task.id).await, "running");
    assert_eq!(w.events("attempt.fenced").await.len(), 1);

    runs[0].answers("Forty-two.");
    w.settle().await;
    let said = w.final_message(&task.id).visible();
    assert!(
        said.contains("Forty-two.") && !said.contains("zombie"),
        "{said}"
    );
    w.leave().await;
}

#[tokio::test]
async fn the_third_loss_is_the_last() {
    let mut w = World::new().await;
    let (task, _) = w.starts("ana", "crash the machine").await;
    for _ in 0..3 {
        w = w.restart().await;
        w.settle().await;
        w.advance(Duration::from_secs(600)).await;
    }
    assert_eq!(w.state(&task.id).await, "failed");
    assert_eq!(w.reason(&task.id).await, "lost");
    assert_eq!(w.finals(&task.id).len(), 1);
    assert_eq!(w.log.errors().len(), 1, "no channel of operators is named");
    let failed = w.events("message.failed").await;
    assert_eq!(failed.len(), 1, "and this is written down, too");
    w.leave_after_errors().await;
}

#[tokio::test]
async fn a_cancel_of_a_running_task_survives_the_crash() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "sleep").await;
    run.ignores_signals();
    w.presses("ana", "Cancel", &task.id).await;
    assert_eq!(w.state(&task.id).await, "cancelling");
    let w = w.restart().await;
    w.settle().await;
    w.advance(Duration::from_secs(600)).await;
    assert_eq!(w.state(&task.id).await, "cancelled");
    assert!(w.agent.runs().is_empty(), "it does not run again");
    assert_eq!(w.finals(&task.id).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_final_message_that_was_being_sent_is_found_and_not_doubled() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "say it once").await;
    w.advance(Duration::from_secs(2)).await;
    w.slack.fail_next("chat.postMessage", Fault::AcceptThenHang);
    run.answers("Said once.");
    w.until_seen("the message arrives", || !w.finals(&task.id).is_empty())
        .await;
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(w.finals(&task.id).len(), 1);
    assert!(w.card(&task.id).visible().contains("✅ Completed"));
    assert_eq!(w.agent.runs().len(), 0, "it does not run again");
    w.leave().await;
}

#[tokio::test]
async fn a_final_message_that_nobody_can_look_for_says_that_it_may_be_a_copy() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "say it at least once").await;
    w.slack.remove_scope("channels:history");
    w.advance(Duration::from_secs(2)).await;
    w.slack.fail_next("chat.postMessage", Fault::AcceptThenHang);
    run.answers("Said.");
    w.until_seen("the message arrives", || !w.finals(&task.id).is_empty())
        .await;
    let w = w.restart().await;
    w.settle().await;
    let finals = w.finals(&task.id);
    assert_eq!(finals.len(), 2);
    assert!(
        finals[1]
            .visible()
            .contains("sent again, may be a duplicate")
    );
    w.leave().await;
}

#[tokio::test]
async fn a_final_message_that_was_not_sent_yet_is_sent_after_the_crash() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "tell me later").await;
    w.slack
        .fail_always("chat.postMessage", Fault::DropConnection);
    run.writes("notes.txt", b"notes");
    run.answers("Told later.");
    w.quiet().await;
    assert!(w.finals(&task.id).is_empty());
    w.slack.heal("chat.postMessage");
    let w = w.restart().await;
    w.settle().await;
    assert!(w.final_message(&task.id).visible().contains("Told later."));
    assert_eq!(
        w.slack.files(&w.channel()).len(),
        1,
        "the file is still there"
    );
    w.leave().await;
}

#[tokio::test]
async fn a_card_whose_post_was_under_way_is_found_and_kept_up_to_date() {
    let w = World::new().await;
    w.slack.fail_next("chat.postMessage", Fault::AcceptThenHang);
    w.user("ana").slash(&w.channel(), "one card, please").await;
    let posted = || !w.slack.ours(&w.channel()).is_empty();
    w.until_seen("the card arrives", posted).await;
    let w = w.restart().await;
    w.settle().await;
    let task = w.task().await;
    assert_eq!(w.cards(&task.id).len(), 1);
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.cards(&task.id).len(), 1);
    assert!(w.card(&task.id).visible().contains("✓ Approved by"));
    w.leave().await;
}

#[tokio::test]
async fn a_card_that_was_behind_is_brought_up_to_date() {
    let w = World::new().await;
    let task = w.asks("ana", "keep me posted").await;
    w.slack.fail_always("chat.update", Fault::DropConnection);
    w.user("ana").clicks(&w.card(&task.id), "Cancel").await;
    w.quiet().await;
    assert!(
        w.card(&task.id).visible().contains("✨ Task Created"),
        "it is behind"
    );
    w.slack.heal("chat.update");
    let w = w.restart().await;
    w.settle().await;
    let card = w.card(&task.id);
    assert!(card.visible().contains("Cancelled by <@U0ANA>"));
    assert!(card.button_labels().is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_request_that_expired_while_the_server_was_away_is_expired_after_it() {
    let w = World::new().await;
    let task = w.asks("ana", "decide while I am away").await;
    let card = w.card(&task.id);
    w.clock.advance(Duration::from_secs(25 * 3600));
    let w = w.restart().await;
    w.user("ana").clicks_as_seen(&card, "Approve").await;
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "expired");
    assert!(w.agent.runs().is_empty());
    assert!(
        w.card(&task.id)
            .visible()
            .contains("Nobody decided in time")
    );
    w.leave().await;
}
