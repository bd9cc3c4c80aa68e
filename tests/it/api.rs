//! The API, as a program of somebody else uses it.

use harness::{ADMIN_KEY, API_KEY, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_submission_is_answered_with_the_task_and_its_plan() {
    let w = World::new().await;
    let body = json!({"description": "analyze recent papers", "agent": "stub", "timeout": "3m"});
    let answer = w.submits(API_KEY, body).await;
    assert_eq!(answer.status, 202);
    let json = answer.json();
    assert_eq!(json["success"], true);
    assert_eq!(json["status"], "staged");
    assert_eq!(json["plan"]["agent"], "stub");
    assert_eq!(json["plan"]["timeout_s"], 180);
    assert_eq!(json["task_id"], w.task().await.id.as_str());
    assert!(
        w.slack.calls_of("chat.postMessage").is_empty(),
        "it has no conversation"
    );
    w.leave().await;
}

#[tokio::test]
async fn the_guides_curl_is_taken_although_it_calls_its_json_a_form() {
    let w = World::new().await;
    let client = w.nobody();
    for (path, kind) in [
        ("/api/submit", "application/x-www-form-urlencoded"),
        ("/webhook/slack", "application/json"),
        ("/webhook/slack", "application/x-www-form-urlencoded"),
    ] {
        let request = client
            .request("POST", path)
            .header("x-api-key", API_KEY)
            .header("content-type", kind)
            .body(r#"{"description": "analyze recent papers on transformers"}"#);
        let answer = w.meanwhile(client.send(request)).await;
        assert_eq!(answer.status, 202, "{path} as {kind}: {}", answer.json());
        assert!(
            answer.json()["task_id"]
                .as_str()
                .is_some_and(|id| id.starts_with("task_"))
        );
    }
    let bearer = client
        .request("POST", "/api/submit")
        .bearer_auth(API_KEY)
        .json(&json!({"description": "with a bearer token"}));
    assert_eq!(w.meanwhile(client.send(bearer)).await.status, 202);
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 4);
    for task in w.tasks().await {
        assert_eq!(task.owner.as_str(), "user_api");
    }
    w.leave().await;
}

#[tokio::test]
async fn a_task_has_exactly_the_documented_shape() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "write a report").await;
    run.writes("out.md", b"# Report\n");
    run.answers("See out.md.");
    w.settle().await;
    let answer = w
        .api(API_KEY)
        .get(&format!("/api/v1/tasks/{}", task.id))
        .await;
    assert_eq!(answer.status, 200);
    let shown = answer.json();
    let documented = json!({
        "task_id": "", "kind": "", "status": "", "reason": null, "description": "", "user": "",
        "origin": {"platform": "", "workspace": "", "channel": "", "thread": ""},
        "plan": {"hash": "", "summary": "", "prompt": "", "agent": "", "model": null,
            "executor": "", "workspace": "", "writable_dirs": [""], "tools": [], "network": "",
            "estimate": {"tokens": {"p50": 0, "p90": 0}, "seconds": {"p50": 0, "p90": 0},
                "usd": {"p50": 0, "p90": 0}},
            "ceiling": {"tokens": 0, "usd": 0}, "timeout_s": 0, "risk": "", "reasoning": ""},
        "approval": {"request_id": "", "state": "", "need": 0,
            "votes": [{"user": "", "decision": "", "at": ""}], "expires_at": ""},
        "attempt": {"number": 0, "fence": 0, "executor": "", "runner": null, "started_at": "",
            "isolation": ""},
        "usage": {"tokens": 0, "usd": 0, "seconds": 0},
        "result": {"text": "", "exit_code": 0,
            "files": [{"path": "", "change": "", "bytes": 0}]},
        "created_at": "", "queued_at": "", "started_at": "", "completed_at": "",
    });
    assert_covers(&shown, &documented, "task");

    assert_eq!(shown["status"], "completed");
    assert_eq!(shown["user"], "user_slack_U0ANA");
    assert_eq!(shown["origin"]["channel"], "C0RESEARCH");
    assert!(
        shown["plan"]["hash"]
            .as_str()
            .expect("a hash")
            .starts_with("sha256:")
    );
    assert_eq!(shown["approval"]["votes"][0]["user"], "user_slack_U0ANA");
    assert_eq!(shown["result"]["files"][0]["path"], "out.md");
    assert_eq!(shown["created_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(shown["usage"]["usd"], 0.05);
    w.leave().await;
}

#[tokio::test]
async fn lists_are_newest_first_filtered_and_paged() {
    let w = World::new().await;
    for number in 0..5 {
        w.clock.advance(std::time::Duration::from_secs(1));
        w.asks("ana", &format!("task number {number}")).await;
    }
    let (running, _) = w.starts("bob", "another matter").await;
    let client = w.api(API_KEY);
    let list = async |path: &str| client.get(path).await.json();

    let all = list("/api/v1/tasks").await;
    assert_eq!(all["items"].as_array().expect("items").len(), 6);
    assert_eq!(all["next_cursor"], Value::Null);
    let found = list("/api/v1/tasks?status=running").await;
    assert_eq!(found["items"][0]["task_id"], running.id.as_str());
    let found = list("/api/v1/tasks?q=number%203").await;
    assert_eq!(found["items"][0]["description"], "task number 3");
    let found = list("/api/v1/tasks?user=user_slack_U0BOB").await;
    assert_eq!(found["items"].as_array().expect("items").len(), 1);

    let mut seen = Vec::new();
    let mut path = "/api/v1/tasks?limit=2&status=staged".to_owned();
    loop {
        let page = list(&path).await;
        let items = page["items"].as_array().expect("items").clone();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["description"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/tasks?limit=2&status=staged&cursor={cursor}");
    }
    let expected: Vec<String> = (0..5)
        .rev()
        .map(|n| format!("\"task number {n}\""))
        .collect();
    assert_eq!(seen, expected);
    w.leave().await;
}

#[tokio::test]
async fn a_decision_by_api_answers_the_task() {
    let w = World::new().await;
    let answer = w
        .submits(API_KEY, json!({"description": "count the stars"}))
        .await;
    let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
    let client = w.api(API_KEY);
    let path = |verb: &str| format!("/api/v1/tasks/{id}/{verb}");

    let revised = client
        .post(&path("revise"), json!({"feedback": "only the bright ones"}))
        .await;
    assert_eq!(revised.status, 200);
    assert_eq!(revised.json()["status"], "planning");
    w.settle().await;
    let plan = client.get(&path("plan")).await.json();
    assert!(plan["prompt"].to_string().contains("only the bright ones"));
    let granted = client
        .post(&path("approve"), json!({"plan_hash": plan["hash"]}))
        .await;
    assert_eq!(
        (granted.status, granted.json()["status"].clone()),
        (200, json!("queued"))
    );
    w.settle().await;
    let cancelled = client.post(&path("cancel"), json!({})).await;
    assert_eq!(cancelled.json()["status"], "cancelling");
    w.settle().await;
    let over = client.get(&format!("/api/v1/tasks/{id}")).await.json();
    assert_eq!(over["status"], "cancelled");
    assert_eq!(over["reason"], "cancelled_by user_api");
    w.leave().await;
}

#[tokio::test]
async fn a_failed_task_is_planned_and_approved_anew_by_retry() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "try it").await;
    run.ends(
        nightshift_core::port::executor::ExitKind::Code(3),
        "no luck",
    );
    w.settle().await;
    assert_eq!(w.reason(&task.id).await, "exit_code");
    w.says("ana", &format!("retry {}", task.id)).await;
    let again = w.now(&task.id).await;
    assert_eq!((again.state.name(), again.plan_no), ("staged", 2));
    w.presses("ana", "Approve", &task.id).await;
    w.agent.run_of(&task.id).answers("This time it worked.");
    w.settle().await;
    assert_eq!(w.state(&task.id).await, "completed");
    assert_eq!(w.finals(&task.id).len(), 2);
    w.leave().await;
}

