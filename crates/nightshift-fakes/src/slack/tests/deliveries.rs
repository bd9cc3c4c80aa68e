//! Signatures, acknowledgements, retries, and what the app hears.

use std::time::Duration;

use serde_json::json;

use super::app::{SOON, card, world, world_with};
use crate::slack::{Forgery, signature};

#[test]
fn signatures_are_those_that_slack_publishes() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015\
        .47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(
        signature(
            "8f742231b10e8888abcd99yyyzzz85a5",
            "1531420618",
            body.as_bytes()
        ),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

#[tokio::test]
async fn a_command_arrives_signed_as_a_form() {
    let world = world().await;
    let general = world.slack.channel("general");
    let delivery = world.slack.user("ana").slash(&general, "a < b").await;
    assert!(delivery.acknowledged);
    let got = &world.got()[0];
    assert!(world.is_signed(got));
    assert_eq!(got.field("command"), "/nightshift");
    assert_eq!(got.field("text"), "a &lt; b");
    assert_eq!(got.field("user_id"), "U0ANA");
    assert_eq!(got.field("channel_id"), general.id);
}

#[tokio::test]
async fn the_answer_to_a_command_is_seen_by_who_typed_it() {
    let world = world().await;
    let (ana, ben) = (world.slack.user("ana"), world.slack.user("ben"));
    world.will_answer(&[(200, "application/json", r#"{"text":"no such task"}"#)]);
    ana.slash(&world.slack.channel("general"), "status x").await;
    let seen = world.slack.ephemerals(&ana);
    assert_eq!(seen[0].visible(), "no such task");
    assert!(world.slack.ephemerals(&ben).is_empty());
}

#[tokio::test]
async fn a_mention_is_told_twice_with_different_event_ids() {
    let world = world().await;
    let general = world.slack.channel("general");
    let said = world.slack.user("ana").mentions(&general, "hello").await;
    assert!(said.acknowledged());
    let mut kinds: Vec<String> = world
        .got()
        .iter()
        .map(|got| got.json()["event"]["type"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["app_mention", "message"]);
    assert_ne!(said.deliveries[0].id, said.deliveries[1].id);
    assert_eq!(world.got()[0].json()["event"]["ts"], said.ts.as_str());
    assert_eq!(
        world.got()[0].json()["event"]["text"],
        "<@U0NIGHTSHIFT> hello"
    );
}

#[tokio::test]
async fn a_direct_message_is_never_an_app_mention() {
    let world = world().await;
    world.slack.user("ana").dm("hello").await;
    let got = world.got();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].json()["event"]["channel_type"], "im");
}

#[tokio::test]
async fn a_bot_that_is_not_there_hears_nothing() {
    let world = world().await;
    let secret = world.slack.private_without_bot("secret");
    let said = world.slack.user("ana").mentions(&secret, "hello").await;
    assert!(said.deliveries.is_empty() && !said.acknowledged());
}

#[tokio::test]
async fn an_event_is_retried_three_times_with_the_same_id_and_a_fresh_signature() {
    let world = world().await;
    world.will_answer(&[(500, "text/plain", ""); 4]);
    let said = world.slack.user("ana").dm("hello").await;
    assert_eq!(said.deliveries[0].failure, Some("http_error"));
    world.clock.advance(60_000);
    let retries = world.slack.retry_pending().await;
    assert_eq!(retries.len(), 3);
    assert_eq!(world.slack.lost().len(), 1);
    let got = world.got();
    assert_eq!(got[3].header("x-slack-retry-num"), "3");
    assert_eq!(got[3].header("x-slack-retry-reason"), "http_error");
    assert_eq!(got[0].header("x-slack-retry-num"), "");
    assert_eq!(got[0].body, got[3].body);
    assert_ne!(
        got[0].header("x-slack-request-timestamp"),
        got[3].header("x-slack-request-timestamp")
    );
    assert!(got.iter().all(|got| world.is_signed(got)));
}

#[tokio::test]
async fn retries_end_with_the_first_acknowledgement() {
    let world = world().await;
    world.will_answer(&[(503, "text/plain", ""), (200, "text/plain", "")]);
    world.slack.user("ana").dm("hello").await;
    assert_eq!(world.slack.pending().len(), 1);
    assert_eq!(world.slack.retry_pending().await.len(), 1);
    assert!(world.slack.pending().is_empty() && world.slack.lost().is_empty());
}

#[tokio::test]
async fn a_late_answer_is_no_acknowledgement() {
    let world = world_with(|setup| setup.ack_deadline = Duration::from_millis(50)).await;
    world.will_answer(&[(200, "never", "")]);
    let said = world.slack.user("ana").dm("hello").await;
    assert!(!said.acknowledged());
    assert_eq!(said.deliveries[0].failure, Some("http_timeout"));
}

#[tokio::test]
async fn commands_are_not_retried() {
    let world = world().await;
    world.will_answer(&[(500, "text/plain", "")]);
    let general = world.slack.channel("general");
    let delivery = world.slack.user("ana").slash(&general, "x").await;
    assert_eq!(delivery.status, Some(500));
    assert!(world.slack.retry_pending().await.is_empty());
}

#[tokio::test]
async fn an_app_that_is_down_gets_the_event_later() {
    let world = world().await;
    world.slack.connect("http://127.0.0.1:1/nobody");
    let said = world.slack.user("ana").dm("hello").await;
    assert_eq!(said.deliveries[0].failure, Some("connection_failed"));
    assert_eq!(world.slack.pending().len(), 1);
}

#[tokio::test]
async fn forged_calls_do_not_verify() {
    let world = world().await;
    let general = world.slack.channel("general");
    let request = world.slack.user("ana").slash_request(&general, "x");
    for forgery in [
        Forgery::WrongSecret,
        Forgery::TamperedBody,
        Forgery::NoSignature,
        Forgery::WrongVersion,
        Forgery::EmptySignature,
    ] {
        world.forget();
        world.slack.forge(&request, forgery).await;
        assert!(!world.is_signed(&world.got()[0]), "{forgery:?}");
    }
    world.forget();
    world.slack.forge(&request, Forgery::Stale(301)).await;
    let stale = world.got().remove(0);
    assert!(world.is_signed(&stale));
    assert_eq!(stale.header("x-slack-request-timestamp"), "1699999699");
}

#[tokio::test]
async fn a_replay_is_the_same_bytes_and_a_redelivery_is_signed_anew() {
    let world = world().await;
    let general = world.slack.channel("general");
    let delivery = world.slack.user("ana").slash(&general, "x").await;
    world.clock.advance(5000);
    world.slack.replay(&delivery).await;
    world.slack.redeliver(&delivery).await.unwrap();
    let got = world.got();
    let at = |n: usize| got[n].header("x-slack-request-timestamp");
    assert_eq!(at(0), at(1));
    assert_ne!(at(0), at(2));
    assert_eq!(got[0].body, got[2].body);
}

#[tokio::test]
async fn smuggled_calls_carry_ssl_check_and_no_signature() {
    let world = world().await;
    let general = world.slack.channel("general");
    let request = world.slack.user("eve").slash_request(&general, "rm");
    world.slack.smuggle(&request).await;
    let got = world.got().remove(0);
    assert_eq!(got.field("ssl_check"), "1");
    assert_eq!(got.field("text"), "rm");
    assert_eq!(got.header("x-slack-signature"), "");
}

#[tokio::test]
async fn the_challenge_has_to_come_back() {
    let world = world().await;
    assert!(!world.slack.verify_url().await.1);
    world.will_answer(&[(200, "text/plain", "challenge-2")]);
    let (delivery, echoed) = world.slack.verify_url().await;
    assert!(echoed, "{}", delivery.body);
}

#[tokio::test]
async fn the_app_hears_of_its_own_posts_and_edits() {
    let world = world().await;
    let ts = world.post_card().await;
    let general = world.slack.channel("general");
    world
        .call(
            "chat.update",
            json!({"channel": general.id, "ts": ts, "text": "B", "blocks": card()}),
        )
        .await;
    world.slack.quiet(SOON).await.unwrap();
    let got = world.got();
    let posted = got.iter().map(super::app::Got::json).find(|event| {
        event["event"]["bot_id"] == "B0NIGHTSHIFT" && event["event"].get("subtype").is_none()
    });
    assert!(posted.is_some());
    let edited = got
        .iter()
        .map(super::app::Got::json)
        .find(|event| event["event"]["subtype"] == "message_changed")
        .unwrap();
    assert_eq!(edited["event"]["message"]["text"], "B");
    assert_eq!(edited["event"]["previous_message"]["text"], "A plan");
}

#[tokio::test]
async fn people_of_another_organisation_are_marked() {
    let world = world().await;
    let general = world.slack.channel("general");
    let eve = world.slack.foreign_user("eve");
    eve.mentions(&general, "hello").await;
    eve.slash(&general, "x").await;
    let got = world.got();
    assert_eq!(got[0].json()["event"]["user_team"], "T0FOREIGN");
    assert_eq!(got[0].json()["is_ext_shared_channel"], true);
    assert_eq!(got[2].field("team_id"), "T0FOREIGN");
}

#[tokio::test]
async fn other_bots_are_heard_as_bots() {
    let world = world().await;
    let general = world.slack.channel("general");
    world.slack.other_bot_says(&general, "beep").await;
    let got = world.got().remove(0).json();
    assert_eq!(got["event"]["bot_id"], "B0OTHERBOT");
}
