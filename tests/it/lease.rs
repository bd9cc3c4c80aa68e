//! An attempt holds its lease or it counts for nothing: what does not start, does not end, or was
//! given up while it still ran.

use std::time::Duration;

use harness::{Setup, World};
use nightshift_app::settings::Channel;
use nightshift_core::id::Platform;
use nightshift_core::port::Signal;
use nightshift_core::task::TaskState;

/// Longer than any wait before another try.
const BACKOFF: Duration = Duration::from_secs(6);

/// Longer than a lease, and not as long as a plan allows.
const SLEPT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn an_attempt_that_does_not_start_in_time_spends_nothing() {
    let w = World::new().await;
    let task = w.asks("ana", "start, if you can").await;
    w.agent.never_starts();
    w.presses("ana", "Approve", &task.id).await;
    let first = w.now(&task.id).await.fence;
    w.advance(Duration::from_secs(14)).await;
    assert_eq!(w.state(&task.id).await, "running");
    w.agent.starts_again();
    w.advance(Duration::from_secs(1)).await;
    w.advance(BACKOFF).await;
    let now = w.now(&task.id).await;
    assert_eq!(now.state.name(), "running");
    assert!(now.fence > first, "another lease");
    assert_eq!(now.attempt.expect("an attempt").number, 1, "none is spent");
    assert_eq!((now.lost_count, w.agent.runs().len()), (0, 1));
    // Who was late is refused, and that is written down.
    assert_eq!(w.events("attempt.fenced").await.len(), 1);
    w.agent.run_of(&task.id).answers("Here I am.");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    w.leave().await;
}

#[tokio::test]
async fn a_program_that_never_ends_is_ended_although_its_heartbeats_go_on() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "never end").await;
    run.ignores_signals();
    let plan = task.plan.expect("a plan").body.timeout_s;
    for _ in 0..(plan / 30) {
        w.advance(Duration::from_secs(30)).await;
    }
    assert_eq!(w.state(&task.id).await, "running", "its executor ends it");
    for _ in 0..6 {
        w.advance(Duration::from_secs(30)).await;
    }
    assert_eq!(w.state(&task.id).await, "failed");
    assert_eq!(w.reason(&task.id).await, "timeout");
    assert!(run.signals().contains(&Signal::Kill), "{:?}", run.signals());
    assert_eq!(w.finals(&task.id).len(), 1);
    // At last it says something: too late.
    run.answers("Done!");
    w.settle().await;
    assert_eq!(w.reason(&task.id).await, "timeout");
    assert_eq!(w.events("attempt.fenced").await.len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_server_that_was_stopped_itself_runs_nothing_beside_its_own_zombie() {
    let w = World::new().await;
    let (task, zombie) = w.starts("ana", "one at a time").await;
    zombie.ignores_signals();
    // It sleeps through its lease, and its sweep wakes before its heartbeat.
    w.clock.advance(SLEPT);
    w.tick("sweep").await;
    assert_eq!(w.state(&task.id).await, "queued");
    w.advance(BACKOFF).await;
    assert_eq!(w.state(&task.id).await, "running", "the next is leased");
    assert_eq!(w.agent.runs().len(), 1, "but the former is still here");
    assert!(zombie.signals().contains(&Signal::Kill));
    zombie.answers("a zombie's answer");
    w.until_seen("the next attempt starts", || w.agent.runs().len() == 2)
        .await;
    w.settle().await;
    assert_eq!(
        w.state(&task.id).await,
        "running",
        "its answer changed nothing"
    );
    assert_eq!(w.events("attempt.fenced").await.len(), 1);
    w.agent.run_of(&task.id).answers("Forty-two.");
    w.settle().await;
    let said = w.final_message(&task.id).visible();
    assert!(
        said.contains("Forty-two.") && !said.contains("zombie"),
        "{said}"
    );
    w.leave().await;
}

#[tokio::test]
async fn a_lease_that_waits_too_long_for_a_zombie_never_begins() {
    let w = World::new().await;
    let (task, zombie) = w.starts("ana", "one at a time").await;
    zombie.ignores_signals();
    w.clock.advance(SLEPT);
    w.tick("sweep").await;
    w.advance(BACKOFF).await;
    assert_eq!(w.state(&task.id).await, "running", "the next is leased");
    // Its time to start passes while the zombie lives; the one after is leased.
    w.clock.advance(Duration::from_secs(15));
    w.tick("sweep").await;
    assert_eq!(w.state(&task.id).await, "queued");
    zombie.answers("a zombie's answer");
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1, "nobody may run now");
    w.advance(BACKOFF).await;
    let current = w.now(&task.id).await.fence;
    let fences: Vec<_> = w.agent.runs().iter().map(|run| run.job.fence).collect();
    assert_eq!(fences[1..], [current], "only who holds the lease");
    w.agent.run_of(&task.id).answers("Forty-two.");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    w.leave().await;
}

