//! The Web API: tokens, arguments, pace, messages.

use axum::http::Method;
use serde_json::json;

use super::app::{SOON, card, world, world_with};
use crate::slack::Pace;
use crate::wire;

#[tokio::test]
async fn a_wrong_token_is_refused_with_http_200() {
    let world = world().await;
    let answer = world.form_as("xoxb-other", "auth.test", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("invalid_auth"));
    let url = format!("{}/auth.test", world.slack.api_url());
    let bare = wire::call(Method::POST, &url, &[], vec![], SOON)
        .await
        .unwrap();
    assert!(bare.body.contains("not_authed"));
}

#[tokio::test]
async fn a_revoked_token_may_only_probe() {
    let world = world().await;
    let general = world.slack.channel("general");
    world.slack.revoke_token();
    let post = json!({"channel": general.id, "text": "x"});
    let answer = world.call("chat.postMessage", post.clone()).await;
    assert_eq!(answer["error"], "token_revoked");
    world.call("auth.test", json!({})).await;
    assert!(world.slack.violations().is_empty());
    world.call("chat.postMessage", post).await;
    assert_eq!(
        world.slack.violations(),
        ["chat.postMessage called with a token known as dead"]
    );
}

#[tokio::test]
async fn auth_test_tells_who_we_are() {
    let world = world().await;
    let answer = world.call("auth.test", json!({})).await;
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["user_id"], world.slack.bot_user());
    assert_eq!(answer["bot_id"], world.slack.bot_id());
    assert_eq!(answer["team_id"], "T0FAKE");
}

#[tokio::test]
async fn unknown_arguments_and_a_missing_charset_are_breaches() {
    let world = world().await;
    let general = world.slack.channel("general");
    let url = format!("{}/chat.postMessage", world.slack.api_url());
    let token = format!("Bearer {}", world.slack.setup().bot_token);
    let headers = [
        ("authorization".to_owned(), token),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let body = json!({"channel": general.id, "text": "x", "colour": "red"}).to_string();
    let answer = wire::call(Method::POST, &url, &headers, body.into_bytes(), SOON)
        .await
        .unwrap();
    assert!(answer.body.contains("missing_charset"));
    assert_eq!(
        world.slack.violations(),
        [
            "chat.postMessage: JSON without charset=utf-8",
            "chat.postMessage: unknown argument colour"
        ]
    );
}

#[tokio::test]
async fn a_channel_takes_about_one_message_a_second() {
    let world = world_with(|setup| {
        setup.pace = Pace {
            post_burst: 2,
            ..Pace::default()
        };
    })
    .await;
    let general = world.slack.channel("general");
    let other = world.slack.channel("other");
    let post = |id: &str| json!({"channel": id, "text": "x"});
    for _ in 0..2 {
        assert_eq!(
            world.call("chat.postMessage", post(&general.id)).await["ok"],
            true
        );
    }
    let refused = world
        .try_call("chat.postMessage", post(&general.id))
        .await
        .unwrap();
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(
        world.call("chat.postMessage", post(&other.id)).await["ok"],
        true
    );
    world.clock.advance(1000);
    assert_eq!(
        world.call("chat.postMessage", post(&general.id)).await["ok"],
        true
    );
    assert!(world.slack.violations().is_empty());
}

#[tokio::test]
async fn not_waiting_after_a_429_is_a_breach() {
    let world = world().await;
    let general = world.slack.channel("general");
    let post = json!({"channel": general.id, "text": "x"});
    for _ in 0..7 {
        world
            .try_call("chat.postMessage", post.clone())
            .await
            .unwrap();
    }
    assert_eq!(
        world.slack.violations(),
        ["chat.postMessage called again before Retry-After was over"]
    );
}

#[tokio::test]
async fn edits_are_limited_to_fifty_a_minute() {
    let world = world().await;
    let ts = world.post_card().await;
    let general = world.slack.channel("general");
    let edit = json!({"channel": general.id, "ts": ts, "text": "B"});
    for _ in 0..50 {
        assert_eq!(world.call("chat.update", edit.clone()).await["ok"], true);
    }
    let refused = world.try_call("chat.update", edit.clone()).await.unwrap();
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "60");
    world.clock.advance(60_000);
    assert_eq!(world.call("chat.update", edit).await["ok"], true);
}

