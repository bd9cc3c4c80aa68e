//! The database goes away under load, and comes back.

use std::time::{Duration, Instant};

use harness::process::{Fleet, Office, Server, eventually};
use nightshift_fakes::postgres::OwnServer;
use serde_json::json;

/// A platform gives up after three seconds, and comes again.
const SOON: Duration = Duration::from_secs(5);

struct Away {
    postgres: OwnServer,
    fleet: Fleet,
    servers: Vec<Server>,
}

async fn two_servers() -> Away {
    let postgres = OwnServer::start_quick();
    let url = postgres.make("ns");
    let mut fleet = Fleet::around(Office::open().await, &url, 2);
    // Longer than the database is away: what runs goes on.
    let timers = &mut fleet.office.site.config["remote"]["timers"];
    *timers = json!({"lease": "30s", "heartbeat": "1s", "shutdown": "10s"});
    fleet.agree();
    let servers = fleet.start().await;
    Away {
        postgres,
        fleet,
        servers,
    }
}

/// Nothing is acknowledged, and nobody waits long to hear that.
async fn nothing_is_acknowledged(server: &Server) {
    for _ in 0..3 {
        let asked = Instant::now();
        let body = json!({"description": "not now"});
        let answer = server.submitter().post("/api/submit", body).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    }
    eventually("it is not ready", async || {
        (server.admin().get("/readyz").await.status == 503).then_some(())
    })
    .await;
}

async fn all_goes_on(away: &Away, held: &str) {
    let Away { fleet, servers, .. } = away;
    for server in servers {
        eventually("it is ready again", async || {
            (server.admin().get("/readyz").await.status == 200).then_some(())
        })
        .await;
    }
    let office = &fleet.office;
    office.site.signal("go");
    let done = servers[0].reaches(held, &["completed"]).await;
    assert_eq!(done["attempt"]["number"], 1, "{done:#}");
    office.thread(held).ends().await;
    let id = office.ask_for_plan(&servers[1], "and again").await;
    office.approve(&servers[0], &id).await;
    servers[1].reaches(&id, &["completed"]).await;
    office.thread(&id).ends().await;
    assert_eq!(office.starts(held), 1);
    office.close();
}

async fn holding(away: &Away) -> String {
    let office = &away.fleet.office;
    let id = office.ask_for_plan(&away.servers[0], "hold on").await;
    office.approve(&away.servers[0], &id).await;
    office.runs(&away.servers[0], &id, 1).await;
    id
}

#[tokio::test]
async fn a_database_that_is_stopped_is_waited_out() {
    let mut away = two_servers().await;
    let held = holding(&away).await;
    away.postgres.stop();
    for server in &away.servers {
        nothing_is_acknowledged(server).await;
    }
    away.postgres.start();
    all_goes_on(&away, &held).await;
}

/// It does not even say no: connections stay, and no answer comes.
#[tokio::test]
async fn a_database_that_hangs_is_waited_out() {
    let away = two_servers().await;
    let held = holding(&away).await;
    away.postgres.freeze();
    for server in &away.servers {
        nothing_is_acknowledged(server).await;
    }
    away.postgres.thaw();
    all_goes_on(&away, &held).await;
}

/// What was acknowledged before a crash of the database is there after it.
#[tokio::test]
async fn a_database_that_crashes_keeps_what_was_acknowledged() {
    let mut away = two_servers().await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let body = json!({"description": format!("kept {n}")});
        let client = away.servers[n % 2].submitter();
        let answer = client.post("/api/submit", body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        ids.push(answer.json()["task_id"].as_str().unwrap().to_owned());
    }
    away.postgres.crash();
    away.postgres.start();
    let server = &away.servers[0];
    eventually("it is ready again", async || {
        (server.admin().get("/readyz").await.status == 200).then_some(())
    })
    .await;
    for id in ids {
        server.reaches(&id, &["staged"]).await;
    }
    away.fleet.office.close();
}
