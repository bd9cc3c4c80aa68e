//! The table of errors: status, code and body of every row, and an audit entry of every refusal.

use std::sync::Arc;

use async_trait::async_trait;
use harness::{ADMIN_KEY, API_KEY, Answer, Setup, World};
use insta::assert_snapshot;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::{Capabilities, Conversation, Identity, MessageRef, TextUnit};
use nightshift_core::id::{Platform, UserId};
use nightshift_core::port::chat::Probe;
use nightshift_core::port::{ChatError, ChatPlatform, Marker, Received, Refused, WebhookRequest};
use nightshift_core::user::{Kind, Role, User};
use serde_json::json;

/// Status and body with the id of the request taken out, as ids of tasks are.
fn shown(answer: &Answer) -> String {
    let mut body = answer.json();
    let id = body["error"]["request_id"].take();
    let id = id.as_str().unwrap_or_default();
    assert_eq!(id.len(), 16, "a request id in {body}");
    assert_eq!(answer.headers["x-request-id"], id);
    let text = format!("{} {}", answer.status, body["error"]);
    let text = text.replace(id, "<request>");
    let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .map(|word| match word.find("task_") {
            Some(0) => format!("<task>{}", &word[word.len() - 1..]),
            _ => word.to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn a_call_of_nobody_is_unauthenticated() {
    let w = World::new().await;
    let answer = w.nobody().get("/api/v1/tasks").await;
    assert_snapshot!(shown(&answer), @r#"401 {"code":"unauthenticated","message":"an API key is needed: X-API-Key or Authorization: Bearer","request_id":null}"#);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    for key in ["", "wrong", "sk_test_submitte", "sk_test_submitter2"] {
        assert_eq!(w.api(key).get("/api/v1/tasks").await.status, 401, "{key:?}");
    }
    let audited = w.events("auth.refused").await;
    assert_eq!(audited.len(), 5);
    for event in audited {
        assert!(
            event.data.to_string().contains("somebody at 127.0.0.1"),
            "{event:?}"
        );
    }
    w.leave().await;
}

#[tokio::test]
async fn a_call_without_a_right_signature_is_unsigned() {
    let w = World::new().await;
    let answer = w
        .nobody()
        .post("/webhook/slack", json!({"type": "event_callback"}))
        .await;
    assert_snapshot!(shown(&answer), @r#"401 {"code":"unsigned","message":"the signature does not hold","request_id":null}"#);
    assert_eq!(w.events("auth.refused").await.len(), 1);
    for path in ["/slack/commands", "/slack/events", "/slack/interactions"] {
        assert_eq!(w.nobody().post(path, json!({})).await.status, 401, "{path}");
    }
    w.leave().await;
}

#[tokio::test]
async fn what_somebody_may_not_is_forbidden_and_audited() {
    let w = World::new().await;
    let task = w.asks("ana", "guard the gate").await;
    let client = w.api(API_KEY);
    let path = |verb: &str| format!("/api/v1/tasks/{}/{verb}", task.id);
    let answer = client.post(&path("approve"), json!({})).await;
    assert_snapshot!(shown(&answer), @r#"403 {"code":"forbidden","message":"You may not approve this plan: that is for the person who asked, or for approvers. `whoami` shows what you may do.","request_id":null}"#);
    for verb in ["reject", "cancel", "retry"] {
        let answer = client.post(&path(verb), json!({})).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "forbidden"),
            "{verb}"
        );
    }
    let revise = client
        .post(&path("revise"), json!({"feedback": "open it"}))
        .await;
    assert_eq!(revise.status, 403);
    let audited = w.events("auth.refused").await;
    assert_eq!(audited.len(), 5);
    for event in &audited {
        assert_eq!(event.actor.as_deref(), Some("user_api"));
        assert_eq!(event.task_id.as_ref(), Some(&task.id));
    }
    assert_eq!(w.state(&task.id).await, "staged");
    w.leave().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let answer = client.get("/api/v1/tasks/task_zzzzzzzz").await;
    assert_snapshot!(shown(&answer), @r#"404 {"code":"not_found","message":"There is no task <task>. `status` lists the latest ones.","request_id":null}"#);
    for path in [
        "/api/v1/nothing",
        "/",
        "/api/v1/tasks/task_zzzzzzzz/logs",
        "/webhook",
    ] {
        let answer = client.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    let answer = client
        .post("/api/v1/tasks/task_zzzzzzzz/approve", json!({}))
        .await;
    assert_eq!(answer.status, 404);
    let answer = w.nobody().post("/webhook/icq", json!({})).await;
    assert_eq!(answer.status, 404);
    w.leave().await;
}

#[tokio::test]
async fn what_comes_too_late_is_a_conflict() {
    let w = World::new().await;
    let task = w.asks("ana", "paint it red").await;
    let seen = task.plan.expect("a plan").hash.to_string();
    w.says("ana", &format!("revise {} paint it blue", task.id))
        .await;
    let client = w.api(ADMIN_KEY);
    let path = |verb: &str| format!("/api/v1/tasks/{}/{verb}", task.id);

    let stale = client
        .post(&path("approve"), json!({"plan_hash": seen}))
        .await;
    assert_snapshot!(shown(&stale), @r#"409 {"code":"stale_plan","message":"another plan of task <task> is current; nothing was changed","request_id":null}"#);
    w.presses("ana", "Approve", &task.id).await;
    let decided = client.post(&path("approve"), json!({})).await;
    assert_snapshot!(shown(&decided), @r#"409 {"code":"decided","message":"Task <task> is decided already: it is running. Nothing was changed.","request_id":null}"#);
    let wrong = client.post(&path("retry"), json!({})).await;
    assert_snapshot!(shown(&wrong), @r#"409 {"code":"wrong_state","message":"Task <task> is running: there is nothing to retry.","request_id":null}"#);
    w.leave().await;
}

#[tokio::test]
async fn a_used_idempotency_key_with_another_body_is_a_conflict() {
    let w = World::new().await;
    let body = |text: &str| json!({"description": text, "idempotency_key": "k1"});
    assert_eq!(w.submits(API_KEY, body("one")).await.status, 202);
    let answer = w.submits(API_KEY, body("two")).await;
    assert_snapshot!(shown(&answer), @r#"409 {"code":"idempotency","message":"this Idempotency-Key was used with another body","request_id":null}"#);
    w.leave().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let send = async |path: &str, body: &'static str| {
        let request = client
            .request("POST", path)
            .header("content-type", "application/json");
        client.send(request.body(body)).await
    };
    let answer = send("/api/submit", "{\"description\": ").await;
    assert_snapshot!(shown(&answer), @r#"400 {"code":"malformed","message":"the body is no JSON: line 1, column 16","request_id":null}"#);
    for body in ["", "[]", "\"text\"", "description=hello", "{} {}"] {
        let answer = send("/api/submit", body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "malformed"),
            "{body:?}"
        );
    }
    w.leave().await;
}

#[tokio::test]
async fn invalid_values_are_listed_field_by_field() {
    let w = World::new().await;
    let body = json!({"description": "", "agent": "gpt9", "timeout": "soon", "colour": "red"});
    let answer = w.submits(API_KEY, body).await;
    assert_snapshot!(shown(&answer), @r#"422 {"code":"invalid","fields":[{"field":"timeout","message":"`soon` is no duration; write 200ms, 30s, 5m, 24h or 14d"},{"field":"colour","message":"unknown; this route knows: description, auto_approve, agent, model, project, executor, timeout, max_cost, dir, callback_url, idempotency_key"}],"message":"timeout: `soon` is no duration; write 200ms, 30s, 5m, 24h or 14d; colour: unknown; this route knows: description, auto_approve, agent, model, project, executor, timeout, max_cost, dir, callback_url, idempotency_key","request_id":null}"#);
    for (body, field) in [
        (json!({}), "description"),
        (json!({"description": " "}), "description"),
        (json!({"description": 7}), "description"),
        (json!({"description": "x", "agent": "gpt9"}), "agent"),
        (json!({"description": "x", "project": "none"}), "project"),
        (json!({"description": "x", "executor": "moon"}), "executor"),
        (json!({"description": "x", "dir": "/etc"}), "dir"),
        (json!({"description": "x", "dir": "../up"}), "dir"),
        (json!({"description": "x", "timeout": "0s"}), "timeout"),
        (json!({"description": "x", "max_cost": -1}), "max_cost"),
        (json!({"description": "x", "max_cost": 1e300}), "max_cost"),
        (
            json!({"description": "x", "auto_approve": "yes"}),
            "auto_approve",
        ),
    ] {
        let answer = w.submits(API_KEY, body.clone()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid"),
            "{body}"
        );
        assert_eq!(
            answer.json()["error"]["fields"][0]["field"],
            field,
            "{body}"
        );
    }
    let client = w.api(API_KEY);
    for path in [
        "/api/v1/tasks?limit=0",
        "/api/v1/tasks?limit=1001",
        "/api/v1/tasks?status=odd",
    ] {
        assert_eq!(client.get(path).await.status, 422, "{path}");
    }
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn other_methods_and_kinds_of_body_are_unsupported() {
    let w = World::new().await;
    let task = w.asks("ana", "guard the gate").await;
    let client = w.api(API_KEY);
    let request = client.request("DELETE", "/api/submit");
    let answer = client.send(request).await;
    assert_snapshot!(shown(&answer), @r#"405 {"code":"unsupported","message":"this route has other methods","request_id":null}"#);
    assert_eq!(answer.headers["allow"], "POST");

    let path = format!("/api/v1/tasks/{}/approve", task.id);
    // A GET never decides anything.
    assert_eq!(w.api(ADMIN_KEY).get(&path).await.status, 405);
    let request = w.api(ADMIN_KEY).request("POST", &path);
    let request = request.header("content-type", "text/plain").body("{}");
    let answer = client.send(request).await;
    assert_snapshot!(shown(&answer), @r#"415 {"code":"unsupported","message":"the body must be application/json","request_id":null}"#);
    assert_eq!(w.state(&task.id).await, "staged");
    w.leave().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_too_large() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let request = client
        .request("POST", "/api/submit")
        .body(vec![b' '; (1 << 20) + 1]);
    let answer = client.send(request).await;
    assert_snapshot!(shown(&answer), @r#"413 {"code":"too_large","message":"the body is longer than 1048576 bytes","request_id":null}"#);
    w.leave().await;
}

#[tokio::test]
async fn while_the_service_stops_changes_are_put_off_and_reads_answered() {
    let w = World::new().await;
    w.server.ready.drain();
    let client = w.api(API_KEY);
    let answer = client
        .post("/api/submit", json!({"description": "late"}))
        .await;
    assert_snapshot!(shown(&answer), @r#"503 {"code":"unavailable","message":"the service is stopping; send it again","request_id":null}"#);
    assert_eq!(answer.headers["retry-after"], "2");
    let delivery = w.user("ana").slash(&w.channel(), "late").await;
    assert_eq!(delivery.status, Some(503));
    assert_eq!(client.get("/api/v1/tasks").await.status, 200);
    assert!(w.tasks().await.is_empty());
    w.leave().await;
}

#[tokio::test]
async fn what_goes_wrong_inside_is_told_by_a_reference_alone() {
    let w = World::with(Setup {
        platforms: vec![Arc::new(Clumsy)],
        ..Setup::default()
    })
    .await;
    let answer = w.nobody().post("/webhook/clumsy", json!({})).await;
    assert_snapshot!(shown(&answer), @r#"500 {"code":"internal","message":"something went wrong, reference <request>","request_id":null}"#);
    assert_eq!(
        w.nobody().get("/healthz").await.status,
        200,
        "the service goes on"
    );
    let reference = answer.headers["x-request-id"].to_str().expect("text");
    assert!(w.log.errors().iter().any(|line| line.contains(reference)));
    w.leave_after_errors().await;
}

#[tokio::test]
async fn without_keys_only_this_machines_own_pages_are_answered() {
    let w = World::with(Setup {
        open_api: Some(User {
            id: UserId::new("user_demo"),
            role: Role::Admin,
            kind: Kind::Person,
        }),
        ..Setup::default()
    })
    .await;
    let client = w.nobody();
    let with = async |name: &str, value: &str| {
        let request = client.request("GET", "/api/v1/tasks").header(name, value);
        client.send(request).await.status
    };
    assert_eq!(client.get("/api/v1/tasks").await.status, 200);
    assert_eq!(with("host", "localhost:8080").await, 200);
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8080",
        "",
    ] {
        assert_eq!(with("host", host).await, 401, "{host:?}");
    }
    assert_eq!(with("origin", "http://evil.example").await, 401);
    assert_eq!(with("sec-fetch-site", "cross-site").await, 401);
    assert_eq!(
        with("x-api-key", "wrong").await,
        401,
        "a key that is shown must hold"
    );
    assert_eq!(w.events("auth.refused").await.len(), 7);
    w.leave().await;
}

#[tokio::test]
async fn every_answer_keeps_browsers_careful() {
    let w = World::new().await;
    for answer in [
        w.nobody().get("/healthz").await,
        w.nobody().get("/nothing").await,
    ] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value);
        }
    }
    w.leave().await;
}

/// A platform whose adapter has a fault.
struct Clumsy;

#[async_trait]
impl ChatPlatform for Clumsy {
    fn platform(&self) -> Platform {
        Platform::new("clumsy")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            threads: false,
            edit: false,
            forms: false,
            whisper: false,
            direct: false,
            files: false,
            buttons: 0,
            text_limit: 4000,
            text_unit: TextUnit::Chars,
            budgets: &[],
        }
    }

    fn receive(&self, _: &WebhookRequest) -> Result<Received, Refused> {
        panic!("the adapter stumbles")
    }

    async fn post(&self, _: &Conversation, _: &Card, _: &Marker) -> Result<MessageRef, ChatError> {
        panic!("the adapter stumbles")
    }

    async fn edit(&self, _: &MessageRef, _: &Card) -> Result<(), ChatError> {
        panic!("the adapter stumbles")
    }

    async fn whisper(
        &self,
        _: &Conversation,
        _: &Identity,
        _: Option<&str>,
        _: &Card,
    ) -> Result<(), ChatError> {
        panic!("the adapter stumbles")
    }

    async fn open_form(&self, _: &str, _: &Form) -> Result<(), ChatError> {
        panic!("the adapter stumbles")
    }

    async fn upload(&self, _: &Conversation, _: &Attachment) -> Result<(), ChatError> {
        panic!("the adapter stumbles")
    }

    fn direct(&self, _: &str, _: &Identity) -> Conversation {
        panic!("the adapter stumbles")
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        Ok(Probe {
            workspace: "W1".into(),
            account: "clumsy".into(),
        })
    }
}
