//! SIGTERM, second servers, taken ports.

mod busy;
mod start;

use std::net::TcpListener;
use std::time::Duration;

use harness::Client;
use harness::process::{
    Installation, Office, Process, Server, eventually, processes_of, until_gone,
};
use nix::sys::signal::Signal;
use serde_json::json;

const QUICKLY: Duration = Duration::from_secs(3);

#[tokio::test]
async fn an_idle_server_ends_at_once_and_well() {
    let site = Installation::new();
    let server = site.start().await;
    // A client that reads events must not hold it up.
    let request = server
        .admin()
        .request("GET", "/events")
        .header("accept", "text/event-stream");
    let stream = request.send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    let ended = server.terminate(QUICKLY).await;
    assert_eq!(ended.code, Some(0), "{}", site.said());
    assert!(!site.data_dir().join("nightshift.sock").exists());
}

#[tokio::test]
async fn interrupted_by_a_key_it_ends_as_well() {
    let site = Installation::new();
    let server = site.start().await;
    server.signal(Signal::SIGINT);
    assert_eq!(server.ended(QUICKLY).await.code, Some(0));
}

#[tokio::test]
async fn a_running_agent_gets_term_and_its_task_is_handed_back() {
    let mut office = Office::open().await;
    office.site.agent(
        "probe",
        "echo \"$NIGHTSHIFT_TASK_ID\" >>runs
        trap 'echo got TERM >>last-words; exit 0' TERM
        until [ -e go ]; do sleep 0.02; done; echo done",
    );
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "long work").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    let agent = processes_of(&id);
    let ended = server.terminate(Duration::from_secs(10)).await;
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    until_gone(&agent).await;
    let words = std::fs::read_to_string(office.site.project().join("last-words"));
    assert_eq!(words.expect("TERM reached it"), "got TERM\n");

    let server = office.start().await;
    office.runs(&server, &id, 2).await;
    office.site.signal("go");
    let task = server.reaches(&id, &["completed"]).await;
    assert_eq!(task["attempt"]["number"], 2, "{task:#}");
    let thread = office.thread(&id);
    thread.ends().await;
    assert_eq!(
        thread.saying("will run again").len(),
        1,
        "it is said openly"
    );
    thread.shows_the_truth(&server).await;
    office.close();
}

/// A server whose one agent ignores that it is told to stop, and the agent's processes.
async fn stubborn(site: &mut Installation) -> (Server, Vec<Process>) {
    site.agent(
        "probe",
        "trap '' TERM; echo here; while :; do sleep 0.05; done",
    );
    let server = site.start().await;
    let id = server.submit(json!({"description": "stay"})).await;
    server.approve(&id).await;
    eventually("it is there", async || {
        (!server.output(&id).await.is_empty()).then_some(())
    })
    .await;
    let agent = processes_of(&id);
    (server, agent)
}

#[tokio::test]
async fn what_does_not_end_is_ended_at_the_deadline() {
    let mut site = Installation::new();
    site.config["remote"]["timers"]["shutdown"] = "2s".into();
    site.config["remote"]["execution"]["local"]["stop_grace"] = "60s".into();
    let (server, agent) = stubborn(&mut site).await;
    let ended = server.terminate(Duration::from_secs(6)).await;
    assert_eq!(ended.code, Some(1), "an unclean end is told by the code");
    until_gone(&agent).await;
}

/// Not ready first, so that a balancer looks elsewhere; what was taken is still answered.
#[tokio::test]
async fn while_it_drains_it_is_not_ready_and_takes_nothing() {
    let mut site = Installation::new();
    site.config["remote"]["execution"]["local"]["stop_grace"] = "60s".into();
    site.config["remote"]["timers"]["shutdown"] = "30s".into();
    site.agent(
        "probe",
        "trap '' TERM; echo here; until [ -e go ]; do sleep 0.02; done",
    );
    let server = site.start().await;
    let id = server
        .submit(json!({"description": "stay", "project": "demo"}))
        .await;
    server.approve(&id).await;
    eventually("it is there", async || {
        (!server.output(&id).await.is_empty()).then_some(())
    })
    .await;
    server.signal(Signal::SIGTERM);
    let nobody = Client::new(&server.url, None);
    eventually("it is not ready any more", async || {
        (nobody.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(nobody.get("/healthz").await.status, 200);
    let refused = server
        .submitter()
        .post("/api/submit", json!({"description": "more"}))
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "unavailable")
    );
    assert!(refused.headers.contains_key("retry-after"));
    site.signal("go");
    assert_eq!(
        server.ended(Duration::from_secs(10)).await.code,
        Some(0),
        "{}",
        site.said()
    );
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let site = Installation::new();
    let server = site.start().await;
    let second = site.refused().await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(
        second.stderr.contains(&*site.data_dir().to_string_lossy()),
        "{second:?}"
    );
    assert!(second.stderr.contains("another server uses"), "{second:?}");
    // The first one noticed nothing: its socket is still its own.
    assert_eq!(site.nightshift(&["queue"]).await.code, 0);
    assert_eq!(server.terminate(QUICKLY).await.code, Some(0));
}

#[tokio::test]
async fn a_taken_port_is_said_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut site = Installation::new();
    site.config["remote"]["trigger_service"]["listen"] = address.clone().into();
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains(&address) && refused.stderr.contains("--listen"),
        "{refused:?}"
    );
}
