//! Messages arrive: in order, paced, once, or with a word about the doubt.

mod rush;

use std::time::Duration;

use harness::World;
use nightshift_fakes::slack::{Fault, Message};

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_it_says() {
    let w = World::new().await;
    w.slack
        .fail_next("chat.postMessage", Fault::RateLimited(30));
    let task = w.asks("ana", "hurry up").await;
    let posts = w.slack.calls_of("chat.postMessage");
    assert_eq!(posts.len(), 2);
    assert!(posts[1].at_ms - posts[0].at_ms >= 30_000, "{posts:?}");
    assert_eq!(w.cards(&task.id).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_rate_limit_of_the_workspace_holds_all_its_conversations() {
    let w = World::new().await;
    w.slack
        .fail_next("chat.postMessage", Fault::RateLimited(20));
    let (here, there) = (w.channel(), w.slack.channel("elsewhere"));
    w.user("ana").slash(&here, "the first").await;
    w.quiet().await;
    w.user("bob").slash(&there, "the second").await;
    w.quiet().await;
    assert_eq!(w.slack.calls_of("chat.postMessage").len(), 1);
    w.settle().await;
    assert_eq!(w.slack.ours(&here).len() + w.slack.ours(&there).len(), 2);
    w.leave().await;
}

#[tokio::test]
async fn messages_keep_their_order_when_one_of_them_is_refused_for_a_while() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "recite").await;
    let lines: Vec<String> = (0..600).map(|n| format!("line {n:05} of it")).collect();
    run.writes("notes.txt", b"notes");
    run.answers(&lines.join("\n"));
    w.slack.fail_next("chat.postMessage", Fault::DropConnection);
    w.slack
        .fail_next("chat.postMessage", Fault::error("fatal_error"));
    w.settle().await;

    let thread = w.slack.thread(&w.channel(), &w.card(&task.id).ts);
    let told: Vec<String> = thread.iter().map(Message::visible).collect();
    let told = told.join("\n");
    let seen: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("line "))
        .collect();
    assert_eq!(seen, lines);
    let file = w.slack.files(&w.channel()).remove(0);
    let last = thread.iter().map(|message| message.at_ms).max();
    assert!(Some(file.at_ms) >= last, "the file comes after the words");
    w.leave().await;
}

#[tokio::test]
async fn many_steps_become_few_edits_and_the_last_one_is_shown() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "read a hundred papers").await;
    let before = w.slack.calls_of("chat.update").len();
    for paper in 1..=100 {
        w.clock.advance(Duration::from_millis(100));
        run.step(&format!("paper {paper}"));
        w.quiet().await;
    }
    w.advance(Duration::from_secs(2)).await;
    run.step("the last page");
    w.settle().await;
    let edits = w.slack.calls_of("chat.update").len() - before;
    assert!((2..=14).contains(&edits), "{edits} edits in 12 seconds");
    assert!(w.card(&task.id).visible().contains("the last page"));
    run.answers("read");
    w.leave().await;
}

#[tokio::test]
async fn a_message_that_arrived_unanswered_is_found_again_and_not_sent_twice() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "say it once").await;
    let fault = Fault::AcceptThenDropConnection;
    w.slack.fail_next("chat.postMessage", fault);
    run.answers("Said once.");
    w.settle().await;
    assert_eq!(w.finals(&task.id).len(), 1);
    assert!(!w.final_message(&task.id).visible().contains("duplicate"));
    w.leave().await;
}

#[tokio::test]
async fn a_card_that_arrived_unanswered_is_found_again_and_kept_up_to_date() {
    let w = World::new().await;
    let fault = Fault::AcceptThenDropConnection;
    w.slack.fail_next("chat.postMessage", fault);
    let task = w.asks("ana", "one card, please").await;
    assert_eq!(w.cards(&task.id).len(), 1);
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(w.cards(&task.id).len(), 1);
    assert!(w.card(&task.id).visible().contains("✓ Approved by"));
    w.leave().await;
}

