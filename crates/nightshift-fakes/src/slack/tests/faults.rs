//! Faults on demand, and waiting.

use std::time::Duration;

use serde_json::json;

use super::app::{SOON, world};
use crate::slack::Fault;
use crate::wire::NoAnswer;

#[tokio::test]
async fn a_lost_answer_leaves_the_message_posted() {
    let world = world().await;
    let general = world.slack.channel("general");
    let post = json!({"channel": general.id, "text": "x"});
    world
        .slack
        .fail_next("chat.postMessage", Fault::AcceptThenDropConnection);
    let answer = world.try_call("chat.postMessage", post.clone()).await;
    assert_eq!(answer.err(), Some(NoAnswer::Connection));
    assert_eq!(world.slack.messages(&general).len(), 1);
    assert_eq!(world.call("chat.postMessage", post).await["ok"], true);
}

#[tokio::test]
async fn a_refused_call_posts_nothing() {
    let world = world().await;
    let general = world.slack.channel("general");
    let post = json!({"channel": general.id, "text": "x"});
    let faults = [
        Fault::ServerError,
        Fault::RateLimited(30),
        Fault::error("fatal_error"),
    ];
    for fault in faults {
        world.slack.fail_next("chat.postMessage", fault);
    }
    let statuses = [500, 429, 200];
    for status in statuses {
        let answer = world
            .try_call("chat.postMessage", post.clone())
            .await
            .unwrap();
        assert_eq!(answer.status, status);
        world.clock.advance(30_000);
    }
    assert!(world.slack.messages(&general).is_empty());
    assert!(world.slack.violations().is_empty());
    let outcomes: Vec<String> = world.slack.calls().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["500", "ratelimited", "fatal_error"]);
}

#[tokio::test]
async fn a_lasting_fault_ends_when_healed() {
    let world = world().await;
    world.slack.fail_always("*", Fault::DropConnection);
    for _ in 0..2 {
        assert!(world.try_call("auth.test", json!({})).await.is_err());
    }
    world.slack.heal("*");
    assert_eq!(world.call("auth.test", json!({})).await["ok"], true);
}

#[tokio::test]
async fn waiting_ends_with_the_change() {
    let world = world().await;
    let general = world.slack.channel("general");
    let wait = world
        .slack
        .wait_for("a card", SOON, |slack| slack.last_card(&general));
    let (card, _) = tokio::join!(wait, world.post_card());
    assert_eq!(
        card.unwrap().button_labels(),
        ["Approve & Execute", "Cancel"]
    );
    let never = Duration::from_millis(20);
    let unmet = world
        .slack
        .wait_for("a miracle", never, |_| None::<()>)
        .await;
    assert_eq!(unmet.unwrap_err().to_string(), "not within 20ms: a miracle");
}

#[tokio::test]
async fn uploads_can_fail_too() {
    let world = world().await;
    let args = [("filename", "a.txt"), ("length", "2")];
    let ticket = world.form("files.getUploadURLExternal", &args).await;
    let url = ticket["upload_url"].as_str().unwrap();
    world.slack.fail_next("upload", Fault::ServerError);
    let first = world.put(url, "application/octet-stream", b"hi").await;
    let second = world.put(url, "application/octet-stream", b"hi").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (500, 200));
}
