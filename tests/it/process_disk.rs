//! A disk that is full: nothing is acknowledged that is not stored, and it passes by itself. One
//! that fails: it does not pass, and the service ends.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::Client;
use harness::process::{Installation, PATIENCE, Server, eventually};
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

/// Submits until the server is gone, and returns what it acknowledged: nothing after it had
/// refused for the first time.
async fn submits_to_the_end(server: &Server) -> Vec<String> {
    let (client, mut acknowledged) = (server.submitter(), Vec::new());
    let (began, mut refused) = (Instant::now(), false);
    while began.elapsed() < PATIENCE {
        let request = client.request("POST", "/api/submit");
        let request = request.json(&json!({"description": "one of many"}));
        let Ok(answer) = request.send().await else {
            return acknowledged;
        };
        if answer.status().is_success() {
            assert!(!refused, "acknowledged after a failure");
            let body: serde_json::Value = answer.json().await.expect("JSON");
            let id = body["task_id"].as_str().expect("an id");
            acknowledged.push(id.to_owned());
        } else {
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
            refused = true;
        }
    }
    panic!("it did not end");
}

/// Nothing is acknowledged after the first failure, even where the next try would succeed; the
/// service says why and ends, and its next life has all that was acknowledged.
async fn a_disk_that_fails(fault: &'static str) {
    let mut site = Installation::new();
    // The tables are made while all is well.
    let server = site.start().await;
    assert_eq!(
        server.terminate(Duration::from_secs(10)).await.code,
        Some(0)
    );
    site.disturb(fault);
    let server = site.start().await;
    let acknowledged = submits_to_the_end(&server).await;
    assert!(!acknowledged.is_empty(), "it failed too early to tell");
    let ended = server.ended(Duration::from_secs(5)).await;
    assert_eq!(ended.code, Some(1), "{}", site.said());
    let said = site.said();
    let database = site.data_dir().join("nightshift.sqlite");
    let why = format!("the disk under {} failed", database.display());
    assert!(said.contains(&why), "{said}");

    site.soothe();
    let server = site.start().await;
    let known = server.tasks().await;
    for id in &acknowledged {
        assert!(
            known.iter().any(|task| task["task_id"] == **id),
            "{id} was acknowledged and is lost"
        );
    }
    server.submit(json!({"description": "as before"})).await;
}

#[tokio::test]
async fn a_sync_that_fails_once_ends_the_service() {
    // A second sync of the same file would report success.
    a_disk_that_fails("fdatasync,fsync:error=EIO:when=30").await;
}

#[tokio::test]
async fn a_write_that_fails_once_ends_the_service() {
    a_disk_that_fails("pwrite64:error=EIO:when=150").await;
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_ends_the_service() {
    a_disk_that_fails("pwrite64,fdatasync,fsync:error=EROFS:when=150+").await;
}
