//! The start: what an earlier life left is brought back before anybody can connect.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use harness::Client;
use harness::process::{Installation, Server, eventually};
use serde_json::json;

/// What each sync of the recovery takes here; far more than an answer.
const SLOW: Duration = Duration::from_secs(3);

#[tokio::test]
async fn the_port_is_closed_until_all_is_recovered() {
    let mut site = Installation::new();
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address");
    drop(port);
    site.config["remote"]["trigger_service"]["listen"] = address.to_string().into();
    site.agent("probe", "echo here; while :; do sleep 0.05; done");
    let server = site.start().await;
    let id = server.submit(json!({"description": "stay"})).await;
    server.approve(&id).await;
    server.reaches(&id, &["running"]).await;
    server.kill_9();

    site.disturb("fdatasync,fsync:delay_enter=3000000:when=1..3");
    let mut server = Server::spawn(&site, &["serve"]);
    let (mut refused, began) = (0, Instant::now());
    eventually("it listens", async || {
        let open = TcpStream::connect(address).is_ok();
        refused += usize::from(!open);
        open.then_some(())
    })
    .await;
    assert!(
        refused > 0 && began.elapsed() >= SLOW,
        "the recovery was slow"
    );
    // Whoever gets in is answered at once, and sees the recovered state. Reading needs no sync.
    let connected = Instant::now();
    server.url = format!("http://{address}");
    let alive = Client::new(&server.url, None).get("/healthz").await;
    assert_eq!(alive.status, 200);
    assert!(connected.elapsed() < SLOW, "{:?}", connected.elapsed());
    let task = server.task(&id).await;
    let lost = server.admin().get("/api/v1/events?type=attempt.lost").await;
    assert_eq!(
        lost.json()["items"].as_array().map(Vec::len),
        Some(1),
        "{task:#}"
    );
}
