//! The built-in page is a platform like the others.

use harness::{Page, Shown, World};
use serde_json::json;

const BUTTONS: [&str; 4] = ["✓ Approve & Execute", "Revise", "Details", "✕ Cancel"];

async fn last_with(page: &Page, words: &str) -> Shown {
    let seen = page.sees().await;
    let found = seen
        .iter()
        .rev()
        .find(|message| message.text().contains(words));
    found
        .unwrap_or_else(|| panic!("nobody says {words:?}: {seen:#?}"))
        .clone()
}

#[tokio::test]
async fn a_request_on_the_page_is_planned_approved_run_and_answered_in_its_thread() {
    let w = World::new().await;
    let page = w.visitor().await;
    w.types(&page, "message-1", "/nightshift count the stars")
        .await;
    let card = page.card().await;
    assert_eq!(card.labels(), BUTTONS);
    assert!(card.text().contains("Estimated Tokens: ~") && card.text().contains('$'));

    w.pushes(&page, &card, "Approve").await;
    let run = w.agent.runs().pop().expect("a run");
    assert_eq!(run.job.prompt, "count the stars");
    run.writes("stars.txt", b"7");
    run.answers("Seven stars.");
    w.settle().await;

    let answer = last_with(&page, "Seven stars.").await;
    assert_ne!(answer.id(), card.id(), "the answer is apart from the card");
    assert_eq!(answer.thread(), card.thread());
    let file = last_with(&page, "stars.txt").await;
    assert_eq!(file.thread(), card.thread());
    let path = format!("/playground/files/{}", file.id());
    let download = page.answer(page.request("GET", &path)).await;
    assert_eq!(download.body, b"7");
    let card = last_with(&page, "Approved by").await;
    assert!(card.labels().is_empty());
    assert!(w.slack.ours(&w.channel()).is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_running_task_is_cancelled_on_the_page() {
    let w = World::new().await;
    let page = w.visitor().await;
    w.types(&page, "message-1", "sleep 600").await;
    w.pushes(&page, &page.card().await, "Approve").await;
    w.pushes(&page, &page.card().await, "Cancel").await;
    let task = w.task().await;
    assert!(w.reason(&task.id).await.starts_with("cancelled_by"));
    last_with(&page, "0 of 14 processes left").await;
    w.leave().await;
}

#[tokio::test]
async fn revise_asks_a_question_and_the_reply_is_the_feedback() {
    let w = World::new().await;
    let page = w.visitor().await;
    w.types(&page, "message-1", "paint it red").await;
    let old = page.card().await;
    w.pushes(&page, &old, "Revise").await;
    last_with(&page, "What should be different").await;
    let answer = page
        .send("message-2", "paint it blue", Some(old.thread()))
        .await;
    assert_eq!(answer.status, 200);
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 1, "the reply is no task");
    let new = page.card().await;
    assert_ne!(new.id(), old.id());

    w.pushes(&page, &old, "Approve").await;
    assert!(w.agent.runs().is_empty(), "the old card approves nothing");
    last_with(&page, "it was superseded by a newer plan").await;
    w.pushes(&page, &new, "Approve").await;
    let run = w.agent.runs().pop().expect("a run");
    assert!(run.job.prompt.contains("paint it blue"));
    w.leave().await;
}

#[tokio::test]
async fn another_visitor_sees_the_card_but_does_not_decide() {
    let w = World::new().await;
    let (page, other) = (w.visitor().await, w.visitor().await);
    assert_ne!(page.person, other.person);
    w.types(&page, "message-1", "buy a boat").await;
    let card = other.card().await;
    w.pushes(&other, &card, "Approve").await;
    assert!(w.agent.runs().is_empty());
    assert!(
        last_with(&other, "You may not approve this plan")
            .await
            .is_private()
    );
    let seen = page.sees().await;
    assert!(
        !seen
            .iter()
            .any(|message| message.text().contains("You may not"))
    );
    assert_eq!(w.events("auth.refused").await.len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn words_that_are_sent_again_are_one_task() {
    let w = World::new().await;
    let page = w.visitor().await;
    for _ in 0..3 {
        w.types(&page, "message-1", "only once").await;
    }
    assert_eq!(w.tasks().await.len(), 1);
    let other = page.send("message-1", "something else", None).await;
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency"));
    w.leave().await;
}

#[tokio::test]
async fn the_page_is_as_it_was_after_a_crash() {
    let w = World::new().await;
    let page = w.visitor().await;
    w.types(&page, "message-1", "count the stars").await;
    let before: Vec<String> = page.sees().await.iter().map(|m| m.0.to_string()).collect();
    let w = w.restart().await;
    let page = page.at(&w);
    w.settle().await;
    let after: Vec<String> = page.sees().await.iter().map(|m| m.0.to_string()).collect();
    assert_eq!(after, before);
    w.pushes(&page, &page.card().await, "Approve").await;
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn nobody_else_can_speak_for_a_browser() {
    let w = World::new().await;
    let page = w.visitor().await;
    let body = json!({"kind": "say", "id": "message-1", "text": "open the safe"});
    // Another site makes the browser send this: the cookie goes along, the token does not.
    let forged = page.request("POST", "/playground/messages").json(&body);
    let answer = page.answer(forged).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    let elsewhere = page.request("POST", "/playground/messages").json(&body);
    let elsewhere = elsewhere.header("origin", "http://evil.example");
    assert_eq!(page.answer(elsewhere).await.status, 403);
    let rebound = page.request("POST", "/playground/session").json(&json!({}));
    let rebound = rebound.header("host", "evil.example");
    assert!(page.answer(rebound).await.status >= 400);
    let nobody = w.nobody().post("/playground/messages", body).await;
    assert!(matches!(nobody.status, 401 | 403), "{}", nobody.status);
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}