#[tokio::test]
async fn a_server_that_was_stopped_and_asks_in_time_goes_on() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "sleep with me").await;
    w.clock.advance(SLEPT);
    w.tick("dispatch").await;
    w.settle().await;
    let now = w.now(&task.id).await;
    assert!(matches!(now.state, TaskState::Running { fence } if fence == run.job.fence));
    assert_eq!((now.lost_count, run.signals().len()), (0, 0));
    run.answers("Slept well.");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    w.leave().await;
}

fn alerting(channel: &str) -> Setup {
    Setup {
        alert: vec![Channel {
            platform: Platform::new("slack"),
            id: channel.to_owned(),
        }],
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_task_that_is_given_up_is_told_to_the_operators_once() {
    let mut w = World::new().await;
    let ops = w.slack.channel("ops");
    w = w.restart_with(alerting(&ops.id)).await;
    let (task, _) = w.starts("ana", "crash the machine").await;
    for _ in 0..3 {
        assert!(w.slack.ours(&ops).is_empty(), "not before it is given up");
        w = w.restart().await;
        w.settle().await;
        w.advance(Duration::from_secs(600)).await;
    }
    assert_eq!(w.reason(&task.id).await, "lost");
    let told = w.slack.ours(&ops);
    assert_eq!(told.len(), 1);
    let text = told[0].visible();
    for part in [
        "Task given up",
        task.id.as_str(),
        "3 losses",
        "nightshift why",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(w.slack.ours(&ops).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_planner_that_breaks_down_is_asked_three_times_and_no_more() {
    let mut w = World::new().await;
    let ops = w.slack.channel("ops");
    w = w.restart_with(alerting(&ops.id)).await;
    w.planner.breaks_down();
    w.says("ana", "break the planner").await;
    let task = w.task().await;
    assert_eq!((task.state.name(), w.planner.asked()), ("failed", 3));
    assert_eq!(w.reason(&task.id).await, "planner");
    assert_eq!(w.slack.ours(&ops).len(), 1);
    assert_eq!(w.log.errors().len(), 3, "{:?}", w.log.errors());
    w.leave_after_errors().await;
}

#[tokio::test]
async fn an_executor_that_breaks_down_is_a_loss_and_costs_no_other_task() {
    let w = World::new().await;
    let (other, run) = w.starts("ana", "be left alone").await;
    w.agent.breaks_down();
    let task = w.asks("ana", "break the executor").await;
    w.presses("ana", "Approve", &task.id).await;
    for _ in 0..3 {
        w.advance(Duration::from_secs(60)).await;
    }
    assert_eq!(w.reason(&task.id).await, "lost");
    assert_eq!(w.now(&task.id).await.lost_count, 3);
    run.answers("Undisturbed.");
    w.settle().await;
    assert_eq!(w.state(&other.id).await, "completed");
    w.leave_after_errors().await;
}