#[tokio::test]
async fn where_nobody_can_look_a_second_copy_says_that_it_may_be_one() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "say it at least once").await;
    w.slack.remove_scope("channels:history");
    let fault = Fault::AcceptThenDropConnection;
    w.slack.fail_next("chat.postMessage", fault);
    run.answers("Said.");
    w.settle().await;
    let finals = w.finals(&task.id);
    assert_eq!(finals.len(), 2);
    assert!(!finals[0].visible().contains("duplicate"));
    let second = finals[1].visible();
    assert!(
        second.contains("sent again, may be a duplicate"),
        "{second}"
    );
    w.leave().await;
}

#[tokio::test]
async fn a_server_error_of_the_platform_is_tried_again() {
    let w = World::new().await;
    for _ in 0..3 {
        w.slack.fail_next("chat.postMessage", Fault::ServerError);
    }
    let task = w.asks("ana", "persevere").await;
    assert_eq!(w.cards(&task.id).len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn after_a_revoked_token_one_failure_is_recorded_and_nobody_is_called_any_more() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "too late").await;
    w.slack.revoke_token();
    let before = w.slack.calls().len();
    run.writes("notes.txt", b"notes");
    run.answers("Nobody will read this here.");
    w.settle().await;
    w.advance(Duration::from_secs(12 * 3600)).await;
    w.asks("bob", "hello?").await;
    let calls = w.slack.calls().split_off(before);
    let said = calls
        .iter()
        .filter(|call| call.method != "auth.test")
        .count();
    assert_eq!(said, 1, "messages after the refusal");
    assert_eq!(w.events("message.failed").await.len(), 1);
    assert_eq!(w.state(&task.id).await, "completed", "the work is not lost");

    // An operator mends it at the platform: it goes on without a restart.
    w.slack.restore_token();
    w.advance(Duration::from_secs(3600)).await;
    let later = w.asks("bob", "and now?").await;
    assert_eq!(w.cards(&later.id).len(), 1);
    w.leave_after_errors().await;
}

#[tokio::test]
async fn in_an_archived_channel_the_person_gets_the_answer_directly() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "tidy the attic").await;
    w.slack.archive(&w.channel());
    run.answers("It is tidy.");
    w.settle().await;
    let direct = w.user("ana").dm_channel();
    let finals = w.finals_in(&direct, &task.id);
    assert_eq!(finals.len(), 1);
    assert!(finals[0].visible().contains("It is tidy."));
    let calls = w.slack.calls().len();
    w.advance(Duration::from_secs(3600)).await;
    assert_eq!(
        w.slack.calls().len(),
        calls,
        "nobody knocks on the closed door"
    );
    w.leave().await;
}

#[tokio::test]
async fn links_of_an_agent_are_shown_and_never_fetched() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "find the page").await;
    run.answers("See https://tracker.example/?who=ana and <https://evil.example|this>.");
    w.settle().await;
    assert!(
        w.final_message(&task.id)
            .visible()
            .contains("tracker.example")
    );
    for message in w.slack.ours(&w.channel()) {
        assert!(!message.unfurled, "{}", message.visible());
    }
    w.leave().await;
}

#[tokio::test]
async fn an_agent_pings_nobody() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "<!channel> wake <@U0BOB>").await;
    run.answers("<!channel> <!here> <@U0BOB> *bold* `x`");
    w.settle().await;
    for message in [w.card(&task.id), w.final_message(&task.id)] {
        let raw = format!("{:?} {:?}", message.text, message.blocks);
        for ping in ["<!channel>", "<!here>", "<@U0BOB>"] {
            assert!(!raw.contains(ping), "{ping} in {raw}");
        }
    }
    let shown = w.final_message(&task.id).visible();
    assert!(shown.contains("<!channel> <!here> <@U0BOB>"), "{shown}");
    w.leave().await;
}
