//! Revise asks a question; the reply changes the plan, and the old card decides nothing.

use super::stage::{APPROVE, Demo};

#[tokio::test]
async fn the_reply_to_the_question_makes_a_new_plan_and_the_old_card_decides_nothing() {
    let demo = Demo::start().await;
    let ana = demo.visitor().await;
    ana.says("lines 2").await;
    let old = ana.plan().await;
    let old_click = ana.action(&old, APPROVE).await;

    ana.presses(&old, "Revise").await;
    ana.sees("the question", |message| {
        message.from == "nightshift" && message.text.starts_with("What should be different")
    })
    .await;
    // The box answers in the thread by itself.
    ana.reads("#replying", "Replying to").await;
    ana.says("lines 5 please").await;
    let superseded = ana.card("↻ Superseded").await;
    assert_eq!(superseded.id, old.id);
    assert!(superseded.buttons.is_empty(), "{superseded:?}");
    let new = ana.plan().await;
    assert_ne!(new.id, old.id);
    assert_eq!(
        (new.thread.as_str(), new.task()),
        (&*old.thread, old.task())
    );

    assert_eq!(ana.replays(&old_click, &old).await, 200);
    ana.sees("that the card is outdated", |message| {
        message.private && message.text.contains("it was superseded by a newer plan")
    })
    .await;
    assert_eq!(demo.task(&new.task()).await["status"], "staged");

    ana.presses(&new, APPROVE).await;
    let answer = ana.card("✅ Task completed").await;
    assert!(answer.text.contains("line 5 of 5"), "{}", answer.text);
    assert_eq!(demo.starts().await, 1);
}
