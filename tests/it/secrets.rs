//! A secret of the configuration is nowhere but where it must be.

use harness::{ADMIN_KEY, CANARY, Setup, World};
use nightshift_core::port::executor::ExitKind;
use serde_json::json;

const INIT: &str = env!("CARGO_BIN_EXE_nightshift-tests-init");

#[tokio::test]
async fn a_secret_that_is_pasted_and_printed_is_masked_everywhere() {
    let w = World::new().await;
    let setup = w.slack.setup();
    let secrets = format!("{CANARY} {} {}", setup.bot_token, setup.signing_secret);

    let (task, run) = w.starts("ana", &format!("use {secrets} please")).await;
    assert_eq!(run.job.prompt, "use *** *** *** please");
    run.prints(&format!("got {secrets}\n"));
    run.step(&format!("trying {CANARY}"));
    w.settle().await;
    run.answers(&format!("It is {secrets}"));
    w.settle().await;
    assert!(
        w.card(&task.id)
            .visible()
            .contains("use *** *** *** please")
    );
    assert!(
        w.final_message(&task.id)
            .visible()
            .contains("It is *** *** ***")
    );
    for verb in ["logs", "results", "why", "status"] {
        w.says("ana", &format!("{verb} {}", task.id)).await;
    }
    assert_eq!(w.leaks().await, Vec::<String>::new());
    w.leave().await;
}

#[tokio::test]
async fn a_secret_in_feedback_in_a_reason_or_in_an_error_is_masked() {
    let w = World::new().await;
    let ana = w.user("ana");
    let task = w.asks("ana", "paint it").await;
    w.says("ana", &format!("revise {} with {CANARY}", task.id))
        .await;
    w.presses("ana", "Revise", &task.id).await;
    ana.submits(&w.slack.modals(&ana)[0], &format!("or {CANARY}"))
        .await;
    w.settle().await;
    w.says("carl", &format!("reject {} because {CANARY}", task.id))
        .await;
    assert!(w.final_message(&task.id).visible().contains("because ***"));

    let (_, run) = w.starts("ana", "fail").await;
    run.ends(
        ExitKind::AgentError(format!("cannot log in with {CANARY}")),
        "",
    );
    w.settle().await;
    w.says("ana", &format!("run disk path={CANARY}")).await;
    w.says("ana", &format!("hello --agent {CANARY}")).await;
    ana.mentions(&w.channel(), &format!("status {CANARY}"))
        .await;
    w.settle().await;
    w.leave().await;
}

#[tokio::test]
async fn a_secret_sent_to_the_api_is_masked() {
    let w = World::new().await;
    let answer = w
        .submits(ADMIN_KEY, json!({"description": format!("use {CANARY}")}))
        .await;
    assert_eq!(answer.status, 202);
    assert!(!answer.json().to_string().contains(CANARY));
    let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
    let admin = w.api(ADMIN_KEY);
    let path = |verb: &str| format!("/api/v1/tasks/{id}/{verb}");
    let feedback = json!({"feedback": format!("or {CANARY}")});
    admin.post(&path("revise"), feedback).await;
    w.settle().await;
    admin.post(&path("reject"), json!({"reason": CANARY})).await;
    // Wrong calls may be quoted in an error or a log.
    let unknown = admin.post(&path("approve"), json!({CANARY: CANARY})).await;
    assert_eq!(unknown.status, 422);
    admin.get(&format!("/api/v1/tasks/{CANARY}")).await;
    admin.get(&format!("/api/v1/tasks?{CANARY}={CANARY}")).await;
    w.api(CANARY).get("/api/v1/tasks").await;
    w.settle().await;
    w.leave().await;
}

#[tokio::test]
async fn the_token_leaves_only_in_the_header_of_the_platforms_own_calls() {
    let w = World::new().await;
    let (_, run) = w.starts("ana", "write a file").await;
    run.writes("notes.txt", b"notes");
    run.answers("done");
    w.settle().await;
    let token = &w.slack.setup().bot_token;
    let calls = w.slack.calls();
    assert!(calls.len() > 5, "the fake was called");
    for call in calls {
        assert_eq!(call.outcome, "ok", "{call:?}");
        assert!(!call.args.to_string().contains(token), "{call:?}");
    }
    w.leave().await;
}

#[tokio::test]
async fn a_program_sees_nothing_of_our_environment() {
    let script = "cat; echo; env; tr '\\0' '\\n' < /proc/$PPID/environ 2>/dev/null; \
                  cat ../../data/* 2>/dev/null; true";
    let w = World::with(Setup {
        sandbox_init: Some(INIT.into()),
        agent_argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..Setup::default()
    })
    .await;
    let body = json!({"description": format!("print {CANARY}"), "auto_approve": true});
    let answer = w.submits(ADMIN_KEY, body).await;
    let id = answer.json()["task_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    w.until("the program ends", async || w.is_over(&id).await)
        .await;
    let path = format!("/api/v1/tasks/{id}/logs");
    let text = w.api(ADMIN_KEY).get(&path).await.json()["text"].to_string();
    assert!(text.contains("print ***"), "{text}");
    assert!(text.contains(&format!("NIGHTSHIFT_TASK_ID={id}")), "{text}");
    assert!(text.contains("NIGHTSHIFT_OUTPUT_DIR=") && text.contains("NIGHTSHIFT_FENCE="));
    assert!(!text.contains("SLACK_BOT_TOKEN"), "{text}");
    w.leave().await;
}

#[tokio::test]
async fn a_response_url_and_the_text_of_a_request_are_not_logged() {
    let w = World::new().await;
    let (_, run) = w.starts("ana", "a very private request").await;
    run.prints("a very private output\n");
    run.answers("a very private answer");
    w.settle().await;
    w.says("ana", "status").await;
    let log = w.log.text();
    assert!(log.contains("Answered a request."), "the log is captured");
    for word in ["very private", "/hooks/commands/", "U0ANA"] {
        assert!(!log.contains(word), "{word} is in the log");
    }
    w.leave().await;
}
