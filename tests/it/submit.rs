//! From a request to its answer, on every way a person can ask.

use std::time::Duration;

use harness::World;
use nightshift_core::task::TaskKind;
use nightshift_fakes::slack::Message;

const CARD_BUTTONS: [&str; 4] = ["✓ Approve & Execute", "Revise", "Details", "✕ Cancel"];

#[tokio::test]
async fn a_slash_command_becomes_a_card_an_approval_a_run_and_an_answer_in_its_thread() {
    let w = World::new().await;

    let task = w.asks("ana", "summarise <the> news & weather").await;
    let card = w.card(&task.id);
    assert_eq!(card.thread_ts, None, "the card stands in the channel");
    assert_eq!(card.button_labels(), CARD_BUTTONS);
    let shown = card.visible();
    for part in [
        &format!("✨ Task Created: {}", task.id),
        "summarise <the> news & weather",
        "stub",
        "Estimated Tokens: ~",
        "~$0.25, ceiling $1.00",
        "Waiting for approval by <@U0ANA>",
        "Expires at 2026-01-02T00:00:00.000Z",
    ] {
        assert!(shown.contains(part), "no {part:?} on the card:\n{shown}");
    }
    assert!(w.agent.runs().is_empty(), "nothing runs unapproved");

    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.state(&task.id).await, "running");
    let card = w.card(&task.id);
    assert!(card.visible().contains("✓ Approved by <@U0ANA>"));
    assert_eq!(card.button_labels(), ["✕ Cancel"]);

    w.agent.run_of(&task.id).answers("It rains in Spain.");
    w.settle().await;
    let answer = w.final_message(&task.id);
    assert_eq!(answer.thread_ts.as_ref(), Some(&card.ts));
    let shown = answer.visible();
    assert!(shown.contains("It rains in Spain."), "{shown}");
    assert!(shown.contains("1200 tokens"), "{shown}");
    assert!(shown.contains("$0.05"), "{shown}");
    assert_eq!(w.state(&task.id).await, "completed");
    assert_eq!(w.cards(&task.id).len(), 1, "one card, edited");
    assert!(w.card(&task.id).button_labels().is_empty());
    w.leave().await;
}

#[tokio::test]
async fn the_agents_step_is_shown_on_the_card() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "read the papers").await;
    run.step("reading paper 3 of 7");
    w.settle().await;
    let shown = w.card(&task.id).visible();
    assert!(shown.contains("Running: reading paper 3 of 7"), "{shown}");
    run.answers("read");
    w.leave().await;
}

#[tokio::test]
async fn a_file_follows_the_answer_into_the_same_thread() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "write a report").await;
    run.writes("report.md", b"# Report\n");
    run.answers("See the report.");
    w.settle().await;

    let files = w.slack.files(&w.channel());
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].name, "report.md");
    assert_eq!(files[0].bytes, b"# Report\n");
    assert_eq!(files[0].thread_ts, Some(w.card(&task.id).ts));
    assert!(w.final_message(&task.id).visible().contains("report.md"));
    w.leave().await;
}

#[tokio::test]
async fn without_the_permission_for_files_the_answer_arrives_and_names_the_file() {
    let w = World::new().await;
    w.slack.remove_scope("files:write");
    let (task, run) = w.starts("ana", "write a report").await;
    run.writes("report.md", b"# Report\n");
    run.answers("See the report.");
    w.settle().await;

    assert!(
        w.final_message(&task.id)
            .visible()
            .contains("See the report.")
    );
    let thread = w.slack.thread(&w.channel(), &w.card(&task.id).ts);
    let word = thread.last().expect("a word").visible();
    assert!(word.contains("report.md"), "{word}");
    assert!(word.contains(&format!("results {}", task.id)), "{word}");
    assert!(w.slack.files(&w.channel()).is_empty());
    w.leave().await;
}

#[tokio::test]
async fn words_that_only_look_like_a_verb_are_a_task() {
    let w = World::new().await;
    for text in [
        "statusful idea",
        "status of the build please",
        "run the numbers",
    ] {
        let task = w.asks("ana", text).await;
        assert_eq!(task.description, text);
        assert_eq!(task.kind, TaskKind::Agent);
    }
    w.leave().await;
}