#[tokio::test]
async fn an_edit_replaces_text_and_blocks_and_keeps_metadata() {
    let world = world().await;
    let ts = world.post_card().await;
    let general = world.slack.channel("general");
    world
        .call(
            "chat.update",
            json!({"channel": general.id, "ts": ts, "text": "done"}),
        )
        .await;
    let message = world.slack.message(&general, &ts).unwrap();
    assert_eq!(message.visible(), "done");
    assert!(message.button_labels().is_empty());
    assert_eq!(message.history[0].text, "A plan");
    assert_eq!(message.metadata.unwrap()["event_payload"]["key"], "k1");
}

#[tokio::test]
async fn an_edit_over_4000_characters_is_refused() {
    let world = world().await;
    let ts = world.post_card().await;
    let id = world.slack.channel("general").id;
    let edit = |length: usize| json!({"channel": id, "ts": ts, "text": "x".repeat(length)});
    assert_eq!(world.call("chat.update", edit(4000)).await["ok"], true);
    let refused = world.call("chat.update", edit(4001)).await;
    assert_eq!(refused["error"], "msg_too_long");
}

#[tokio::test]
async fn only_own_messages_can_be_edited_or_deleted() {
    let world = world().await;
    let general = world.slack.channel("general");
    let said = world.slack.user("ana").says(&general, "mine").await;
    let theirs = json!({"channel": general.id, "ts": said.ts, "text": "x"});
    let refused = world.call("chat.update", theirs).await;
    assert_eq!(refused["error"], "cant_update_message");
    let theirs = json!({"channel": general.id, "ts": said.ts});
    let refused = world.call("chat.delete", theirs.clone()).await;
    assert_eq!(refused["error"], "cant_delete_message");
    let nothing = json!({"channel": general.id, "ts": "1.1", "text": "x"});
    let refused = world.call("chat.update", nothing).await;
    assert_eq!(refused["error"], "message_not_found");
}

#[tokio::test]
async fn where_the_bot_may_not_speak_it_is_told_so() {
    let world = world().await;
    let ana = world.slack.user("ana");
    let archived = world.slack.channel("old");
    world.slack.archive(&archived);
    let cases = [
        ("C0NOWHERE".to_owned(), "channel_not_found"),
        (
            world.slack.private_without_bot("secret").id,
            "channel_not_found",
        ),
        (world.slack.public_without_bot("far").id, "not_in_channel"),
        (archived.id, "is_archived"),
    ];
    for (channel, error) in cases {
        let post = json!({"channel": channel, "text": "x"});
        assert_eq!(world.call("chat.postMessage", post).await["error"], error);
    }
    let direct = json!({"channel": ana.id, "text": "x"});
    let posted = world.call("chat.postMessage", direct).await;
    assert_eq!(posted["channel"], ana.dm_channel().id);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let world = world().await;
    world.slack.remove_scope("chat:write");
    let general = world.slack.channel("general");
    let refused = world
        .call(
            "chat.postMessage",
            json!({"channel": general.id, "text": "x"}),
        )
        .await;
    assert_eq!(refused["error"], "missing_scope");
    assert_eq!(refused["needed"], "chat:write");
}

