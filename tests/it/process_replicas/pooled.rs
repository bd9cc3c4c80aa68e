//! Behind PgBouncer in transaction mode: each transaction may get another server process.

use std::sync::Arc;

use futures_util::future::join_all;
use harness::process::{Fleet, Office, Server};
use nightshift_fakes::postgres::{OwnServer, Pooler};
use serde_json::json;

struct Pooled {
    fleet: Fleet,
    _pooler: Pooler,
    _postgres: OwnServer,
}

async fn pooled(with_hints: bool) -> Pooled {
    let postgres = OwnServer::start_quick();
    let direct = postgres.make("ns");
    let pooler = Pooler::before(&postgres, "ns");
    let mut fleet = Fleet::around(Office::open().await, &pooler.url("ns"), 2);
    if with_hints {
        fleet.office.site.config["remote"]["storage"]["notify_url"] = json!(direct);
        fleet.agree();
    }
    Pooled {
        fleet,
        _pooler: pooler,
        _postgres: postgres,
    }
}

async fn all_goes_its_way(fleet: &Fleet, servers: &[Server]) {
    let office = &fleet.office;
    for (asked, approved) in [(0, 1), (1, 0)] {
        fleet.deliver_to(&servers[asked]);
        let text = format!("through {asked}");
        let id = office.ask_for_plan(&servers[approved], &text).await;
        fleet.deliver_to(&servers[approved]);
        office.approve(&servers[asked], &id).await;
        servers[asked].reaches(&id, &["completed"]).await;
        office.thread(&id).ends().await;
        office.thread(&id).shows_the_truth(&servers[approved]).await;
        assert_eq!(office.starts(&id), 1);
    }
    // More callers than the pooler has server processes.
    let servers = Arc::new(servers);
    let asking = (0..24).map(|n| {
        let servers = servers.clone();
        async move {
            let body = json!({"description": format!("at once {n}")});
            let answer = servers[n % 2].submitter().post("/api/submit", body).await;
            assert_eq!(answer.status, 202, "{answer:?}");
        }
    });
    join_all(asking).await;
    for n in 0..fleet.count() {
        let said = fleet.site(n).said();
        assert!(!said.contains("prepared statement"), "{said}");
        assert!(!said.contains("already a transaction"), "{said}");
    }
    office.close();
}

#[tokio::test]
async fn servers_work_through_a_pooler_and_hear_each_other_past_it() {
    let pooled = pooled(true).await;
    let servers = pooled.fleet.start().await;
    all_goes_its_way(&pooled.fleet, &servers).await;
}

#[tokio::test]
async fn servers_that_hear_nothing_of_each_other_look_by_themselves() {
    let pooled = pooled(false).await;
    let servers = pooled.fleet.start().await;
    all_goes_its_way(&pooled.fleet, &servers).await;
}
