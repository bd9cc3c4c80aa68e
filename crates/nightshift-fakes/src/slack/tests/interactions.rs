//! Buttons, modals, triggers and response URLs.

use serde_json::{Value, json};

use super::app::{World, card, world};
use crate::slack::{Message, Modal};

async fn carded(world: &World) -> Message {
    let ts = world.post_card().await;
    let general = world.slack.channel("general");
    world.slack.message(&general, &ts).unwrap()
}

fn payload(world: &World) -> Value {
    let last = world
        .got()
        .into_iter()
        .rfind(|got| got.header("content-type").starts_with("application/x-www"));
    serde_json::from_str(&last.unwrap().field("payload")).unwrap()
}

fn view() -> Value {
    json!({
        "type": "modal",
        "title": {"type": "plain_text", "text": "Revise"},
        "submit": {"type": "plain_text", "text": "Send"},
        "private_metadata": "token",
        "blocks": [{
            "type": "input",
            "block_id": "feedback",
            "label": {"type": "plain_text", "text": "What?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }],
    })
}

#[tokio::test]
async fn a_click_carries_the_message_and_the_button() {
    let world = world().await;
    let message = carded(&world).await;
    let delivery = world.slack.user("ana").clicks(&message, "Approve").await;
    assert!(delivery.acknowledged);
    let sent = payload(&world);
    assert_eq!(sent["type"], "block_actions");
    assert_eq!(sent["actions"][0]["action_id"], "a1");
    assert_eq!(sent["actions"][0]["value"], "value of a1");
    assert_eq!(sent["container"]["message_ts"], message.ts.as_str());
    assert_eq!(sent["message"]["ts"], message.ts.as_str());
    assert_eq!(sent["user"]["id"], "U0ANA");
    assert_eq!(sent["team"]["id"], "T0FAKE");
}

#[tokio::test]
async fn a_button_that_is_gone_can_only_be_pressed_on_an_old_screen() {
    let world = world().await;
    let message = carded(&world).await;
    world
        .call(
            "chat.update",
            json!({"channel": message.channel, "ts": message.ts, "text": "approved"}),
        )
        .await;
    let ana = world.slack.user("ana");
    assert!(ana.click_request(&message, "Approve").is_none());
    ana.clicks_as_seen(&message, "Approve").await;
    assert_eq!(payload(&world)["actions"][0]["action_id"], "a1");
}

#[tokio::test]
async fn organisation_wide_installations_send_no_team() {
    let world = world().await;
    let message = carded(&world).await;
    world.slack.interactions_without_team(true);
    world.slack.user("ana").clicks(&message, "Cancel").await;
    assert_eq!(payload(&world)["team"], Value::Null);
}

async fn open(world: &World, trigger: &str) -> Value {
    let args = json!({"trigger_id": trigger, "view": view()});
    world.call("views.open", args).await
}

#[tokio::test]
async fn a_trigger_opens_one_modal_within_three_seconds() {
    let world = world().await;
    let message = carded(&world).await;
    let ana = world.slack.user("ana");
    let first = ana.clicks(&message, "Approve").await.id;
    world.clock.advance(3000);
    assert_eq!(open(&world, &first).await["ok"], true);
    assert_eq!(open(&world, &first).await["error"], "exchanged_trigger_id");
    let second = ana.clicks(&message, "Approve").await.id;
    world.clock.advance(3001);
    assert_eq!(open(&world, &second).await["error"], "expired_trigger_id");
    assert_eq!(open(&world, "1.2.3").await["error"], "invalid_trigger_id");
}

async fn modal(world: &World) -> Modal {
    let message = carded(world).await;
    let ana = world.slack.user("ana");
    let trigger = ana.clicks(&message, "Approve").await.id;
    open(world, &trigger).await;
    world.slack.modals(&ana).remove(0)
}

#[tokio::test]
async fn a_submission_carries_the_text_and_the_metadata_and_closes_the_modal() {
    let world = world().await;
    let modal = modal(&world).await;
    let ana = world.slack.user("ana");
    ana.submits(&modal, "smaller steps").await;
    let sent = payload(&world);
    assert_eq!(sent["type"], "view_submission");
    assert_eq!(sent["view"]["private_metadata"], "token");
    let values = &sent["view"]["state"]["values"];
    assert_eq!(values["feedback"]["text"]["value"], "smaller steps");
    assert!(!world.slack.modals(&ana)[0].open);
}

#[tokio::test]
async fn a_submission_with_errors_stays_open() {
    let world = world().await;
    let modal = modal(&world).await;
    let ana = world.slack.user("ana");
    world.will_answer(&[(
        200,
        "application/json",
        r#"{"response_action":"errors","errors":{"feedback":"say more"}}"#,
    )]);
    ana.submits(&modal, "").await;
    let modal = world.slack.modals(&ana).remove(0);
    assert!(modal.open);
    assert_eq!(modal.errors["feedback"], "say more");
    assert!(world.slack.violations().is_empty());
}

#[tokio::test]
async fn a_response_url_works_five_times_for_thirty_minutes() {
    let world = world().await;
    let message = carded(&world).await;
    let ana = world.slack.user("ana");
    ana.clicks(&message, "Approve").await;
    let url = payload(&world)["response_url"].as_str().unwrap().to_owned();
    let say = async |body: &Value| {
        let media = "application/json; charset=utf-8";
        let answer = world.put(&url, media, body.to_string().as_bytes()).await;
        (answer.status.as_u16(), answer.body)
    };
    for _ in 0..5 {
        assert_eq!(say(&json!({"text": "no"})).await, (200, "ok".to_owned()));
    }
    assert_eq!(say(&json!({"text": "no"})).await.1, "used_url");
    assert_eq!(world.slack.ephemerals(&ana).len(), 5);
    world.clock.advance(30 * 60 * 1000 + 1);
    assert_eq!(say(&json!({"text": "no"})).await.1, "expired_url");
}

#[tokio::test]
async fn a_response_url_can_replace_the_message() {
    let world = world().await;
    let message = carded(&world).await;
    world.slack.user("ana").clicks(&message, "Approve").await;
    let url = payload(&world)["response_url"].as_str().unwrap().to_owned();
    let body = json!({"replace_original": true, "text": "done", "blocks": card()});
    let body = body.to_string();
    world.put(&url, "application/json", body.as_bytes()).await;
    let general = world.slack.channel("general");
    let now = world.slack.message(&general, &message.ts).unwrap();
    assert_eq!(now.text, "done");
    assert_eq!(now.history.len(), 1);
}

#[tokio::test]
async fn a_click_tells_which_thread_it_is_in() {
    let world = world().await;
    let message = carded(&world).await;
    let ana = world.slack.user("ana");
    let general = world.slack.channel("general");
    ana.clicks(&message, "Approve").await;
    assert!(payload(&world)["container"].get("thread_ts").is_none());
    ana.says_in_thread(&general, &message.ts, "hm").await;
    ana.clicks(&message, "Approve").await;
    let sent = payload(&world);
    assert_eq!(sent["container"]["thread_ts"], message.ts.as_str());
    assert_eq!(sent["message"]["thread_ts"], message.ts.as_str());
}