#[tokio::test]
async fn only_an_admin_starts_a_task_without_a_click() {
    let w = World::new().await;
    let body = json!({"description": "just do it", "auto_approve": true});
    let refused = w.submits(API_KEY, body.clone()).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "forbidden")
    );
    assert!(w.tasks().await.is_empty());
    let taken = w.submits(ADMIN_KEY, body).await;
    assert_eq!(taken.status, 202);
    assert_eq!(w.agent.runs().len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn a_named_command_is_submitted_in_words() {
    let w = World::new().await;
    let answer = w
        .submits(API_KEY, json!({"description": "run disk path=/srv"}))
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(w.task().await.kind.name(), "command");
    let bad = w
        .submits(API_KEY, json!({"description": "run disk path=x"}))
        .await;
    assert_eq!((bad.status, bad.code().as_str()), (422, "invalid"));
    // Other verbs and options are text here.
    let text = w
        .submits(API_KEY, json!({"description": "status --agent nobody"}))
        .await;
    assert_eq!(text.status, 202);
    assert_eq!(w.tasks().await.len(), 2);
    w.leave().await;
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_task() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let submit = async |text: &str| {
        let request = client
            .request("POST", "/api/submit")
            .header("idempotency-key", "order-66")
            .json(&json!({"description": text}));
        w.meanwhile(client.send(request)).await
    };
    let first = submit("once").await;
    let again = submit("once").await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json()["task_id"], again.json()["task_id"]);
    let other = submit("twice").await;
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency"));
    w.settle().await;
    assert_eq!(w.tasks().await.len(), 1);
    w.leave().await;
}

