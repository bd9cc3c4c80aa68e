//! Deliveries that come twice, from somebody else, or not at all as they should.

use std::time::Duration;

use harness::World;
use nightshift_fakes::slack::Forgery;
use serde_json::json;

#[tokio::test]
async fn an_event_that_is_retried_is_one_task() {
    let w = World::new().await;
    let said = w.user("ana").dm("only once").await;
    for _ in 0..3 {
        let again = w
            .slack
            .redeliver(&said.deliveries[0])
            .await
            .expect("an event");
        assert_eq!(again.status, Some(200));
        w.settle().await;
    }
    // The last retry comes after five minutes; even after a day it is the same message.
    w.advance(Duration::from_secs(24 * 3600 - 60)).await;
    w.slack.redeliver_last().await;
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_retry_is_not_dropped_when_the_first_try_was_never_taken() {
    let w = World::new().await;
    w.server.ready.drain();
    let said = w.user("ana").dm("do not lose me").await;
    assert_eq!(said.deliveries[0].status, Some(503));
    assert_eq!(w.slack.pending().len(), 1, "it will come again");
    let w = w.restart().await;
    let retried = w.slack.retry_once().await;
    assert_eq!(retried[0].status, Some(200));
    w.settle().await;
    assert_eq!(w.task().await.description, "do not lose me");
    w.leave().await;
}

#[tokio::test]
async fn one_message_under_different_event_ids_is_one_task() {
    let w = World::new().await;
    let ana = w.user("ana");
    let event = json!({
        "type": "message", "channel_type": "im", "user": ana.id, "text": "count to ten",
        "channel": ana.dm_channel().id, "ts": "1767225600.000900", "team": "T0FAKE",
    });
    for _ in 0..11 {
        assert_eq!(w.slack.event(event.clone()).await.status, Some(200));
    }
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_recorded_call_sent_again_makes_no_second_task() {
    let w = World::new().await;
    let first = w.says("ana", "transfer the money").await;
    w.clock.advance(Duration::from_secs(299));
    let again = w.slack.replay(&first).await;
    assert_eq!(again.status, Some(200));
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 1);

    w.clock.advance(Duration::from_secs(2));
    let late = w.slack.replay(&first).await;
    assert_eq!(late.status, Some(401), "its signature is stale by now");
    w.leave().await;
}

#[tokio::test]
async fn a_recorded_click_sent_again_approves_nothing_twice() {
    let w = World::new().await;
    let task = w.asks("ana", "once, please").await;
    let click = w.user("ana").clicks(&w.card(&task.id), "Approve").await;
    w.settle().await;
    w.agent.run_of(&task.id).answers("done");
    w.settle().await;
    assert_eq!(w.slack.replay(&click).await.status, Some(200));
    w.settle().await;
    assert_eq!(w.agent.runs().len(), 1);
    assert_eq!(w.whispers("ana"), Vec::<String>::new());
    w.leave().await;
}

#[tokio::test]
async fn a_known_delivery_with_another_body_changes_nothing() {
    let w = World::new().await;
    let request = w
        .user("ana")
        .slash_request(&w.channel(), "water the plants");
    assert_eq!(w.slack.send(request.clone()).await.status, Some(200));
    w.settle().await;
    let mut other = request;
    other.payload["text"] = "burn the house".into();
    assert_eq!(w.slack.send(other).await.status, Some(200));
    w.settle().await;
    assert_eq!(w.task().await.description, "water the plants");
    w.leave().await;
}

#[tokio::test]
async fn forged_calls_are_refused_and_audited() {
    let w = World::new().await;
    let request = w.user("ana").slash_request(&w.channel(), "open the safe");
    let forgeries = [
        Forgery::WrongSecret,
        Forgery::TamperedBody,
        Forgery::Stale(301),
        Forgery::Stale(-301),
        Forgery::NoSignature,
        Forgery::NoTimestamp,
        Forgery::BadTimestamp,
        Forgery::WrongVersion,
        Forgery::EmptySignature,
    ];
    for forgery in forgeries {
        let delivery = w.slack.forge(&request, forgery).await;
        assert_eq!(delivery.status, Some(401), "{forgery:?}");
        assert!(delivery.body.contains("\"unsigned\""), "{}", delivery.body);
        assert!(!delivery.body.contains("stale"), "it says nothing else");
    }
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    assert_eq!(w.events("auth.refused").await.len(), forgeries.len());
    w.leave().await;
}

#[tokio::test]
async fn a_request_hidden_behind_a_certificate_check_does_nothing() {
    let w = World::new().await;
    let request = w.user("ana").slash_request(&w.channel(), "open the safe");
    let unsigned = w.slack.smuggle(&request).await;
    assert_eq!(unsigned.status, Some(401));
    let mut body = b"ssl_check=1&".to_vec();
    body.extend(request.body());
    let signed = w
        .slack
        .signed("application/x-www-form-urlencoded", body)
        .await;
    assert_eq!(signed.status, Some(200));
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn the_check_of_our_address_is_answered_only_when_it_is_signed() {
    let w = World::new().await;
    let (delivery, echoed) = w.slack.verify_url().await;
    assert_eq!(delivery.status, Some(200));
    assert!(echoed, "{}", delivery.body);
    let body = r#"{"type":"url_verification","challenge":"secret-word"}"#;
    let unsigned = w
        .slack
        .raw(&[("content-type", "application/json")], body)
        .await;
    assert_eq!(unsigned.status, Some(401));
    assert!(!unsigned.body.contains("secret-word"));
    w.leave().await;
}

#[tokio::test]
async fn kinds_that_we_do_not_know_are_acknowledged_and_ignored() {
    let w = World::new().await;
    for event in [
        json!({"type": "team_join", "user": {"id": "U0NEW"}}),
        json!({"type": "reaction_added", "user": "U0ANA", "item": {"type": "message"}}),
        json!({"type": "of_the_future", "shape": [1, {"deep": null}]}),
        json!({"type": "message", "subtype": "channel_topic", "user": "U0ANA", "channel_type": "im"}),
        json!({}),
    ] {
        let delivery = w.slack.event(event.clone()).await;
        assert_eq!(delivery.status, Some(200), "{event}");
    }
    for payload in [
        r#"{"type":"of_the_future"}"#,
        r#"{"type":"app_rate_limited","minute_rate_limited":1}"#,
    ] {
        let delivery = w.slack.signed("application/json", payload).await;
        assert_eq!(delivery.status, Some(200), "{payload}");
    }
    let interaction = "payload=%7B%22type%22%3A%22of_the_future%22%7D";
    let form = "application/x-www-form-urlencoded";
    let delivery = w.slack.signed(form, interaction).await;
    assert_eq!(delivery.status, Some(200));
    w.settle().await;
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_malformed_only_behind_a_right_signature() {
    let w = World::new().await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let broken: [(&str, &[u8]); 6] = [
        (json, b"{\"type\":\"event_callback\""),
        (json, b"[1, 2]"),
        (json, b"\xff\xfe"),
        (form, b"payload=%7Bbroken"),
        (form, b"neither=one"),
        (form, b"command=%ff%fe\xff"),
    ];
    for (kind, body) in broken {
        let signed = w.slack.signed(kind, body).await;
        assert_eq!(
            signed.status,
            Some(400),
            "{}",
            String::from_utf8_lossy(body)
        );
        assert!(signed.body.contains("\"malformed\""), "{}", signed.body);
        let unsigned = w.slack.raw(&[("content-type", kind)], body).await;
        assert_eq!(
            unsigned.status,
            Some(401),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    w.leave().await;
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_anything_else() {
    let w = World::new().await;
    let limit = 1 << 20;
    let fits = w.slack.signed("application/json", padded(limit)).await;
    assert_eq!(fits.status, Some(200));
    let signed = w.slack.signed("application/json", padded(limit + 1)).await;
    assert_eq!(signed.status, Some(413));
    assert!(signed.body.contains("\"too_large\""), "{}", signed.body);
    w.leave().await;
}

#[tokio::test]
async fn our_own_words_other_bots_and_edits_start_nothing() {
    let w = World::new().await;
    // The workspace tells us of every post and edit of ours.
    let (task, run) = w.starts("ana", "say hello").await;
    run.answers("hello");
    w.settle().await;
    w.slack.quiet(Duration::from_secs(5)).await.expect("echoes");
    w.slack
        .other_bot_says(&w.channel(), "<@U0NIGHTSHIFT> do it")
        .await;
    let dm = w.user("ana").dm_channel().id;
    for event in [
        json!({"type": "message", "subtype": "message_changed", "channel": dm, "channel_type": "im",
               "ts": "1767225601.000001", "message": {"type": "message", "user": "U0ANA", "text": "again"}}),
        json!({"type": "message", "channel": dm, "channel_type": "im", "user": "U0ANA", "text": "again",
               "ts": "1767225601.000002", "edited": {"user": "U0ANA", "ts": "1767225602.000000"}}),
        json!({"type": "app_mention", "channel": "C0RESEARCH", "user": "U0BOT", "bot_id": "B1",
               "text": "<@U0NIGHTSHIFT> again", "ts": "1767225601.000003"}),
        json!({"type": "message", "channel": dm, "channel_type": "im", "user": "U0NIGHTSHIFT",
               "text": "again", "ts": "1767225601.000004"}),
    ] {
        assert_eq!(w.slack.event(event).await.status, Some(200));
    }
    w.settle().await;
    assert_eq!(w.task().await.id, task.id);
    w.leave().await;
}

#[tokio::test]
async fn an_interaction_without_a_team_is_acknowledged_and_never_a_crash() {
    let w = World::new().await;
    let task = w.asks("ana", "mind the team").await;
    let card = w.card(&task.id);
    w.slack.interactions_without_team(true);
    let delivery = w.user("bob").clicks(&card, "Approve").await;
    assert_eq!(delivery.status, Some(200));
    w.settle().await;
    assert_eq!(
        w.state(&task.id).await,
        "staged",
        "bob may not, with or without a team"
    );
    w.leave().await;
}

fn padded(length: usize) -> Vec<u8> {
    let mut body = br#"{"type":"of_the_future"}"#.to_vec();
    body.resize(length, b' ');
    body
}
