//! The first minutes: ask, read the plan, approve, watch, cancel, get a file.

use harness::browser::{ENTER, TAB};
use harness::process::{eventually, processes_of, until_gone};
use serde_json::json;

use super::stage::{APPROVE, Demo, Seat};

#[tokio::test]
async fn a_plan_is_approved_by_keyboard_alone_and_its_answer_is_read() {
    let demo = Demo::start().await;
    let ana = demo.visitor().await;
    ana.says("/nightshift run disk").await;
    let plan = ana.plan().await;
    for part in ["free space", "df -h /", "$", "Network", "Expires at"] {
        assert!(plan.text.contains(part), "{part}: {}", plan.text);
    }
    assert_eq!(
        plan.buttons,
        [APPROVE, "Revise", "Details", "✕ Cancel"],
        "{plan:?}"
    );
    assert_eq!(demo.starts().await, 0, "nothing runs unapproved");

    eventually("Tab leads to the button", async || {
        ana.browser.keys(TAB).await;
        (ana.browser.focused().await == APPROVE).then_some(())
    })
    .await;
    ana.browser.keys(ENTER).await;

    let answer = ana.card("✅ Task completed").await;
    assert!(answer.text.contains("Mounted on"), "{}", answer.text);
    let card = ana.card("✅ Completed").await;
    assert_ne!(card.id, answer.id, "the answer is apart from the card");
    assert_eq!(card.id, plan.id, "the card is kept up to date");
    assert_eq!(card.thread, answer.thread);
    assert!(card.buttons.is_empty(), "{card:?}");
    assert!(card.text.contains("✓ Approved by "), "{}", card.text);
    assert_eq!(demo.starts().await, 1);
}

#[tokio::test]
async fn a_running_task_is_watched_and_cancelled() {
    let demo = Demo::start().await;
    let ana = demo.visitor().await;
    ana.says("sleep 60 and then say hello").await;
    let plan = ana.plan().await;
    ana.presses(&plan, APPROVE).await;
    let running = ana
        .sees("output while it runs", |message| {
            message.title.starts_with("▶ Running") && message.output.contains("I read a request")
        })
        .await;
    let processes = processes_of(&running.task());
    assert!(!processes.is_empty(), "the agent is at work");
    ana.presses(&running, "✕ Cancel").await;
    let card = ana.card("✕ Cancelled").await;
    assert_eq!(card.id, plan.id);
    assert!(card.buttons.is_empty(), "{card:?}");
    until_gone(&processes).await;
    assert!(processes_of(&card.task()).is_empty());
    assert_eq!(demo.task(&card.task()).await["status"], "cancelled");
}

#[tokio::test]
async fn output_is_live_and_a_file_can_be_had() {
    let demo = Demo::start().await;
    // Too low for the card and its output at once.
    let ana = Seat::sized(&demo.server.url, 1200, 600).await;
    let request = "write hello.txt lines 30 and then sleep 3";
    ana.says(request).await;
    let plan = ana.plan().await;
    ana.presses(&plan, APPROVE).await;
    ana.sees("all lines while it runs", |message| {
        message.title.starts_with("▶ Running")
            && message.output.contains("line 1 of 30\n")
            && message.output.contains("line 30 of 30\n")
            && !message.output.contains("Done.")
    })
    .await;
    eventually("the end of the output is in sight", async || {
        let script = "
            const box = document.querySelector('.output').getBoundingClientRect();
            const main = document.querySelector('main').getBoundingClientRect();
            // The answer, which would bring it there, has not come.
            const alone = document.querySelectorAll('h3').length === 1;
            return alone && box.height > 0 && box.bottom <= main.bottom;";
        let seen = ana.browser.script(script, json!([])).await;
        (seen == true).then_some(())
    })
    .await;
    let answer = ana.card("✅ Task completed").await;
    let file = ana.sees("the file", |message| message.file.is_some()).await;
    assert_eq!(file.file.as_deref(), Some("hello.txt"));
    assert_eq!(file.thread, answer.thread);
    ana.presses(&file, "hello.txt").await;
    let bytes = ana.browser.downloaded("hello.txt").await;
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.starts_with("Written for this request:"), "{text}");
    assert!(text.contains(request), "{text}");
}
