//! Cancelling: the true outcome, or a refusal with the reason.

use harness::World;
use nightshift_core::port::Signal;

#[tokio::test]
async fn a_staged_task_is_cancelled_at_once() {
    let w = World::new().await;
    let task = w.asks("ana", "never mind").await;
    w.presses("ana", "Cancel", &task.id).await;
    assert_eq!(w.state(&task.id).await, "cancelled");
    assert_eq!(w.reason(&task.id).await, "cancelled_by user_slack_U0ANA");
    let card = w.card(&task.id);
    assert!(
        card.visible().contains("Cancelled by <@U0ANA>"),
        "{}",
        card.visible()
    );
    assert!(card.button_labels().is_empty());
    assert!(w.agent.runs().is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_running_task_is_stopped_and_the_end_is_proven() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "sleep for an hour").await;
    w.presses("ana", "Cancel", &task.id).await;
    assert_eq!(run.signals(), [Signal::Stop]);
    assert_eq!(w.state(&task.id).await, "cancelled");
    assert!(w.reason(&task.id).await.starts_with("cancelled_by"));
    let said = w.final_message(&task.id).visible();
    assert!(
        said.contains("Stopped in 1.8s, 0 of 14 processes left, $0.42 spent."),
        "{said}"
    );
    w.leave().await;
}

#[tokio::test]
async fn a_finish_that_beat_the_cancel_stands_and_says_so() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "nearly there").await;
    run.ignores_signals();
    w.presses("ana", "Cancel", &task.id).await;
    assert_eq!(w.state(&task.id).await, "cancelling");
    assert!(w.card(&task.id).visible().contains("Stopping"));
    run.answers("Just made it.");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    let said = w.final_message(&task.id).visible();
    assert!(said.contains("Just made it."), "{said}");
    assert!(
        said.contains("cancel"),
        "it says that it beat the cancel: {said}"
    );
    w.leave().await;
}

#[tokio::test]
async fn somebody_elses_task_is_not_cancelled() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "important work").await;
    w.presses("bob", "Cancel", &task.id).await;
    assert!(w.whisper("bob").contains("You may not cancel this task"));
    w.says("vera", &format!("cancel {}", task.id)).await;
    assert!(w.whisper("vera").contains("You may not cancel this task"));
    assert_eq!(w.state(&task.id).await, "running");
    assert!(run.signals().is_empty());
    assert_eq!(w.events("auth.refused").await.len(), 2);
    // Who holds `cancel_any` may.
    w.says("carl", &format!("cancel {}", task.id)).await;
    assert_eq!(w.reason(&task.id).await, "cancelled_by user_slack_U0CARL");
    w.leave().await;
}

#[tokio::test]
async fn a_task_that_is_over_is_not_cancelled() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "quick work").await;
    run.answers("done");
    w.settle().await;
    w.says("ana", &format!("cancel {}", task.id)).await;
    let word = w.whisper("ana");
    assert!(
        word.contains("is completed: there is nothing to cancel"),
        "{word}"
    );
    assert_eq!(w.state(&task.id).await, "completed");
    w.leave().await;
}

#[tokio::test]
async fn cancelling_twice_stops_once() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "sleep").await;
    run.ignores_signals();
    let id = &task.id;
    w.says("ana", &format!("cancel {id}")).await;
    w.says("ana", &format!("cancel {id}")).await;
    run.obeys();
    w.settle().await;
    assert_eq!(w.state(id).await, "cancelled");
    assert_eq!(w.finals(id).len(), 1);
    w.leave().await;
}
