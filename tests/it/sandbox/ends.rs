//! How attempts end.

use harness::process::{Installation, eventually, processes_of, until_gone};
use serde_json::{Value, json};

async fn outcome(script: &str, ask: Value) -> Value {
    let mut site = Installation::new();
    site.agent("probe", script);
    let server = site.start().await;
    server.run(ask).await
}

#[tokio::test]
async fn a_missing_agent_says_what_to_install() {
    let mut site = Installation::new();
    let agents = &mut site.config["remote"]["execution"]["agents"];
    agents["claude-code"] = json!({"command": ["claude-that-nobody-installed"]});
    agents["ghost"] = json!({"command": ["/opt/ghost/run"], "install_hint": "Call the ghosts."});
    let server = site.start().await;
    for (agent, hint) in [
        ("claude-code", "npm install"),
        ("ghost", "Call the ghosts."),
    ] {
        let task = server
            .run(json!({"description": "boo", "agent": agent}))
            .await;
        assert_eq!(task["reason"], "spawn_failed", "{task:#}");
        let detail = task["detail"].as_str().expect("a sentence");
        assert!(
            detail.contains("was not found") && detail.contains(hint),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn an_exit_code_is_the_reason() {
    let task = outcome("echo so far; exit 7", json!({"description": "try"})).await;
    assert_eq!(task["status"], "failed");
    assert_eq!(task["reason"], "exit_code", "{task:#}");
    assert_eq!(task["result"]["exit_code"], 7);
}

#[tokio::test]
async fn a_signal_is_the_reason() {
    let task = outcome("kill -SEGV $$", json!({"description": "try"})).await;
    assert_eq!(task["reason"], "signal", "{task:#}");
    assert!(
        task["detail"].as_str().expect("a sentence").contains("11"),
        "{task:#}"
    );
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped() {
    let task = outcome("sleep 600", json!({"description": "rest", "timeout": "1s"})).await;
    assert_eq!(task["reason"], "timeout", "{task:#}");
    let left = processes_of(task["task_id"].as_str().expect("an id"));
    assert!(left.is_empty(), "{left:?}");
}

/// TERM is ignored, children have left the process group and the session, one of them twice.
#[tokio::test]
async fn a_cancelled_task_leaves_no_process_whatever_it_did() {
    let mut site = Installation::new();
    site.agent(
        "probe",
        "trap '' TERM HUP INT
        loop='trap \"\" TERM HUP; while :; do sleep 0.05; done'
        setsid sh -c \"$loop\" &
        (setsid sh -c \"$loop & $loop\" >/dev/null 2>&1 </dev/null &)
        echo settled
        while :; do sleep 0.05; done",
    );
    let server = site.start().await;
    let id = server.submit(json!({"description": "stay"})).await;
    server.approve(&id).await;
    let processes = eventually("it has settled", async || {
        Some(processes_of(&id)).filter(|found| found.len() >= 5)
    })
    .await;
    let path = format!("/api/v1/tasks/{id}/cancel");
    let answer = server.submitter().post(&path, json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let task = server.reaches(&id, &["cancelled"]).await;
    assert_eq!(task["reason"], "cancelled_by user_api");
    let detail = task["detail"].as_str().expect("a sentence");
    assert!(detail.contains(" 0 of "), "{detail}");
    until_gone(&processes).await;
    assert_eq!(processes_of(&id), []);
    let work = std::fs::read_dir(site.path("work")).expect("the working directory");
    assert_eq!(work.count(), 0, "its directories are gone as well");
}

/// A named command runs by argv; what is not in its schema is refused before there is a task.
#[tokio::test]
async fn a_named_command_takes_its_arguments_and_no_shell() {
    let mut site = Installation::new();
    site.config["remote"]["execution"]["commands"]["show"] = json!({
        "description": "shows words", "argv": ["printf", "%s|", "{word}", "end"],
        "args": {"word": {"type": "string", "default": "nothing"}}, "timeout": "10s", "risk": "low",
    });
    let server = site.start().await;
    for (ask, output) in [
        ("run show", "nothing|end|"),
        ("run show word='$(id) ; `id`'", "$(id) ; `id`|end|"),
    ] {
        let task = server.run(json!({"description": ask})).await;
        assert_eq!(task["kind"], "command");
        assert_eq!(task["status"], "completed", "{task:#}");
        let said = server
            .output(task["task_id"].as_str().expect("an id"))
            .await;
        assert_eq!(String::from_utf8_lossy(&said), output);
    }
    let refused = server
        .submitter()
        .post(
            "/api/submit",
            json!({"description": "run show shape=round"}),
        )
        .await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid"));
}
