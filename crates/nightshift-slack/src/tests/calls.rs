use std::time::Duration;

use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::{Conversation, Identity, MessageRef};
use nightshift_core::error::Retry;
use nightshift_core::id::{ActionToken, Platform};
use nightshift_core::port::{ChatError, ChatKind, Marker};
use serde_json::json;

use super::contracts::check_arguments;
use super::fake::{Call, Fake, Reply, json, silence, text, with_header};
use super::*;

fn channel(thread: Option<&str>) -> Conversation {
    Conversation {
        platform: Platform::new("slack"),
        workspace: "T1".into(),
        channel: "C1".into(),
        thread: thread.map(Into::into),
    }
}

fn marker(unsure: bool) -> Marker {
    Marker {
        key: "msg_1".into(),
        unsure,
    }
}

fn ana() -> Identity {
    Identity {
        platform: Platform::new("slack"),
        id: "U1".into(),
    }
}

fn posted() -> Reply {
    json(json!({"ok": true, "channel": "C1", "ts": "2.1", "message": {}}))
}

async fn post_answered(reply: impl Fn() -> Reply + Send + Sync + 'static) -> ChatError {
    let fake = Fake::answering(move |_, _| reply()).await;
    fake.platform()
        .post(&channel(None), &Card::say("hi"), &marker(false))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_post_goes_into_its_thread_marked_and_never_unfurled() {
    let fake = Fake::answering(|_, _| posted()).await;
    let message = fake
        .platform()
        .post(&channel(Some("1.1")), &Card::say("a <b>"), &marker(false))
        .await
        .unwrap();
    assert_eq!(
        (message.channel.as_str(), message.id.as_str()),
        ("C1", "2.1")
    );
    let call = &fake.calls()[0];
    assert_eq!(call.line, "POST /api/chat.postMessage");
    assert_eq!(call.header("authorization"), Some("Bearer xoxb-test"));
    assert_eq!(
        call.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(
        call.json(),
        json!({
            "channel": "C1", "thread_ts": "1.1", "text": "a &lt;b&gt;",
            "blocks": [{"type": "section",
                        "text": {"type": "mrkdwn", "text": "a &lt;b&gt;", "verbatim": true}}],
            "metadata": {"event_type": "nightshift_message", "event_payload": {"key": "msg_1"}},
            "unfurl_links": false, "unfurl_media": false,
        })
    );
    check_arguments(call);
}

/// Errors come with HTTP 200; what they are decides what the caller does next.
#[tokio::test]
async fn each_error_word_has_its_kind() {
    let mut table = String::new();
    for word in [
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action_read_only_channel",
        "missing_scope",
        "invalid_auth",
        "token_revoked",
        "account_inactive",
        "not_authed",
        "msg_too_long",
        "invalid_blocks",
        "ratelimited",
        "rate_limited",
        "fatal_error",
        "internal_error",
        "service_unavailable",
        "some_new_word",
    ] {
        let error = post_answered(move || json(json!({"ok": false, "error": word}))).await;
        table = format!("{table}{word} {:?} {:?}\n", error.kind, error.retry);
    }
    insta::assert_snapshot!(table, @"
    channel_not_found NotAllowed Never
    not_in_channel NotAllowed Never
    is_archived NotFound Never
    restricted_action_read_only_channel NotAllowed Never
    missing_scope NotAllowed Never
    invalid_auth Unauthorized Never
    token_revoked Unauthorized Never
    account_inactive Unauthorized Never
    not_authed Unauthorized Never
    msg_too_long Invalid Never
    invalid_blocks Invalid Never
    ratelimited RateLimited Soon
    rate_limited RateLimited Soon
    fatal_error Ambiguous Soon
    internal_error Ambiguous Soon
    service_unavailable Unavailable Soon
    some_new_word Invalid Never
    ");
}

#[tokio::test]
async fn too_fast_says_how_long_to_wait() {
    let error = post_answered(|| {
        let reply = text(429, r#"{"ok":false,"error":"ratelimited"}"#);
        with_header(reply, "retry-after: 7\r\n")
    })
    .await;
    assert_eq!(error.kind, ChatKind::RateLimited);
    assert_eq!(error.retry, Retry::After(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_ambiguous_and_one_that_never_left_is_not() {
    assert_eq!(post_answered(silence).await.kind, ChatKind::Ambiguous);
    let html = || text(502, "<html>bad gateway</html>");
    assert_eq!(post_answered(html).await.kind, ChatKind::Ambiguous);
    let nonsense = || text(200, "<html>");
    assert_eq!(post_answered(nonsense).await.kind, ChatKind::Ambiguous);
    let nowhere = || json(json!({"ok": true}));
    assert_eq!(post_answered(nowhere).await.kind, ChatKind::Ambiguous);
    let unreachable = platform()
        .post(&channel(None), &Card::say("hi"), &marker(false))
        .await
        .unwrap_err();
    assert_eq!(unreachable.kind, ChatKind::Unavailable);
    assert_eq!(unreachable.retry, Retry::Soon);
}

#[tokio::test]
async fn an_unsure_post_is_looked_for_first() {
    let found = |_: &str, call: &Call| match call.method() {
        "conversations.replies" => json(json!({"ok": true, "messages": [
            {"ts": "1.1", "metadata": {"event_type": "nightshift_message",
                                       "event_payload": {"key": "msg_0"}}},
            {"ts": "1.5", "metadata": {"event_type": "nightshift_message",
                                       "event_payload": {"key": "msg_1"}}},
        ]})),
        _ => posted(),
    };
    let fake = Fake::answering(found).await;
    let card = Card::say("hi");
    let message = fake
        .platform()
        .post(&channel(Some("1.1")), &card, &marker(true))
        .await
        .unwrap();
    assert_eq!(message.id, "1.5");
    assert_eq!(fake.methods(), ["conversations.replies"]);
    let line = &fake.calls()[0].line;
    assert!(
        line.starts_with("GET /api/conversations.replies?channel=C1&include_all_metadata=true"),
        "{line}"
    );
    // In the channel itself there is no such message: it is posted.
    let fake = Fake::answering(|_, call| match call.method() {
        "conversations.history" => json(json!({"ok": true, "messages": [{"ts": "1.0"}]})),
        _ => posted(),
    })
    .await;
    let platform = fake.platform();
    platform
        .post(&channel(None), &card, &marker(true))
        .await
        .unwrap();
    assert_eq!(
        fake.methods(),
        ["conversations.history", "chat.postMessage"]
    );
}

#[tokio::test]
async fn a_long_thread_is_searched_to_its_end_and_where_we_cannot_look_we_post() {
    let fake = Fake::answering(|_, call| match call.method() {
        "conversations.replies" if call.line.contains("cursor=next") => {
            json(json!({"ok": true, "messages": [
                {"ts": "9.9", "metadata": {"event_type": "nightshift_message",
                                           "event_payload": {"key": "msg_1"}}}]}))
        }
        _ => json(json!({"ok": true, "messages": [],
                         "response_metadata": {"next_cursor": "next"}})),
    })
    .await;
    let to = channel(Some("1.1"));
    let message = fake
        .platform()
        .post(&to, &Card::say("hi"), &marker(true))
        .await
        .unwrap();
    assert_eq!(message.id, "9.9");
    let fake = Fake::answering(|_, call| match call.method() {
        "conversations.replies" => json(json!({"ok": false, "error": "missing_scope"})),
        _ => posted(),
    })
    .await;
    let message = fake
        .platform()
        .post(&to, &Card::say("hi"), &marker(true))
        .await
        .unwrap();
    assert_eq!(message.id, "2.1");
}

#[tokio::test]
async fn an_edit_has_text_and_blocks_and_a_vanished_message_is_not_found() {
    let fake = Fake::answering(|_, call| {
        if call.json()["ts"] == "2.1" {
            json(json!({"ok": true, "channel": "C1", "ts": "2.1"}))
        } else {
            json(json!({"ok": false, "error": "message_not_found"}))
        }
    })
    .await;
    let platform = fake.platform();
    let at = |id: &str| MessageRef {
        channel: "C1".into(),
        id: id.into(),
    };
    platform.edit(&at("2.1"), &Card::say("new")).await.unwrap();
    let call = &fake.calls()[0];
    assert_eq!(call.method(), "chat.update");
    assert_eq!(call.json()["text"], "new");
    assert_eq!(call.json()["blocks"].as_array().unwrap().len(), 1);
    check_arguments(call);
    let gone = platform
        .edit(&at("9.9"), &Card::say("new"))
        .await
        .unwrap_err();
    assert_eq!(gone.kind, ChatKind::NotFound);
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_may_simply_be_repeated() {
    let fake = Fake::answering(|_, _| silence()).await;
    let message = MessageRef {
        channel: "C1".into(),
        id: "2.1".into(),
    };
    let error = fake
        .platform()
        .edit(&message, &Card::say("new"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ChatKind::Unavailable);
}

async fn whispered(reply: fn() -> Reply, handle: &str) -> (Vec<Call>, Result<(), ChatError>) {
    let fake = Fake::answering(move |_, call| match call.method() {
        "/response/1" => reply(),
        _ => json(json!({"ok": true})),
    })
    .await;
    let handle = handle.replace("ORIGIN", &fake.origin);
    let done = fake
        .platform()
        .whisper(
            &channel(Some("1.1")),
            &ana(),
            Some(&handle),
            &Card::say("no"),
        )
        .await;
    (fake.calls(), done)
}

#[tokio::test]
async fn a_word_to_one_person_goes_by_the_response_url_without_our_token() {
    let (calls, done) = whispered(|| text(200, "ok"), "ORIGIN/response/1").await;
    done.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].header("authorization"), None);
    let body = calls[0].json();
    assert_eq!(body["response_type"], "ephemeral");
    assert_eq!(body["replace_original"], false);
    assert_eq!(body["text"], "no");
}

#[tokio::test]
async fn a_used_up_or_foreign_response_url_gives_way_to_an_ephemeral_message() {
    for (reply, handle) in [
        (
            (|| text(404, "used_url")) as fn() -> Reply,
            "ORIGIN/response/1",
        ),
        (
            || json(json!({"ok": false, "error": "expired_url"})),
            "ORIGIN/response/1",
        ),
        (|| text(200, "ok"), "https://evil.example/response/1"),
        (|| text(200, "ok"), "http://169.254.169.254/response/1"),
        (|| text(200, "ok"), "not an address"),
    ] {
        let (calls, done) = whispered(reply, handle).await;
        done.unwrap();
        let last = calls.last().unwrap();
        assert_eq!(last.method(), "chat.postEphemeral", "{handle}");
        assert_eq!(last.json()["user"], "U1");
        assert_eq!(last.json()["thread_ts"], "1.1");
        check_arguments(last);
    }
}

#[tokio::test]
async fn outside_tests_response_urls_are_taken_on_slacks_hosts_only() {
    let mut config = config();
    config.api_url = "https://slack.com/api".into();
    let platform = SlackPlatform::new(&config, None).unwrap();
    for refused in [
        "https://evil.example/x",
        "https://files.slack.com/x",
        "https://slack.com/api/chat.delete",
        "http://hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@evil.example/x",
        "http://127.0.0.1:1/x",
    ] {
        let error = platform.client.respond(refused, &json!({})).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, ChatKind::NotAllowed, "{refused}");
        assert!(!error.to_string().contains("evil"), "{error}");
    }
}

#[tokio::test]
async fn a_word_in_the_direct_conversation_is_a_message() {
    let fake = Fake::answering(|_, _| posted()).await;
    let platform = fake.platform();
    let direct = platform.direct("T1", &ana());
    assert_eq!(direct.channel, "U1");
    platform
        .whisper(&direct, &ana(), None, &Card::say("no"))
        .await
        .unwrap();
    assert_eq!(fake.methods(), ["chat.postMessage"]);
    assert_eq!(fake.calls()[0].json()["channel"], "U1");
    check_arguments(&fake.calls()[0]);
}

#[tokio::test]
async fn a_form_opens_by_its_trigger_and_a_late_one_is_expired() {
    let form = Form {
        action: ActionToken::new("act_form"),
        title: "Revise".into(),
        label: "Feedback".into(),
        placeholder: String::new(),
        submit: "Revise".into(),
    };
    let fake = Fake::answering(|_, call| {
        if call.json()["trigger_id"] == "1.2.3" {
            json(json!({"ok": true, "view": {}}))
        } else {
            json(json!({"ok": false, "error": "expired_trigger_id"}))
        }
    })
    .await;
    let platform = fake.platform();
    platform.open_form("1.2.3", &form).await.unwrap();
    check_arguments(&fake.calls()[0]);
    let late = platform.open_form("late", &form).await.unwrap_err();
    assert_eq!((late.kind, late.retry), (ChatKind::Expired, Retry::Never));
}

fn uploads(origin: &str, call: &Call) -> Reply {
    match call.method() {
        "files.getUploadURLExternal" => {
            let url = format!("{origin}/upload/v1/abc");
            json(json!({"ok": true, "upload_url": url, "file_id": "F1"}))
        }
        "conversations.open" => json(json!({"ok": true, "channel": {"id": "D1"}})),
        "/upload/v1/abc" => text(200, &format!("OK - {}", call.body.len())),
        _ => json(json!({"ok": true, "files": [{"id": "F1"}]})),
    }
}

fn file(name: &str, bytes: &[u8]) -> Attachment {
    Attachment {
        name: name.into(),
        bytes: bytes.into(),
        comment: Some("the <answer>".into()),
    }
}

#[tokio::test]
async fn a_file_goes_up_in_three_steps_into_the_thread() {
    let fake = Fake::answering(uploads).await;
    let bytes = "größer\n".as_bytes();
    fake.platform()
        .upload(&channel(Some("1.1")), &file("../a/out.md", bytes))
        .await
        .unwrap();
    let calls = fake.calls();
    assert_eq!(
        fake.methods(),
        [
            "files.getUploadURLExternal",
            "/upload/v1/abc",
            "files.completeUploadExternal"
        ]
    );
    assert_eq!(
        calls[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        String::from_utf8_lossy(&calls[0].body),
        format!("filename=out.md&length={}", bytes.len())
    );
    assert_eq!(calls[1].body, bytes);
    assert_eq!(calls[1].header("authorization"), None);
    assert_eq!(
        calls[2].json(),
        json!({"files": [{"id": "F1", "title": "out.md"}], "channel_id": "C1",
               "thread_ts": "1.1", "initial_comment": "the &lt;answer&gt;"})
    );
    check_arguments(&calls[2]);
}

#[tokio::test]
async fn a_file_for_one_person_goes_to_the_conversation_with_them() {
    let fake = Fake::answering(uploads).await;
    let platform = fake.platform();
    let direct = platform.direct("T1", &ana());
    platform.upload(&direct, &file("a", b"x")).await.unwrap();
    assert_eq!(fake.methods()[0], "conversations.open");
    check_arguments(&fake.calls()[0]);
    let last = fake.calls().pop().unwrap();
    assert_eq!(last.json()["channel_id"], "D1");
}

#[tokio::test]
async fn a_file_that_cannot_go_says_why() {
    let fake = Fake::answering(|_, _| {
        json(json!({"ok": false, "error": "missing_scope", "needed": "files:write"}))
    })
    .await;
    let platform = fake.platform();
    let to = channel(None);
    let error = platform.upload(&to, &file("a", b"x")).await.unwrap_err();
    assert_eq!(error.kind, ChatKind::NotAllowed);
    assert_eq!(error.message, "missing_scope (needs files:write)");
    let empty = platform.upload(&to, &file("a", b"")).await.unwrap_err();
    assert_eq!(empty.kind, ChatKind::Invalid);
    // An address elsewhere is not called.
    let fake = Fake::answering(|_, _| {
        json(json!({"ok": true, "upload_url": "https://evil.example/u", "file_id": "F1"}))
    })
    .await;
    let error = fake.platform().upload(&to, &file("a", b"x")).await;
    assert_eq!(error.unwrap_err().kind, ChatKind::NotAllowed);
    assert_eq!(fake.methods().len(), 1);
}

#[tokio::test]
async fn a_refused_upload_says_nothing_about_our_token() {
    for status in [401, 403] {
        let fake = Fake::answering(move |origin, call| match call.method() {
            "/upload/v1/abc" => text(status, "blocked by a proxy"),
            _ => uploads(origin, call),
        })
        .await;
        let file = file("a.md", b"x");
        let sent = fake.platform().upload(&channel(None), &file).await;
        assert_eq!(sent.unwrap_err().kind, ChatKind::NotAllowed, "{status}");
    }
    let error = post_answered(|| text(403, "<html>blocked</html>")).await;
    assert_eq!(error.kind, ChatKind::NotAllowed);
}

#[tokio::test]
async fn a_probe_tells_who_we_are_and_remembers_it() {
    let fake = Fake::answering(|_, call| {
        if call.header("authorization") == Some("Bearer xoxb-test") {
            json(
                json!({"ok": true, "team_id": "T1", "team": "Night", "user": "nightshift",
                        "user_id": "UBOT", "bot_id": "BBOT"}),
            )
        } else {
            json(json!({"ok": false, "error": "invalid_auth"}))
        }
    })
    .await;
    let platform = fake.platform();
    let probe = platform.probe().await.unwrap();
    assert_eq!(probe.workspace, "T1");
    assert_eq!(probe.account, "@nightshift in Night");
    assert_eq!(platform.me().user.as_deref(), Some("UBOT"));
    let wrong = SlackConfig {
        bot_token: Some(Secret::new("xoxb-other")),
        api_url: format!("{}/api", fake.origin),
        ..config()
    };
    let wrong = SlackPlatform::new(&wrong, None).unwrap();
    assert_eq!(
        wrong.probe().await.unwrap_err().kind,
        ChatKind::Unauthorized
    );
}