#[tokio::test]
async fn another_users_idempotency_key_is_another_key() {
    let w = World::new().await;
    for key in [API_KEY, ADMIN_KEY] {
        let body = json!({"description": "mine", "idempotency_key": "order-66"});
        assert_eq!(w.submits(key, body).await.status, 202);
    }
    assert_eq!(w.tasks().await.len(), 2);
    w.leave().await;
}

#[tokio::test]
async fn events_are_numbered_and_read_on_from_any_number() {
    let w = World::new().await;
    let task = w.asks("ana", "make history").await;
    let client = w.api(API_KEY);
    let all = client.get("/api/v1/events").await.json();
    let numbers: Vec<i64> = all["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|event| event["seq"].as_i64().expect("a number"))
        .collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    let staged = client.get("/api/v1/events?type=task.staged").await.json();
    assert_eq!(staged["items"][0]["task_id"], task.id.as_str());
    assert_eq!(staged["items"][0]["at"], "2026-01-01T00:00:00.000Z");
    let family = client.get("/api/v1/events?type=task.*").await.json();
    assert_eq!(family["items"].as_array().expect("items").len(), 2);
    let after = format!("/api/v1/events?after={}", numbers[1]);
    let rest = client.get(&after).await.json();
    assert_eq!(
        rest["items"].as_array().expect("items").len(),
        numbers.len() - 2
    );
    w.leave().await;
}

#[tokio::test]
async fn a_stream_of_events_goes_on_where_its_reader_was_cut_off() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let task = w.asks("ana", "make history").await;
    let path = "/events?type=task.*";
    let mut stream = client.stream(path, None).await;
    let first = stream.next().await.expect("an event");
    let event: Value = serde_json::from_str(&first.data).expect("JSON");
    assert_eq!(event["type"], "task.planning");
    assert_eq!(event["seq"].to_string(), first.id);
    drop(stream);

    let mut stream = client.stream(path, Some(&first.id)).await;
    let kind = async |stream: &mut harness::Stream| {
        let event = stream.next().await.expect("an event");
        let event: Value = serde_json::from_str(&event.data).expect("JSON");
        event["type"].as_str().expect("a type").to_owned()
    };
    assert_eq!(kind(&mut stream).await, "task.staged");
    // What happens now is told now.
    w.presses("ana", "Approve", &task.id).await;
    assert_eq!(kind(&mut stream).await, "task.queued");
    assert_eq!(kind(&mut stream).await, "task.running");
    w.leave().await;
}

