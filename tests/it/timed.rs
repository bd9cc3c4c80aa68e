//! What happens by the clock alone: people are reminded, what is old goes.

use std::time::Duration;

use harness::{Setup, World};
use nightshift_app::settings::Timers;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::Store;
use nightshift_fakes::slack::Message;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Reminders in the thread of a task's card.
fn reminders(w: &World, task: &TaskId) -> Vec<String> {
    let thread = w.slack.thread(&w.channel(), &w.card(task).ts);
    let said = thread.iter().map(Message::visible);
    said.filter(|words| words.contains("Still waiting"))
        .collect()
}

#[tokio::test]
async fn who_may_decide_is_reminded_once_in_the_tasks_thread() {
    let w = World::new().await;
    let task = w.asks("ana", "count the stars").await;
    w.advance(HOUR * 11).await;
    assert_eq!(reminders(&w, &task.id), [] as [String; 0]);
    w.advance(HOUR).await;
    let said = reminders(&w, &task.id);
    assert_eq!(said.len(), 1);
    let reminder = said[0].replace(task.id.as_str(), "TASK");
    insta::assert_snapshot!(reminder, @"
    ⏳ Still waiting for a decision
    The plan of task TASK waits for approval by <@U0ANA> or an approver. It expires in 12h 0m.
    Press a button on its card, or write: approve TASK · reject TASK
    ");
    w.advance(HOUR * 6).await;
    assert_eq!(reminders(&w, &task.id).len(), 1, "once");
    w.presses("ana", "Approve", &task.id).await;
    w.agent.run_of(&task.id).answers("many");
    w.settle().await;
    w.leave().await;
}

#[tokio::test]
async fn a_new_plan_gets_its_own_time_and_its_own_reminder() {
    let w = World::new().await;
    let task = w.asks("ana", "count the stars").await;
    w.advance(HOUR * 13).await;
    w.says("ana", &format!("revise {} only the red ones", task.id))
        .await;
    w.advance(HOUR * 11).await;
    assert_eq!(w.state(&task.id).await, "staged");
    assert_eq!(count(&w, "Still waiting"), 1);
    w.advance(HOUR).await;
    assert_eq!(count(&w, "Still waiting"), 2);
    w.leave().await;
}

/// Messages in the channel with these words.
fn count(w: &World, words: &str) -> usize {
    let said = w.slack.ours(&w.channel());
    said.iter()
        .filter(|message| message.visible().contains(words))
        .count()
}

#[tokio::test]
async fn what_was_decided_before_the_reminder_left_is_not_reminded_of() {
    let w = World::new().await;
    let task = w.asks("ana", "count the stars").await;
    w.clock.advance(HOUR * 12);
    w.tick("sweep").await;
    let queued = w.events("message.queued").await;
    let last = queued.last().expect("messages");
    assert_eq!(last.data["notice"], "approval_reminder");
    w.user("ana").clicks(&w.card(&task.id), "Approve").await;
    w.tick("converse").await;
    assert_eq!(w.state(&task.id).await, "queued");
    w.settle().await;
    assert_eq!(reminders(&w, &task.id), [] as [String; 0]);
    w.agent.run_of(&task.id).answers("many");
    w.settle().await;
    w.leave().await;
}

#[tokio::test]
async fn after_a_night_off_there_is_one_reminder_and_none_for_what_is_over() {
    let w = World::new().await;
    let over = w.asks("ana", "count the stars").await;
    w.clock.advance(HOUR * 2);
    let waits = w.asks("bob", "count the moons").await;
    w.clock.advance(HOUR * 23);
    let w = w.restart().await;
    w.settle().await;
    assert_eq!(w.state(&over.id).await, "expired");
    assert_eq!(reminders(&w, &over.id), [] as [String; 0]);
    assert_eq!(reminders(&w, &waits.id).len(), 1);
    w.advance(HOUR / 2).await;
    assert_eq!(reminders(&w, &waits.id).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn nobody_is_reminded_where_that_is_off() {
    let timers = Timers {
        approval_reminder: Duration::ZERO,
        ..Timers::default()
    };
    let w = World::with(Setup {
        timers,
        ..Setup::default()
    })
    .await;
    let task = w.asks("ana", "count the stars").await;
    w.advance(HOUR * 23).await;
    assert_eq!(reminders(&w, &task.id), [] as [String; 0]);
    w.leave().await;
}

/// Plans wait for years: what is left is old and alive.
async fn a_patient_world() -> World {
    let timers = Timers {
        approval_expires: DAY * 3650,
        approval_reminder: Duration::ZERO,
        ..Timers::default()
    };
    World::with(Setup {
        timers,
        ..Setup::default()
    })
    .await
}

/// A task that is done, with an answer, a file and output.
async fn done(w: &World, text: &str) -> TaskId {
    let (task, run) = w.starts("ana", text).await;
    run.prints("some output\n");
    run.writes("notes.txt", b"notes");
    run.answers("here it is");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    task.id
}

async fn output(w: &World, task: &TaskId) -> Vec<u8> {
    let fence = w.now(task).await.attempt.map_or(Fence(0), |it| it.fence);
    let store: &dyn Store = w.store.as_ref();
    let part = store.read_log(task, fence, 0, 1000).await.expect("a log");
    part.bytes
}

#[tokio::test]
async fn output_goes_after_a_month_and_the_answer_stays() {
    let w = a_patient_world().await;
    let task = done(&w, "write it down").await;
    assert_eq!(output(&w, &task).await, b"some output\n");
    for _ in 0..31 {
        w.advance(DAY).await;
    }
    assert_eq!(output(&w, &task).await, b"");
    w.says("ana", &format!("logs {task}")).await;
    let said = w.whisper("ana");
    assert!(said.contains("was removed at"), "{said}");
    w.says("ana", &format!("results {task}")).await;
    let said = w.whisper("ana");
    assert!(said.contains("here it is"), "{said}");
    let file = w.data_dir().join("results").join(task.as_str());
    assert!(file.exists(), "a listed task keeps its files");
    w.leave().await;
}

#[tokio::test]
async fn after_a_year_what_is_over_is_gone_and_what_waits_is_as_it_was() {
    let w = a_patient_world().await;
    let waiting = w.asks("bob", "wait for me").await;
    let old = done(&w, "write it down").await;
    let results = w.data_dir().join("results").join(old.as_str());
    assert!(results.exists());
    let before = w.events("").await.len();
    let audit = w.tasks().await.len();
    assert_eq!(audit, 2);

    // For a moment the clock is believed by nobody: it may have jumped.
    w.advance(DAY * 400).await;
    assert_eq!(w.tasks().await.len(), 2);
    w.advance(HOUR).await;
    let left = w.tasks().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, waiting.id);
    assert!(!results.exists(), "its files are gone");
    let events = w.events("").await;
    assert!(events.len() < before, "{} of {before}", events.len());
    let theirs: Vec<_> = events.iter().filter_map(|e| e.task_id.as_ref()).collect();
    assert!(theirs.iter().all(|id| **id == waiting.id), "{theirs:?}");

    w.presses("bob", "Approve", &waiting.id).await;
    w.agent.run_of(&waiting.id).answers("at last");
    w.settle().await;
    assert!(w.final_message(&waiting.id).visible().contains("at last"));
    // Buttons of what is gone say so, and harm nothing.
    w.says("ana", &format!("status {old}")).await;
    assert!(w.whisper("ana").contains("There is no task"));
    w.leave().await;
}

#[tokio::test]
async fn files_that_could_not_be_removed_are_tried_again() {
    let w = a_patient_world().await;
    let old = done(&w, "write it down").await;
    // A file where a directory should be cannot be removed as one.
    let results = w.data_dir().join("results").join(old.as_str());
    std::fs::remove_dir_all(&results).expect("results");
    std::fs::write(&results, "in the way").expect("a file");
    w.advance(DAY * 400).await;
    w.advance(HOUR).await;
    assert_eq!(w.tasks().await.len(), 0);
    std::fs::remove_file(&results).expect("the file");
    std::fs::create_dir(&results).expect("a directory");
    w.advance(HOUR).await;
    assert!(!results.exists());
    w.leave().await;
}
