//! `kill -9` at every point of a task's life, and what the next start makes of it.

mod shaken;

use harness::process::{Office, Server, eventually, processes_of, until_gone};
use nightshift_fakes::slack::Fault;
use serde_json::json;

const DUPLICATE: &str = "sent again, may be a duplicate";

/// From wherever it is, the task is carried to its end; then all of it must fit together.
async fn carry_through(office: &Office, server: &Server, id: &str, starts: usize) {
    let thread = office.thread(id);
    thread.shows_the_truth(server).await;
    if server.task(id).await["status"] == "staged" {
        office.approve(server, id).await;
    }
    office.site.signal("go");
    let task = server.reaches(id, &["completed"]).await;
    assert_eq!(task["attempt"]["number"], starts, "{task:#}");
    assert_eq!(office.starts(id), starts, "{:?}", office.site.runs());
    thread.ends().await;
    thread.shows_the_truth(server).await;
    assert_eq!(thread.finals().len(), 1, "{:#?}", thread.finals());
    assert_eq!(thread.cards().len(), 1, "{:#?}", thread.cards());
    assert_eq!(thread.saying("was lost").len(), starts - 1);
    office.close();
}

#[tokio::test]
async fn killed_right_after_the_acknowledgement_the_task_is_there() {
    let office = Office::open().await;
    let server = office.start().await;
    office.ask("count the stars").await;
    server.kill_9();

    let server = office.start().await;
    let id = office.task_with(&server, "count the stars").await;
    carry_through(&office, &server, &id, 1).await;
    assert_eq!(server.tasks().await.len(), 1);
}

#[tokio::test]
async fn killed_while_planning_the_plan_is_made_again() {
    let mut office = Office::open().await;
    office.site.config["remote"]["planner"] = json!({"kind": "agent", "agent": "planner"});
    office.site.agent("planner", "sleep 600");
    let server = office.start().await;
    office.ask("plan the week").await;
    let id = office.task_with(&server, "plan the week").await;
    let planner = eventually("the planner works", async || {
        Some(processes_of(&id)).filter(|found| !found.is_empty())
    })
    .await;
    assert_eq!(server.task(&id).await["status"], "planning");
    server.kill_9();

    let reply = json!({
        "summary": "The week, day by day.", "prompt": "plan the week", "tools": [],
        "estimate": {
            "tokens": {"p50": 1000, "p90": 2000},
            "seconds": {"p50": 10, "p90": 20},
            "usd": {"p50": 0.01, "p90": 0.02},
        },
        "ceiling": {"tokens": 4000, "usd": 0.05},
        "timeout_s": 60, "risk": "medium", "reasoning": "It is a small thing.",
    });
    office
        .site
        .agent("planner", &format!("cat >/dev/null; echo '{reply}'"));
    let server = office.start().await;
    until_gone(&planner).await;
    let task = server.reaches(&id, &["staged"]).await;
    assert_eq!(task["plan"]["summary"], "The week, day by day.", "{task:#}");
    carry_through(&office, &server, &id, 1).await;
}

#[tokio::test]
async fn killed_while_staged_the_old_card_still_approves_once() {
    let office = Office::open().await;
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "water the plants").await;
    let card = office.thread(&id).shows_the_truth(&server).await;
    server.kill_9();

    let server = office.start().await;
    let (first, second) = tokio::join!(
        office.ana.clicks_as_seen(&card, "Approve"),
        office.ana.clicks_as_seen(&card, "Approve")
    );
    assert!(first.acknowledged && second.acknowledged);
    carry_through(&office, &server, &id, 1).await;
}

#[tokio::test]
async fn killed_between_approval_and_start_the_approved_plan_runs_once() {
    let mut office = Office::open().await;
    office.site.config["remote"]["execution"]["local"]["max_concurrent_tasks"] = 1.into();
    let server = office.start().await;
    let first = office.ask_for_plan(&server, "hold the door").await;
    office.approve(&server, &first).await;
    office.runs(&server, &first, 1).await;
    let second = office.ask_for_plan(&server, "paint the fence").await;
    office.approve(&server, &second).await;
    assert_eq!(server.task(&second).await["status"], "queued");
    server.kill_9();

    let server = office.start().await;
    carry_through(&office, &server, &first, 2).await;
    carry_through(&office, &server, &second, 1).await;
}

#[tokio::test]
async fn killed_while_the_agent_runs_it_is_said_and_runs_again() {
    let office = Office::open().await;
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "hold the line").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    let agent = processes_of(&id);
    assert!(!agent.is_empty());
    server.kill_9();

    let server = office.start().await;
    until_gone(&agent).await;
    office.runs(&server, &id, 2).await;
    let task = server.task(&id).await;
    assert_eq!(task["attempt"]["number"], 2, "{task:#}");
    carry_through(&office, &server, &id, 2).await;
    let lost = server
        .admin()
        .get(&format!("/api/v1/tasks/{id}/events?type=attempt.lost"))
        .await
        .json();
    assert_eq!(lost["items"].as_array().map(Vec::len), Some(1), "{lost:#}");
}

/// Slack took the final message, and nobody told us.
#[tokio::test]
async fn killed_while_the_final_message_is_sent_it_is_not_sent_unmarked_again() {
    let office = Office::open().await;
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "hold my coat").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    office
        .slack
        .fail_always("chat.postMessage", Fault::AcceptThenHang);
    office.site.signal("go");
    office.thread(&id).ends().await;
    server.kill_9();
    office.slack.heal("chat.postMessage");

    let server = office.start().await;
    everything_is_sent(&server, &id).await;
    let finals = office.thread(&id).finals();
    assert!(
        finals
            .iter()
            .skip(1)
            .all(|again| again.visible().contains(DUPLICATE))
    );
    assert_eq!(
        finals.len(),
        1,
        "Slack can be asked whether it has the message: {finals:#?}"
    );
    carry_through(&office, &server, &id, 1).await;
}

/// As above, but Slack does not let us look.
#[tokio::test]
async fn a_second_copy_of_the_final_message_says_so() {
    let office = Office::open().await;
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "hold my hat").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    office
        .slack
        .fail_always("chat.postMessage", Fault::AcceptThenHang);
    office.site.signal("go");
    office.thread(&id).ends().await;
    server.kill_9();
    office.slack.heal("chat.postMessage");
    for method in ["conversations.replies", "conversations.history"] {
        office
            .slack
            .fail_always(method, Fault::error("missing_scope"));
    }

    let server = office.start().await;
    everything_is_sent(&server, &id).await;
    let finals = office.thread(&id).finals();
    assert_eq!(finals.len(), 2, "{finals:#?}");
    assert!(!finals[0].visible().contains(DUPLICATE));
    assert!(
        finals[1].visible().contains(DUPLICATE),
        "{}",
        finals[1].visible()
    );
    assert_eq!(office.starts(&id), 1);
    office.close();
}

/// Waits until no message of the task is on its way.
async fn everything_is_sent(server: &Server, id: &str) {
    eventually("all messages are out", async || {
        let path = format!("/api/v1/tasks/{id}/events?type=message.&limit=1000");
        let events = server.admin().get(&path).await.json();
        let kind = |wanted: &str| {
            let items = events["items"].as_array().into_iter().flatten();
            items.filter(|event| event["type"] == wanted).count()
        };
        let settled = kind("message.sent") + kind("message.failed");
        (settled > 0 && settled >= kind("message.queued")).then_some(())
    })
    .await;
}