#[tokio::test]
async fn a_log_is_read_in_pages_raw_or_as_a_stream_that_ends_with_the_task() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let (task, run) = w.starts("ana", "count").await;
    run.prints("one\ntwo ");
    w.settle().await;
    let path = format!("/api/v1/tasks/{}/logs", task.id);
    let page = client.get(&path).await.json();
    assert_eq!(page, json!({"text": "one\ntwo ", "next_offset": 8}));

    let mut stream = client.stream(&format!("{path}/stream"), None).await;
    let first = stream.next().await.expect("output");
    assert_eq!((first.data.as_str(), first.id.as_str()), ("one\ntwo ", "8"));
    run.prints("três\n");
    w.settle().await;
    assert_eq!(stream.next().await.expect("output").data.trim_end(), "três");
    run.answers("three");
    w.settle().await;
    let end = stream.next().await.expect("an end");
    assert_eq!(end.event, "end");
    assert_eq!(stream.next().await, None);

    let rest = client.get(&format!("{path}?offset=8")).await.json();
    assert_eq!(rest, json!({"text": "três\n", "next_offset": 14}));
    let mut resumed = client.stream(&format!("{path}/stream"), Some("8")).await;
    assert_eq!(
        resumed.next().await.expect("output").data.trim_end(),
        "três"
    );
    let request = client
        .request("GET", &path)
        .header("accept", "application/octet-stream");
    let raw = client.send(request).await;
    assert_eq!(raw.body, "one\ntwo três\n".as_bytes());
    w.leave().await;
}

#[tokio::test]
async fn a_file_is_an_attachment_and_only_listed_ones_are_served() {
    let w = World::new().await;
    let client = w.api(API_KEY);
    let (task, run) = w.starts("ana", "write").await;
    run.writes("page.html", b"<script>alert(1)</script>");
    run.writes("deep/er/notes.txt", b"notes");
    run.answers("done");
    w.settle().await;
    let base = format!("/api/v1/tasks/{}/files", task.id);
    let list = client.get(&base).await.json();
    assert_eq!(list["items"].as_array().expect("items").len(), 2);

    let file = client.get(&format!("{base}/page.html")).await;
    assert_eq!(file.body, b"<script>alert(1)</script>");
    let header = |name: &str| file.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert!(header("content-disposition").starts_with("attachment; filename=\"page.html\""));
    assert_eq!(header("x-content-type-options"), "nosniff");
    let deep = client.get(&format!("{base}/deep/er/notes.txt")).await;
    assert_eq!(deep.body, b"notes");

    for name in [
        "other.txt",
        "..%2f..%2fnightshift.db",
        "%2fetc%2fpasswd",
        "deep",
    ] {
        let missing = client.get(&format!("{base}/{name}")).await;
        assert_eq!(
            (missing.status, missing.code().as_str()),
            (404, "not_found"),
            "{name}"
        );
    }
    w.leave().await;
}

#[tokio::test]
async fn why_is_the_chain_from_the_delivery_to_the_last_message() {
    let w = World::new().await;
    let (task, run) = w.starts("ana", "tell me why").await;
    run.answers("because");
    w.settle().await;
    let why = w
        .api(API_KEY)
        .get(&format!("/api/v1/tasks/{}/why", task.id))
        .await
        .json();
    let kinds: Vec<&str> = why["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|event| event["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(kinds.first(), Some(&"task.planning"), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"message.sent"), "{kinds:?}");
    w.leave().await;
}

#[tokio::test]
async fn health_is_public_without_detail_and_private_with_it() {
    let w = World::new().await;
    assert_eq!(w.nobody().get("/healthz").await.status, 200);
    assert_eq!(w.nobody().get("/readyz").await.status, 200);
    assert_eq!(w.nobody().get("/health").await.status, 401);
    let health = w.api(API_KEY).get("/health").await.json();
    assert_eq!(health["status"], "ready");
    w.server.ready.drain();
    assert_eq!(w.nobody().get("/readyz").await.status, 503);
    assert_eq!(w.nobody().get("/healthz").await.status, 200);
    w.leave().await;
}

/// Everything that is documented is there, with the documented kind of value.
fn assert_covers(shown: &Value, documented: &Value, at: &str) {
    match documented {
        Value::Object(fields) => {
            for (name, value) in fields {
                let found = shown.get(name).unwrap_or_else(|| panic!("no {at}.{name}"));
                assert_covers(found, value, &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            let found = shown
                .as_array()
                .unwrap_or_else(|| panic!("{at} is no list"));
            if let Some(item) = items.first() {
                assert_covers(&found[0], item, &format!("{at}[0]"));
            }
        }
        Value::String(_) => assert!(shown.is_string(), "{at} is {shown}"),
        Value::Number(_) => assert!(shown.is_number(), "{at} is {shown}"),
        Value::Null | Value::Bool(_) => assert_eq!(shown, documented, "{at}"),
    }
}
