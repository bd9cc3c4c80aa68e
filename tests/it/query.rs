//! Questions: they are answered, and change nothing.

use harness::World;

#[tokio::test]
async fn status_tells_of_one_task_or_of_the_latest() {
    let w = World::new().await;
    w.says("vera", "status").await;
    assert_eq!(w.whisper("vera"), "No tasks.");
    let task = w.asks("ana", "count the stars").await;

    w.says("vera", "status").await;
    let list = w.whisper("vera");
    assert!(
        list.contains(task.id.as_str()) && list.contains("staged"),
        "{list}"
    );
    w.says("vera", &format!("status {}", task.id)).await;
    let one = w.whisper("vera");
    assert!(one.contains("📊 Task Status:"), "{one}");
    assert!(
        one.contains("count the stars") && one.contains("staged"),
        "{one}"
    );
    w.says("vera", "status task_zzzzzzzz").await;
    let none = w.whisper("vera");
    assert!(none.contains("There is no task task_zzzzzzzz"), "{none}");
    w.leave().await;
}

#[tokio::test]
async fn queue_lists_the_tasks_of_a_state() {
    let w = World::new().await;
    let staged = w.asks("ana", "wait for me").await;
    let (running, run) = w.starts("ana", "already going").await;
    w.says("vera", "queue running").await;
    let list = w.whisper("vera");
    assert!(list.contains(running.id.as_str()), "{list}");
    assert!(!list.contains(staged.id.as_str()), "{list}");
    run.answers("gone");
    w.leave().await;
}

#[tokio::test]
async fn results_and_logs_and_why_tell_what_happened() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "count to three").await;
    let id = task.id;
    w.says("vera", &format!("results {id}")).await;
    assert!(w.whisper("vera").contains("no result yet"));
    run.prints("one\ntwo\nthree\n");
    run.writes("numbers.txt", b"1 2 3");
    run.answers("I counted.");
    w.settle().await;

    w.says("vera", &format!("results {id}")).await;
    let results = w.whisper("vera");
    assert!(results.contains("I counted.") && results.contains("numbers.txt (5 B)"));
    w.says("vera", &format!("logs {id} 2")).await;
    let logs = w.whisper("vera");
    assert!(
        logs.contains("two\nthree") && !logs.contains("one\n"),
        "{logs}"
    );
    w.says("vera", &format!("why {id}")).await;
    let why = w.whisper("vera");
    let chain = [
        "task.planning by user_slack_U0ANA",
        "approval.requested",
        "task.staged",
        "approval.granted by user_slack_U0ANA",
        "task.queued",
        "attempt.leased",
        "attempt.started",
        "attempt.finished",
        "task.completed",
    ];
    for link in chain {
        assert!(why.contains(link), "no {link} in:\n{why}");
    }
    w.leave().await;
}

#[tokio::test]
async fn whoami_shows_user_role_and_permissions() {
    let w = World::new().await;
    w.says("carl", "whoami").await;
    let word = w.whisper("carl");
    for part in [
        "user_slack_U0CARL",
        "slack:U0CARL",
        "approver",
        "approve_tasks",
    ] {
        assert!(word.contains(part), "no {part} in {word}");
    }
    w.says("dora", "whoami").await;
    assert!(
        w.whisper("dora").contains("user_dora"),
        "an identity of a configured user"
    );
    w.leave().await;
}

#[tokio::test]
async fn help_is_made_from_the_table_of_the_parser() {
    let w = World::new().await;
    w.says("ana", "help").await;
    let help = w.whisper("ana");
    for verb in nightshift_core::command::VERBS {
        assert!(help.contains(verb.name), "no {} in {help}", verb.name);
    }
    assert!(help.contains("run disk path=/"), "{help}");
    w.says("ana", "help revise").await;
    assert!(w.whisper("ana").contains("/nightshift revise task_"));
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_question_in_a_thread_is_answered_there() {
    let w = World::new().await;
    let said = w.user("vera").mentions(&w.channel(), "whoami").await;
    w.settle().await;
    let thread = w.slack.thread(&w.channel(), &said.ts);
    assert_eq!(thread.len(), 2);
    assert!(thread[1].visible().contains("user_slack_U0VERA"));
    w.leave().await;
}

#[tokio::test]
async fn a_viewer_may_not_ask_for_work() {
    let w = World::new().await;
    for text in ["summarise the news", "run disk"] {
        w.says("vera", text).await;
    }
    assert!(w.tasks().await.is_empty());
    let told = w.whispers("vera");
    assert!(told[0].contains("submit_tasks"), "{told:?}");
    assert!(told[1].contains("run_commands"), "{told:?}");
    assert_eq!(w.events("auth.refused").await.len(), 2);
    w.leave().await;
}