#[tokio::test]
async fn a_named_command_runs_by_its_argv() {
    let w = World::new().await;
    let task = w.asks("ana", "run disk path=/srv").await;
    assert_eq!(task.kind, TaskKind::Command);
    let shown = w.card(&task.id).visible();
    assert!(shown.contains("df -h /srv"), "{shown}");

    w.presses("ana", "Approve", &task.id).await;
    let run = w.agent.run_of(&task.id);
    assert_eq!(run.job.argv, ["df", "-h", "/srv"]);
    assert_eq!(run.job.prompt, "");
    run.answers("12 GB free");
    w.settle().await;
    assert!(w.final_message(&task.id).visible().contains("12 GB free"));
    w.leave().await;
}

#[tokio::test]
async fn bad_arguments_of_a_command_are_refused_and_make_no_task() {
    let w = World::new().await;
    for (text, complaint) in [
        ("run disk path=$(reboot)", "expected something that matches"),
        ("run disk path=/srv; reboot", "one argument too many"),
        ("run disk place=/srv", "`place` is no argument of `disk`"),
        ("run disk path=\"/srv", "quote is not closed"),
    ] {
        w.says("ana", text).await;
        let word = w.whisper("ana");
        assert!(word.contains(complaint), "{text:?}: {word}");
        assert!(word.contains("run disk path="), "no example: {word}");
    }
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn an_unknown_agent_is_refused_with_the_known_ones() {
    let w = World::new().await;
    w.says("ana", "say hello --agent gpt9").await;
    let word = w.whisper("ana");
    assert!(
        word.contains("`gpt9` is not known here; known: stub"),
        "{word}"
    );
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_mention_is_one_task_and_is_answered_in_its_own_thread() {
    let w = World::new().await;
    // Told twice: as a mention and as a message of the channel.
    let said = w
        .user("ana")
        .mentions(&w.channel(), "count the stars")
        .await;
    assert_eq!(said.deliveries.len(), 2);
    assert!(said.acknowledged());
    w.settle().await;

    let task = w.task().await;
    assert_eq!(task.description, "count the stars");
    assert_eq!(w.card(&task.id).thread_ts.as_ref(), Some(&said.ts));
    w.presses("ana", "Approve", &task.id).await;
    w.agent.run_of(&task.id).answers("Seven.");
    w.settle().await;
    assert_eq!(w.final_message(&task.id).thread_ts.as_ref(), Some(&said.ts));
    w.leave().await;
}

#[tokio::test]
async fn a_mention_inside_a_thread_is_answered_there() {
    let w = World::new().await;
    let root = w.user("bob").says(&w.channel(), "look at this").await;
    let ana = w.user("ana");
    ana.mentions_in_thread(&w.channel(), &root.ts, "explain it")
        .await;
    w.settle().await;
    let task = w.task().await;
    assert_eq!(w.card(&task.id).thread_ts.as_ref(), Some(&root.ts));
    w.leave().await;
}

#[tokio::test]
async fn a_direct_message_is_a_task_and_its_answer_stays_between_the_two() {
    let w = World::new().await;
    let ana = w.user("ana");
    let said = ana.dm("count the sheep").await;
    assert!(said.acknowledged());
    w.settle().await;

    let task = w.task().await;
    let here = ana.dm_channel();
    let card = w.card_in(&here, &task.id);
    ana.clicks(&card, "Approve").await;
    w.settle().await;
    w.agent.run_of(&task.id).answers("Zzz.");
    w.settle().await;
    let finals = w.finals_in(&here, &task.id);
    assert_eq!(finals.len(), 1);
    assert!(finals[0].visible().contains("Zzz."));
    assert!(w.slack.ours(&w.channel()).is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_message_that_is_not_for_us_makes_nothing() {
    let w = World::new().await;
    let said = w.user("ana").says(&w.channel(), "lunch?").await;
    assert!(said.acknowledged());
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    assert!(w.slack.ours(&w.channel()).is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_long_answer_is_split_in_order_and_loses_nothing() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "recite").await;
    let answer = numbered(800);
    assert!(answer.chars().count() > 7_000);
    run.answers(&answer);
    w.settle().await;

    let thread = w.slack.thread(&w.channel(), &w.card(&task.id).ts);
    let told: Vec<String> = thread.iter().map(Message::visible).collect();
    let numbers = lines_of(&told.join("\n"));
    assert_eq!(numbers, lines_of(&answer));
    w.leave().await;
}

#[tokio::test]
async fn a_very_long_answer_is_attached_whole() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "recite everything").await;
    let answer = numbered(20_000);
    run.answers(&answer);
    w.settle().await;

    let shown = w.final_message(&task.id).visible();
    assert!(shown.contains("the whole answer is attached"), "{shown}");
    let files = w.slack.files(&w.channel());
    assert_eq!(files.len(), 1);
    assert_eq!(String::from_utf8_lossy(&files[0].bytes), answer);
    assert_eq!(files[0].thread_ts, Some(w.card(&task.id).ts));
    w.leave().await;
}

#[tokio::test]
async fn a_request_cut_on_the_card_is_readable_to_its_end_by_details() {
    let w = World::new().await;
    let request = format!("{} and the very end", "read it all, ".repeat(100));
    let task = w.asks("ana", &request).await;
    assert!(!w.card(&task.id).visible().contains("and the very end"));
    w.presses("bob", "Details", &task.id).await;
    let details = w.whisper("bob");
    assert!(details.contains("and the very end"), "{details}");
    assert!(details.contains("Network: none"), "{details}");
    w.leave().await;
}

#[tokio::test]
async fn where_the_bot_may_not_write_the_person_gets_card_and_answer_directly() {
    let w = World::new().await;
    let (ana, secret) = (w.user("ana"), w.slack.private_without_bot("board"));
    let delivery = ana.slash(&secret, "summarise the minutes").await;
    assert_eq!(delivery.status, Some(200));
    w.settle().await;

    let task = w.task().await;
    let direct = ana.dm_channel();
    let card = w.card_in(&direct, &task.id);
    ana.clicks(&card, "Approve").await;
    w.settle().await;
    w.agent.run_of(&task.id).answers("All agreed.");
    w.settle().await;
    let finals = w.finals_in(&direct, &task.id);
    assert_eq!(finals.len(), 1);
    assert!(finals[0].visible().contains("All agreed."));
    assert!(w.slack.ours(&secret).is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_bot_thrown_out_before_the_end_still_delivers_the_answer() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "be quick").await;
    w.slack.remove_bot(&w.channel());
    run.answers("Done in time.");
    w.settle().await;
    let finals = w.finals_in(&w.user("ana").dm_channel(), &task.id);
    assert_eq!(finals.len(), 1, "the answer went to the person");
    assert!(finals[0].visible().contains("Done in time."));
    w.leave().await;
}

#[tokio::test]
async fn a_plan_that_cannot_be_made_fails_the_task_with_the_reason() {
    let w = World::new().await;
    w.planner.fails();
    let task = w.asks("ana", "do the impossible").await;
    assert_eq!(w.state(&task.id).await, "failed");
    assert_eq!(w.reason(&task.id).await, "planner");
    let shown = w.final_message(&task.id).visible();
    assert!(shown.contains("the planner has no idea"), "{shown}");
    w.leave().await;
}

#[tokio::test]
async fn more_tasks_than_places_wait_in_the_order_of_their_approval() {
    let w = World::with(harness::Setup {
        max_concurrent: 1,
        ..harness::Setup::default()
    })
    .await;
    let (first, run) = w.starts("ana", "the first").await;
    let second = w.asks("ana", "the second").await;
    w.presses("ana", "Approve", &second.id).await;
    // Waiting is counted from the approval, in milliseconds.
    w.advance(Duration::from_secs(1)).await;
    let third = w.asks("bob", "the third").await;
    w.presses("bob", "Approve", &third.id).await;
    assert_eq!(w.state(&second.id).await, "queued");
    let shown = w.card(&third.id).visible();
    assert!(shown.contains("Queued, 2nd"), "{shown}");

    run.answers("one");
    w.settle().await;
    assert_eq!(w.state(&first.id).await, "completed");
    assert_eq!(w.state(&second.id).await, "running");
    assert_eq!(w.state(&third.id).await, "queued");
    w.leave().await;
}

fn numbered(lines: usize) -> String {
    let lines: Vec<String> = (0..lines).map(|n| format!("line {n:05}")).collect();
    lines.join("\n")
}

fn lines_of(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("line "));
    lines.map(str::to_owned).collect()
}
