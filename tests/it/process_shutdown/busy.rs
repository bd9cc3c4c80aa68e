//! SIGTERM while everything is in the middle of something: nothing that was acknowledged is
//! dropped, and it is over in time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::process::{Installation, Office, eventually, processes_of, until_gone};
use nightshift_fakes::slack::Fault;
use nix::sys::signal::Signal;
use serde_json::json;

use super::stubborn;

/// The default, and what Kubernetes leaves us.
const IN_TIME: Duration = Duration::from_secs(25);

/// Everything committed is in the database file itself.
fn is_folded(site: &Installation) -> bool {
    let log = site.data_dir().join("nightshift.sqlite-wal");
    log.metadata().map_or(0, |log| log.len()) == 0
}

/// One conversation of many: asks until the service is gone.
struct Asking<'a> {
    office: &'a Office,
    acknowledged: &'a AtomicUsize,
    over: &'a AtomicBool,
}

impl Asking<'_> {
    /// The texts that were acknowledged.
    async fn go_on(&self, who: usize) -> Vec<String> {
        let mut mine = Vec::new();
        for n in 0.. {
            let text = format!("task {who}-{n} of many");
            let ana = &self.office.ana;
            let delivery = ana.slash(&self.office.channel, &text).await;
            match delivery.status {
                Some(200) => {
                    self.acknowledged.fetch_add(1, Ordering::SeqCst);
                    mine.push(text);
                }
                // Refused, so that the platform delivers again, or the connection was closed.
                Some(503) | None => {}
                other => panic!("answered {other:?}: {delivery:?}"),
            }
            if self.over.load(Ordering::SeqCst) {
                break;
            }
        }
        mine
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_while_it_stopped_is_there() {
    let office = Office::open().await;
    let server = office.start().await;
    let (acknowledged, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let asking = Asking {
        office: &office,
        acknowledged: &acknowledged,
        over: &over,
    };
    let stopping = async {
        eventually("it is under load", async || {
            (acknowledged.load(Ordering::SeqCst) > 20).then_some(())
        })
        .await;
        let ended = server.terminate(IN_TIME).await;
        over.store(true, Ordering::SeqCst);
        ended
    };
    let (ended, a, b, c, d) = tokio::join!(
        stopping,
        asking.go_on(1),
        asking.go_on(2),
        asking.go_on(3),
        asking.go_on(4)
    );
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    assert!(is_folded(&office.site));

    let server = office.start().await;
    let texts = [a, b, c, d].concat();
    eventually("every acknowledged text is a task", async || {
        let tasks = server.tasks().await;
        let known = |text: &String| {
            let same = tasks.iter().filter(|task| task["description"] == **text);
            let count = same.count();
            assert!(count <= 1, "{text} twice");
            count == 1
        };
        texts.iter().all(known).then_some(())
    })
    .await;
}

#[tokio::test]
async fn agents_that_ignore_term_are_ended_and_their_tasks_run_again() {
    let mut office = Office::open().await;
    office.site.config["remote"]["execution"]["local"]["stop_grace"] = "2s".into();
    office.site.config["remote"]["timers"]["shutdown"] = "25s".into();
    office.site.agent(
        "probe",
        "echo \"$NIGHTSHIFT_TASK_ID\" >>runs
        trap '' TERM
        until [ -e go ]; do sleep 0.05; done; echo done",
    );
    let server = office.start().await;
    let id = office.ask_for_plan(&server, "stay").await;
    office.approve(&server, &id).await;
    office.runs(&server, &id, 1).await;
    let agent = processes_of(&id);
    let ended = server.terminate(IN_TIME).await;
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    assert!(ended.took >= Duration::from_secs(1), "it had its grace");
    until_gone(&agent).await;
    assert!(is_folded(&office.site));

    office.site.signal("go");
    let server = office.start().await;
    let task = server.reaches(&id, &["completed"]).await;
    assert_eq!(task["attempt"]["number"], 2, "{task:#}");
    office.thread(&id).ends().await;
    office.close();
}

#[tokio::test]
async fn a_platform_that_hangs_is_not_waited_for() {
    let office = Office::open().await;
    let server = office.start().await;
    office
        .slack
        .fail_always("chat.postMessage", Fault::AcceptThenHang);
    office.ask("answer me").await;
    eventually("a message is on its way", async || {
        (!office.slack.calls_of("chat.postMessage").is_empty()).then_some(())
    })
    .await;
    let ended = server.terminate(IN_TIME).await;
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    assert!(ended.took < Duration::from_secs(15), "{ended:?}");
    assert!(is_folded(&office.site));

    office.slack.heal("chat.postMessage");
    let server = office.start().await;
    let id = office.task_with(&server, "answer me").await;
    server.reaches(&id, &["staged"]).await;
    let thread = office.thread(&id);
    eventually("its card is there", async || {
        (!thread.cards().is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_planner_at_work_is_ended_and_asked_again() {
    let mut office = Office::open().await;
    office.site.config["remote"]["planner"] = json!({"kind": "agent", "agent": "probe"});
    office.site.agent(
        "probe",
        "echo asked >>\"$HOME/../asked\"; until [ -e \"$HOME/../answer\" ]; do sleep 0.05; done",
    );
    let server = office.start().await;
    office.ask("think hard").await;
    let id = office.task_with(&server, "think hard").await;
    eventually("the planner works", async || {
        (server.task(&id).await["status"] == "planning" && !processes_of(&id).is_empty())
            .then_some(())
    })
    .await;
    let planner = processes_of(&id);
    let ended = server.terminate(IN_TIME).await;
    assert_eq!(ended.code, Some(0), "{}", office.site.said());
    until_gone(&planner).await;
    assert!(is_folded(&office.site));

    office.site.config["remote"]["planner"] = json!({"kind": "estimate"});
    let server = office.start().await;
    server.reaches(&id, &["staged"]).await;
}

/// A client that never sends the rest of its request must not cost the others their time.
#[tokio::test]
async fn a_request_that_never_ends_is_not_waited_for() {
    let mut site = Installation::new();
    site.config["remote"]["timers"]["shutdown"] = "9s".into();
    let server = site.start().await;
    let address = server.url.trim_start_matches("http://");
    let mut half = TcpStream::connect(address).expect("the server");
    write!(
        half,
        "POST /api/submit HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"descr",
        Installation::KEY
    )
    .expect("half of a request");
    // Until it is seen, there is nothing to wait for.
    let began = Instant::now();
    eventually("it is read", async || {
        (began.elapsed() > Duration::from_millis(300)).then_some(())
    })
    .await;
    let ended = server.terminate(Duration::from_secs(9)).await;
    assert_eq!(ended.code, Some(0), "{}", site.said());
    let mut answer = String::new();
    // Closed, or refused.
    let _ = half.read_to_string(&mut answer);
    assert!(
        answer.is_empty() || !answer.starts_with("HTTP/1.1 2"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once() {
    let mut site = Installation::new();
    site.config["remote"]["timers"]["shutdown"] = "25s".into();
    site.config["remote"]["execution"]["local"]["stop_grace"] = "60s".into();
    let (server, agent) = stubborn(&mut site).await;
    server.signal(Signal::SIGTERM);
    let nobody = harness::Client::new(&server.url, None);
    eventually("it stops", async || {
        (nobody.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    let ended = server.terminate(Duration::from_secs(3)).await;
    assert_eq!(ended.code, Some(1), "{}", site.said());
    until_gone(&agent).await;
    // What was acknowledged is there all the same.
    site.config["remote"]["execution"]["local"]["stop_grace"] = "1s".into();
    let server = site.start().await;
    assert_eq!(server.tasks().await[0]["description"], "stay");
}
