//! One life of the server: our own child, so that its end is seen at once.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::installation::Installation;
use super::watch::eventually;
use crate::Client;

const LISTENS: &str = "NightShift listens on ";

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:…`
    pub url: String,
    stdout: PathBuf,
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub took: Duration,
}

impl Server {
    pub(super) async fn start(site: &Installation) -> Self {
        site.write_config();
        let mut server = Self::spawn(site, &["serve"]);
        server.url = server.address(site, LISTENS).await;
        let nobody = Client::new(&server.url, None);
        eventually("the server is ready", async || {
            (nobody.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        server
    }

    /// Starts it and waits for nothing.
    pub fn spawn(site: &Installation, words: &[&str]) -> Self {
        let (stdout, stderr) = site.next_life();
        let child = site
            .command()
            .args(words)
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("a log"))
            .stderr(File::create(&stderr).expect("a log"))
            .spawn()
            .expect("the binary starts");
        Self {
            child,
            url: String::new(),
            stdout,
        }
    }

    /// The address after these words on its standard output.
    pub async fn address(&mut self, site: &Installation, before: &str) -> String {
        eventually("the server says where it listens", async || {
            if let Some(status) = self.child.try_wait().expect("our child") {
                panic!("it ended with {status}:\n{}", site.said());
            }
            let said = std::fs::read_to_string(&self.stdout).ok()?;
            let whole = said.lines().find_map(|line| line.strip_prefix(before))?;
            // The line may be only half written.
            said.ends_with('\n').then(|| whole.to_owned())
        })
        .await
    }

    /// Whether it lives no more.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    /// A server that may die at any moment; `None` when it did before it listened.
    pub async fn start_doomed(site: &Installation) -> Option<Self> {
        site.write_config();
        let mut server = Self::spawn(site, &["serve"]);
        let listens = eventually("the server listens or dies", async || {
            if server.has_ended() {
                return Some(None);
            }
            let said = std::fs::read_to_string(&server.stdout).ok()?;
            let url = said.lines().find_map(|line| line.strip_prefix(LISTENS))?;
            said.ends_with('\n').then(|| Some(url.to_owned()))
        });
        server.url = listens.await?;
        Some(server)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    pub fn admin(&self) -> Client {
        Client::new(&self.url, Some(Installation::ADMIN_KEY))
    }

    pub fn submitter(&self) -> Client {
        Client::new(&self.url, Some(Installation::KEY))
    }

    pub async fn task(&self, id: &str) -> Value {
        let answer = self.admin().get(&format!("/api/v1/tasks/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Every task there is.
    pub async fn tasks(&self) -> Vec<Value> {
        let answer = self.admin().get("/api/v1/tasks?limit=1000").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until the task is in one of these states.
    pub async fn reaches(&self, id: &str, states: &[&str]) -> Value {
        let mut seen = Value::Null;
        eventually(&format!("{id} becomes {states:?}"), async || {
            seen = self.task(id).await;
            let state = seen["status"].as_str()?;
            let there = states.contains(&state);
            assert!(there || !is_terminal(state), "wanted {states:?}: {seen:#}");
            there.then_some(())
        })
        .await;
        seen
    }

    /// Asks over the API for work and returns the task's id once people may decide.
    pub async fn submit(&self, body: Value) -> String {
        let answer = self.submitter().post("/api/submit", body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id = answer.json()["task_id"].as_str().expect("an id").to_owned();
        self.reaches(&id, &["staged"]).await;
        id
    }

    pub async fn approve(&self, id: &str) {
        let path = format!("/api/v1/tasks/{id}/approve");
        let answer = self.submitter().post(&path, serde_json::json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Submits, approves, and waits for the end.
    pub async fn run(&self, body: Value) -> Value {
        let id = self.submit(body).await;
        self.approve(&id).await;
        self.reaches(&id, &["completed", "failed", "cancelled"])
            .await
    }

    /// The whole output of a task, as bytes.
    pub async fn output(&self, id: &str) -> Vec<u8> {
        let client = self.submitter();
        let mut output = Vec::new();
        loop {
            let path = format!(
                "/api/v1/tasks/{id}/logs?offset={}&limit=65536",
                output.len()
            );
            let request = client.request("GET", &path);
            let request = request.header("accept", "application/octet-stream");
            let answer = client.send(request).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if answer.body.is_empty() {
                return output;
            }
            output.extend(answer.body);
        }
    }

    /// `kill -9`; returns when it is gone and reaped.
    pub fn kill_9(mut self) {
        self.child.kill().expect("our child");
        self.child.wait().expect("our child");
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("our child");
    }

    /// SIGTERM, and the end within the deadline.
    pub async fn terminate(self, within: Duration) -> Ended {
        self.signal(Signal::SIGTERM);
        self.ended(within).await
    }

    /// Waits for its end.
    pub async fn ended(mut self, within: Duration) -> Ended {
        let started = Instant::now();
        eventually("the server ends", async || {
            let status = self.child.try_wait().expect("our child");
            let took = started.elapsed();
            assert!(
                status.is_some() || took < within,
                "still there after {took:?}"
            );
            status.map(|status| Ended {
                code: status.code(),
                took,
            })
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn is_terminal(state: &str) -> bool {
    matches!(state, "completed" | "failed" | "cancelled" | "expired")
}
