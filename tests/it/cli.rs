//! The command line: every verb against a running server, and the verbs that need none.

mod alone;
mod demo;

use harness::process::{Installation, Ran, Server};
use serde_json::json;

async fn well(site: &Installation, words: &[&str]) -> Ran {
    let ran = site.nightshift(words).await;
    assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
    ran
}

/// Submits, and returns the task's id.
async fn submitted(site: &Installation, words: &[&str]) -> String {
    let words = [&["submit", "--json"], words].concat();
    let task = well(site, &words).await.json();
    task["task_id"].as_str().expect("an id").to_owned()
}

/// The whole life of a task, as a person at a terminal of this machine sees it.
async fn story(site: &Installation, server: &Server) {
    let id = submitted(site, &["count", "the", "sheep", "--in", "the", "field"]).await;
    let staged = server.reaches(&id, &["staged"]).await;
    assert_eq!(staged["description"], "count the sheep --in the field");

    let status = well(site, &["status", &id]).await.stdout;
    assert!(
        status.contains(&id) && status.contains("staged"),
        "{status}"
    );
    assert!(
        status.contains(&format!("nightshift approve {id}")),
        "the next step: {status}"
    );
    let queue = well(site, &["queue"]).await.stdout;
    assert!(
        queue.contains(&id) && queue.contains("count the sheep"),
        "{queue}"
    );
    let listed = well(site, &["queue", "staged", "--json"]).await.json();
    assert_eq!(listed["items"][0]["task_id"], id.as_str(), "{listed:#}");
    assert!(listed["next_cursor"].is_null());
    let none = well(site, &["queue", "completed"]).await.stdout;
    assert!(!none.contains(&id), "{none}");

    let stale = site
        .nightshift(&["approve", &id, "--plan-hash", "sha256:00"])
        .await;
    assert_eq!(stale.code, 1, "{stale:?}");
    assert!(stale.stderr.contains("stale_plan"), "{stale:?}");

    well(site, &["revise", &id, "black", "sheep", "only"]).await;
    let revised = server.reaches(&id, &["staged"]).await;
    assert_eq!(revised["plan_no"], 2, "{revised:#}");
    let hash = revised["plan"]["hash"].as_str().expect("a hash");
    well(site, &["approve", &id, "--plan-hash", hash]).await;
    server.reaches(&id, &["completed"]).await;

    let logs = well(site, &["logs", "--follow", &id]).await.stdout;
    assert!(
        logs.contains("count the sheep") && logs.contains("black sheep only"),
        "{logs}"
    );
    let results = well(site, &["results", &id]).await.stdout;
    assert!(results.contains("count the sheep"), "{results}");
    let why = well(site, &["why", &id]).await.stdout;
    for kind in [
        "task.planning",
        "approval.requested",
        "approval.granted",
        "attempt.started",
        "task.completed",
    ] {
        assert!(why.contains(kind), "{kind}: {why}");
    }
    let again = site.nightshift(&["approve", &id]).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.starts_with("nightshift: "), "{again:?}");

    let other = submitted(site, &["sell the sheep"]).await;
    server.reaches(&other, &["staged"]).await;
    well(site, &["reject", &other, "never", "ever"]).await;
    let rejected = server.reaches(&other, &["cancelled"]).await;
    assert!(
        rejected["reason"]
            .as_str()
            .is_some_and(|it| it.starts_with("rejected_by ")),
        "{rejected:#}"
    );
    let third = submitted(site, &["buy a dog"]).await;
    server.reaches(&third, &["staged"]).await;
    well(site, &["cancel", &third]).await;
    server.reaches(&third, &["cancelled"]).await;
}

#[tokio::test]
async fn on_this_machine_the_verbs_need_no_key() {
    let site = Installation::new();
    let server = site.start().await;
    story(&site, &server).await;
}

#[tokio::test]
async fn from_elsewhere_the_verbs_take_a_server_and_a_key() {
    let mut site = Installation::new();
    let server = site.start().await;
    site.environment
        .insert("NIGHTSHIFT_SERVER".into(), server.url.clone());
    site.environment
        .insert("NIGHTSHIFT_API_KEY".into(), Installation::ADMIN_KEY.into());
    story(&site, &server).await;

    site.environment
        .insert("NIGHTSHIFT_API_KEY".into(), "sk_of_nobody".into());
    let refused = site.nightshift(&["queue"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("401 unauthenticated"),
        "{refused:?}"
    );
    site.environment.remove("NIGHTSHIFT_API_KEY");
    let refused = site.nightshift(&["queue"]).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("NIGHTSHIFT_API_KEY"), "{refused:?}");
}

#[tokio::test]
async fn submit_waits_if_asked_and_its_code_tells_the_outcome() {
    let mut site = Installation::new();
    site.agent("failing", "echo no; exit 3");
    let _server = site.start().await;
    let words = ["submit", "--auto-approve", "--wait", "say it back"];
    let ran = well(&site, &words).await;
    assert!(ran.stdout.contains("say it back"), "{ran:?}");
    let ran = site
        .nightshift(&[
            "submit",
            "--auto-approve",
            "--wait",
            "--agent",
            "failing",
            "try",
        ])
        .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let words = ["submit", "--auto-approve", "--wait", "-"];
    let ran = site.nightshift_reading(&words, "from standard input").await;
    assert!(ran.stdout.contains("from standard input"), "{ran:?}");
}

#[tokio::test]
async fn results_can_be_saved_as_files() {
    let mut site = Installation::new();
    site.agent(
        "probe",
        "mkdir -p $NIGHTSHIFT_OUTPUT_DIR/a; echo text >$NIGHTSHIFT_OUTPUT_DIR/a/b.txt",
    );
    let server = site.start().await;
    let task = server.run(json!({"description": "write"})).await;
    let to = site.path("saved");
    let id = task["task_id"].as_str().expect("an id");
    well(&site, &["results", id, "--save", &to.to_string_lossy()]).await;
    assert_eq!(
        std::fs::read_to_string(to.join("a/b.txt")).expect("saved"),
        "text\n"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_by_field() {
    let site = Installation::new();
    let _server = site.start().await;
    let refused = site
        .nightshift(&["submit", "--agent", "nobody", "--timeout", "99h", "work"])
        .await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for word in ["agent", "nobody", "timeout", "422 invalid"] {
        assert!(refused.stderr.contains(word), "{word}: {refused:?}");
    }
    let refused = site.nightshift(&["status", "task_00000000"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("not_found"), "{refused:?}");
    let refused = site.nightshift(&["status", "../../health"]).await;
    assert_ne!(refused.code, 0, "{refused:?}");
}
