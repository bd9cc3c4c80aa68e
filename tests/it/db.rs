//! The database from outside: checked and copied beside its server, restored, and every file that
//! a server must not work on refused and left as it is.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::process::{Installation, PATIENCE, Ran, eventually};
use serde_json::json;

/// The database and whatever lies beside it under its name.
fn files(site: &Installation) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(site.data_dir()).expect("the data directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("nightshift.sqlite"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), std::fs::read(&path).expect("a file"))
        })
        .collect()
}

async fn copied(site: &Installation, to: &Path) -> Ran {
    let to = to.to_string_lossy().into_owned();
    site.nightshift(&["db", "backup", "--to", &to]).await
}

#[tokio::test]
async fn a_backup_made_beside_the_server_is_restored_and_goes_on() {
    let mut site = Installation::new();
    let server = site.start().await;
    let id = server.submit(json!({"description": "kept"})).await;
    server.reaches(&id, &["staged"]).await;
    let checked = site.nightshift(&["db", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stdout.contains("is in order"), "{checked:?}");
    let to = site.path("copy.sqlite");
    let made = copied(&site, &to).await;
    assert_eq!(made.code, 0, "{made:?}");
    for word in ["copy.sqlite", "bytes", "results"] {
        assert!(made.stdout.contains(word), "{word}: {made:?}");
    }
    let rights = std::fs::metadata(&to).expect("a copy").permissions();
    assert_eq!(rights.mode() & 0o777, 0o600);
    let later = server.submit(json!({"description": "too late"})).await;
    let again = copied(&site, &to).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    server.kill_9();

    std::fs::rename(site.data_dir(), site.path("lost")).expect("the old data");
    std::fs::create_dir(site.data_dir()).expect("a directory");
    std::fs::copy(&to, site.data_dir().join("nightshift.sqlite")).expect("the copy");
    site.config["remote"]["timers"]["self_check"] = "1s".into();
    let server = site.start().await;
    let known: Vec<_> = server.tasks().await;
    assert_eq!(known.len(), 1, "{known:#?}");
    assert_ne!(known[0]["task_id"], later.as_str());
    let answer = server
        .admin()
        .post(&format!("/api/v1/tasks/{id}/approve"), json!({}))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.reaches(&id, &["completed"]).await;
    let health = server.admin().get("/health").await.json();
    assert_eq!(health["store"]["broken_invariants"], json!([]), "{health}");
}

#[tokio::test]
async fn what_is_not_in_order_is_one_line_each_and_the_auditor_tells_of_it() {
    let mut site = Installation::new();
    let missing = site.nightshift(&["db", "check"]).await;
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.stderr.contains("no database"), "{missing:?}");
    let server = site.start().await;
    let task = server.run(json!({"description": "done"})).await;
    server.terminate(PATIENCE).await;
    let database = site.data_dir().join("nightshift.sqlite");
    let before = files(&site);
    assert_eq!(before.len(), 1, "{:?}", before.keys());
    let well = site.nightshift(&["db", "check", "--json"]).await;
    assert_eq!(well.code, 0, "{well:?}");
    let well = well.json();
    assert_eq!(well["items"], json!([]));
    assert_eq!(well["schema"], well["newest_schema"]);
    assert_eq!(files(&site), before, "a check leaves no trace");

    // A word in a row becomes another one of the same length.
    let mut bytes = before["nightshift.sqlite"].clone();
    let state = b"completed";
    let id = task["task_id"].as_str().expect("an id").as_bytes();
    let mut torn = 0;
    for at in 0..bytes.len() - 400 {
        if bytes[at..].starts_with(id)
            && let Some(near) = bytes[at..at + 200].windows(9).position(|it| it == state)
        {
            bytes[at + near..at + near + 9].copy_from_slice(b"cancelled");
            torn += 1;
        }
    }
    assert!(torn > 0);
    std::fs::write(&database, &bytes).expect("the database");
    let sick = site.nightshift(&["db", "check"]).await;
    assert_eq!(sick.code, 1, "{sick:?}");
    assert!(
        sick.stdout
            .lines()
            .any(|line| line.starts_with("invariant: I8: ") || line.starts_with("integrity: ")),
        "{sick:?}"
    );

    // A server does not look for that at its start; the auditor does.
    site.config["remote"]["timers"]["self_check"] = "1s".into();
    let server = site.start().await;
    eventually("the auditor tells of it", async || {
        let health = server.admin().get("/health").await.json();
        let broken = health["store"]["broken_invariants"].as_array()?.first()?;
        broken.as_str()?.starts_with("I8: ").then_some(())
    })
    .await;
    assert!(site.said().contains("Stored rows contradict each other"));
}

/// A refusal names the file and the next step, ends with code 1, and changes nothing.
async fn refuses(site: &Installation, words: &[&str]) {
    let before = files(site);
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for word in words {
        assert!(refused.stderr.contains(word), "{word}: {refused:?}");
    }
    assert_eq!(files(site), before, "{words:?}");
}

fn with_file(content: &[u8]) -> Installation {
    let site = Installation::new();
    std::fs::create_dir_all(site.data_dir()).expect("a directory");
    std::fs::write(site.data_dir().join("nightshift.sqlite"), content).expect("a file");
    site
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let text = with_file(b"a letter to my mother, longer than a hundred bytes or so");
    refuses(&text, &["nightshift.sqlite", "damaged or no", "backup"]).await;
    let stub = with_file(b"SQLite format 3\0and then nothing of the kind");
    refuses(&stub, &["nightshift.sqlite", "damaged or no", "backup"]).await;

    let used = Installation::new();
    let server = used.start().await;
    server.run(json!({"description": "fill"})).await;
    refuses(&used, &["another server uses", "--data-dir"]).await;
    server.terminate(PATIENCE).await;
    let mut bytes = files(&used).remove("nightshift.sqlite").expect("a file");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(used.data_dir().join("nightshift.sqlite"), bytes).expect("a file");
    refuses(&used, &["nightshift.sqlite", "damaged or no", "backup"]).await;
    let checked = used.nightshift(&["db", "check"]).await;
    assert_eq!(checked.code, 1, "{checked:?}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused() {
    let mut site = Installation::new();
    // A file system that is mounted read-only.
    site.disk = Some("4m,ro");
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for word in [site.data_dir().to_string_lossy().as_ref(), "--data-dir"] {
        assert!(refused.stderr.contains(word), "{word}: {refused:?}");
    }
    // A disk with room for nothing.
    site.disk = Some("48k");
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for word in ["no space is left", "free some"] {
        assert!(refused.stderr.contains(word), "{word}: {refused:?}");
    }
    site.disk = None;
    std::fs::remove_dir_all(site.data_dir()).expect("an empty directory");
    std::fs::write(site.data_dir(), "a file").expect("a file");
    let refused = site.refused().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("--data-dir"), "{refused:?}");
}
