//! A disk that is full: nothing is acknowledged that is not stored, and it passes by itself.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use harness::Client;
use harness::process::{Installation, Server, eventually};
use serde_json::json;

/// Room for the database and its log, and little more.
const DISK: &str = "4m";

/// The server's own view of its data directory.
fn filler(site: &Installation, server: &Server) -> PathBuf {
    let inside = site.data_dir().join("filler");
    let inside = inside
        .strip_prefix("/")
        .expect("an absolute path")
        .to_owned();
    PathBuf::from(format!("/proc/{}/root", server.pid())).join(inside)
}

/// Writes until nothing more goes in.
fn fill(path: &PathBuf) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
}

async fn is_ready(nobody: &Client) -> bool {
    nobody.get("/readyz").await.status == 200
}

#[tokio::test]
async fn a_full_disk_turns_it_red_loses_nothing_and_passes_by_itself() {
    let mut site = Installation::new();
    site.disk = Some(DISK);
    let server = site.start().await;
    let nobody = Client::new(&server.url, None);
    let before = server.submit(json!({"description": "before"})).await;

    let filler = filler(&site, &server);
    fill(&filler);
    eventually("it is not ready", async || {
        (!is_ready(&nobody).await).then_some(())
    })
    .await;
    let large = "x".repeat(300_000);
    let answer = server
        .submitter()
        .post("/api/submit", json!({"description": large}))
        .await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.code(), "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    // Reading needs no room.
    assert_eq!(server.task(&before).await["description"], "before");

    std::fs::remove_file(&filler).expect("space");
    eventually("it is ready again", async || {
        is_ready(&nobody).await.then_some(())
    })
    .await;
    let after = server.submit(json!({"description": "after"})).await;
    let known: Vec<String> = server
        .tasks()
        .await
        .iter()
        .map(|task| task["task_id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(known, [after, before], "{}", site.said());
}
