//! Somebody sets the machine's clock: nothing expires, nothing runs twice, and it is said.

use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::process::{Installation, eventually};
use harness::{API_KEY, World};
use serde_json::json;

const DAY_MS: i64 = 24 * 3600 * 1000;

#[tokio::test]
async fn a_clock_that_is_set_expires_nothing_and_is_told_once() {
    let w = World::new().await;
    let asked = w.asks("ana", "decide tomorrow").await;
    let (task, run) = w.starts("ana", "run through it").await;
    for (ahead, way) in [(DAY_MS, "forward by 1d"), (-DAY_MS, "back by 2d")] {
        w.clock.set_machine_ahead(ahead);
        w.advance(Duration::from_secs(30)).await;
        assert_eq!(w.state(&task.id).await, "running");
        assert_eq!(w.state(&asked.id).await, "staged");
        let log = w.log.text();
        let told: Vec<&str> = log.lines().filter(|line| line.contains(way)).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("timedatectl"), "{told:?}");
        let health = w.api(API_KEY).get("/health").await.json();
        assert_eq!(health["clock"]["ok"], false, "{health}");
        assert_eq!(health["clock"]["ahead_seconds"], ahead as f64 / 1000.0);
    }
    w.clock.set_machine_ahead(0);
    w.advance(Duration::from_secs(30)).await;
    let health = w.api(API_KEY).get("/health").await.json();
    assert_eq!(health["clock"], json!({"ok": true, "ahead_seconds": 0.0}));
    assert!(w.log.text().contains("agree again"));
    run.answers("Ran through it.");
    w.settle().await;
    assert_eq!(
        (w.state(&task.id).await, w.agent.runs().len()),
        ("completed", 1)
    );
    w.leave().await;
}

#[tokio::test]
async fn signatures_are_compared_with_the_machines_clock() {
    let w = World::new().await;
    // Slack's clock is right; ours went wrong with the machine's and has not caught up.
    w.clock.set_machine_ahead(DAY_MS);
    let task = w.asks("ana", "believe me").await;
    assert_eq!(w.state(&task.id).await, "staged");
    w.leave().await;
}

/// Moves the machine's clock for one server alone.
struct FakeTime {
    offset: PathBuf,
}

impl FakeTime {
    fn on(site: &mut Installation) -> Self {
        let library = library();
        let offset = site.path("clock");
        let fake = Self { offset };
        fake.set("+0");
        let text = |path: &Path| path.display().to_string();
        site.environment.extend([
            ("LD_PRELOAD".to_owned(), text(&library)),
            ("FAKETIME_TIMESTAMP_FILE".to_owned(), text(&fake.offset)),
            ("FAKETIME_NO_CACHE".to_owned(), "1".to_owned()),
            // The time that nobody can set.
            ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
            ("DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
        ]);
        fake
    }

    /// `+1d`, `-1d`
    fn set(&self, offset: &str) {
        // In one step: the server reads it at any moment.
        let next = self.offset.with_extension("next");
        std::fs::write(&next, format!("{offset}\n")).expect("a file");
        std::fs::rename(&next, &self.offset).expect("a file");
    }
}

fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").expect("libraries");
    let mut places: Vec<PathBuf> = places.flatten().map(|place| place.path()).collect();
    places.push("/usr/lib".into());
    let found = places
        .iter()
        .map(|place| place.join("faketime/libfaketime.so.1"))
        .find(|path| path.is_file());
    found.expect("the package faketime; `cargo xtask test` installs it")
}

async fn ahead(server: &harness::process::Server) -> f64 {
    let health = server.admin().get("/health").await.json();
    health["clock"]["ahead_seconds"].as_f64().expect("a number")
}

#[tokio::test]
async fn a_day_forward_and_two_back_change_nothing_that_runs_or_waits() {
    let mut site = Installation::new();
    let clock = FakeTime::on(&mut site);
    site.agent(
        "probe",
        "echo run >>runs; until [ -e go ]; do sleep 0.02; done; echo done",
    );
    let server = site.start().await;
    let waiting = server.submit(json!({"description": "decide later"})).await;
    let running = server
        .submit(json!({"description": "run on", "project": "demo"}))
        .await;
    server.approve(&running).await;
    eventually("it runs", async || (site.runs().len() == 1).then_some(())).await;

    for (offset, days) in [("+1d", 1.0), ("-1d", -1.0)] {
        clock.set(offset);
        eventually("the leap is measured", async || {
            (ahead(&server).await / 86_400.0 - days)
                .abs()
                .lt(&0.01)
                .then_some(())
        })
        .await;
        // More than a lease of five seconds: who were given up would be so by now.
        let seen = std::time::Instant::now();
        eventually("a lease has passed", async || {
            (seen.elapsed() > Duration::from_secs(7)).then_some(())
        })
        .await;
        assert_eq!(server.task(&running).await["status"], "running");
        assert_eq!(server.task(&waiting).await["status"], "staged");
    }
    let said = site.said();
    assert!(said.contains("set forward by 1d"), "{said}");
    assert!(said.contains("set back by"), "{said}");

    // What is asked for now is planned and run now, not in a day.
    let now = server
        .submit(json!({"description": "at once", "project": "demo"}))
        .await;
    server.approve(&now).await;
    eventually("it runs", async || (site.runs().len() == 2).then_some(())).await;
    site.signal("go");
    for id in [&running, &now] {
        server.reaches(id, &["completed"]).await;
    }
    assert_eq!(site.runs().len(), 2, "nothing ran twice");

    // A start with a clock that is a day behind what was written.
    let before = server.task(&now).await["completed_at"].clone();
    server.terminate(Duration::from_secs(10)).await;
    clock.set("-3d");
    let server = site.start().await;
    assert_eq!(server.task(&waiting).await["status"], "staged");
    let after = server.submit(json!({"description": "afterwards"})).await;
    let created = server.task(&after).await["created_at"].clone();
    assert!(
        created.as_str() > before.as_str(),
        "{created} is not after {before}"
    );
    assert!(site.said().contains("timedatectl"));
    let events = server.admin().get("/api/v1/events?limit=1000").await.json();
    let times: Vec<&str> = events["items"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["at"].as_str())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}