#[tokio::test]
async fn replies_go_into_a_thread_that_exists() {
    let world = world().await;
    let general = world.slack.channel("general");
    let ts = world.post_card().await;
    let reply = json!({"channel": general.id, "text": "r", "thread_ts": ts});
    let posted = world.call("chat.postMessage", reply).await;
    assert_eq!(world.slack.thread(&general, &ts).len(), 2);
    let nowhere = json!({"channel": general.id, "text": "r", "thread_ts": "1.1"});
    let refused = world.call("chat.postMessage", nowhere).await;
    assert_eq!(refused["error"], "thread_not_found");
    let nested = json!({"channel": general.id, "text": "r", "thread_ts": posted["ts"]});
    world.call("chat.postMessage", nested).await;
    assert_eq!(
        world.slack.take_violations(),
        ["thread_ts is a reply's ts instead of its parent's"]
    );
}

#[tokio::test]
async fn metadata_comes_back_when_asked_for() {
    let world = world().await;
    let general = world.slack.channel("general");
    let ts = world.post_card().await;
    let asked = [
        ("channel", general.id.as_str()),
        ("ts", &ts),
        ("include_all_metadata", "true"),
    ];
    let found = world.form("conversations.replies", &asked).await;
    let metadata = &found["messages"][0]["metadata"];
    assert_eq!(metadata["event_payload"]["key"], "k1");
    let found = world.form("conversations.replies", &asked[..2]).await;
    assert!(found["messages"][0].get("metadata").is_none());
    let found = world
        .form("conversations.history", &[asked[0], asked[2]])
        .await;
    assert_eq!(found["messages"][0]["ts"], ts.as_str());
}

#[tokio::test]
async fn history_comes_in_pages() {
    let world = world().await;
    let general = world.slack.channel("general");
    for text in ["one", "two", "three"] {
        let post = json!({"channel": general.id, "text": text});
        world.call("chat.postMessage", post).await;
    }
    let args = json!({"channel": general.id, "limit": 2});
    let first = world.call("conversations.history", args).await;
    assert_eq!(first["messages"][0]["text"], "three");
    assert_eq!(first["has_more"], true);
    let cursor = &first["response_metadata"]["next_cursor"];
    let args = json!({"channel": general.id, "limit": 2, "cursor": cursor});
    let second = world.call("conversations.history", args).await;
    assert_eq!(second["messages"][0]["text"], "one");
    assert_eq!(second["has_more"], false);
}

#[tokio::test]
async fn an_ephemeral_message_is_for_one_person() {
    let world = world().await;
    let ana = world.slack.user("ana");
    let general = world.slack.channel("general");
    let whisper = json!({"channel": general.id, "user": ana.id, "text": "psst"});
    let answer = world.call("chat.postEphemeral", whisper).await;
    assert_eq!(world.slack.ephemerals(&ana)[0].text, "psst");
    assert!(world.slack.messages(&general).is_empty());
    let edit = json!({"channel": general.id, "ts": answer["message_ts"], "text": "x"});
    let refused = world.call("chat.update", edit).await;
    assert_eq!(refused["error"], "message_not_found");
}

#[tokio::test]
async fn markup_that_pings_or_leaks_is_a_breach() {
    let world = world().await;
    let general = world.slack.channel("general");
    let post = json!({"channel": general.id, "text": "<!channel> a & b <script> <@U0ANA>"});
    world.call("chat.postMessage", post).await;
    let found = world.slack.take_violations();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].contains("pings many people"));
    let post = json!({"channel": general.id, "text": "> a &amp; b <@U0ANA> <https://x.y|z>",
        "blocks": card()});
    world.call("chat.postMessage", post).await;
    assert!(world.slack.violations().is_empty());
}

#[tokio::test]
async fn a_second_reaction_is_already_there() {
    let world = world().await;
    let general = world.slack.channel("general");
    let ts = world.post_card().await;
    let react = json!({"channel": general.id, "timestamp": ts, "name": "eyes"});
    assert_eq!(world.call("reactions.add", react.clone()).await["ok"], true);
    let again = world.call("reactions.add", react).await;
    assert_eq!(again["error"], "already_reacted");
}
