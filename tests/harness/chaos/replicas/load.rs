//! Programs and people who ask through any server, and try again through another one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Plan;
use crate::Client;
use crate::chaos::Dice;
use crate::chaos::linear::{Call, Told};
use crate::process::{Fleet, Installation, Server};

/// Of the tasks, one in so many is approved by people who race for it.
const RACED: u64 = 20;
/// One in so many takes a moment.
const SLOW: u64 = 10;
/// An answer that takes longer is none: the server may be frozen, and another one is asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Between two tries of a client that was not answered.
const AGAIN: Duration = Duration::from_millis(50);

/// Where the servers are now, and what was acknowledged.
pub(super) struct Load {
    addresses: Mutex<Vec<String>>,
    any: Client,
    tasks: u64,
    clients: usize,
    next: AtomicU64,
    dice: Mutex<Dice>,
    /// Text → id, of what was acknowledged.
    pub(super) acknowledged: Mutex<BTreeMap<String, String>>,
    /// The calls that raced, by task.
    pub(super) raced: Mutex<BTreeMap<String, Vec<Call>>>,
}

impl Load {
    pub(super) fn new(_fleet: &Fleet, servers: &[Server], plan: &Plan, seed: u64) -> Self {
        Self {
            addresses: Mutex::new(servers.iter().map(|server| server.url.clone()).collect()),
            any: Client::new("", None),
            tasks: plan.tasks,
            clients: plan.clients,
            next: AtomicU64::new(0),
            dice: Mutex::new(Dice::new(seed)),
            acknowledged: Mutex::default(),
            raced: Mutex::default(),
        }
    }

    /// A server has another address after each start.
    pub(super) fn moved(&self, n: usize, url: &str) {
        url.clone_into(&mut self.addresses.lock().expect("no panic")[n]);
    }

    pub(super) fn progress(&self) -> u64 {
        self.acknowledged.lock().expect("no panic").len() as u64
    }

    pub(super) fn races(&self) -> u64 {
        self.raced.lock().expect("no panic").len() as u64
    }

    pub(super) fn calls(&self) -> u64 {
        let raced = self.raced.lock().expect("no panic");
        raced.values().map(|calls| calls.len() as u64).sum()
    }

    fn any_address(&self) -> String {
        let addresses = self.addresses.lock().expect("no panic");
        let n = self
            .dice
            .lock()
            .expect("no panic")
            .below(addresses.len() as u64);
        addresses[n as usize].clone()
    }

    fn client(&self, key: &str) -> Client {
        self.any.with(&self.any_address(), key)
    }

    pub(super) async fn run(&self) {
        join_all((0..self.clients).map(|_| self.ask_on())).await;
    }

    async fn ask_on(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.tasks {
                return;
            }
            let raced = number.is_multiple_of(RACED);
            let slow = if number % SLOW == 1 { "slow " } else { "" };
            let text = format!("{slow}errand {number}");
            let id = self.submit(&text, !raced).await;
            if raced {
                self.race(&id).await;
            }
        }
    }

    /// Asks until somebody says yes; the key makes one task of all tries.
    async fn submit(&self, text: &str, granted: bool) -> String {
        let key = if granted {
            Installation::ADMIN_KEY
        } else {
            Installation::KEY
        };
        loop {
            let request = self.client(key).request("POST", "/api/submit");
            let request = request
                .header("idempotency-key", text.replace(' ', "-"))
                .json(&json!({"description": text, "project": "demo", "auto_approve": granted}));
            let answer = request.timeout(ANSWER_WITHIN).send().await;
            if let Ok(answer) = answer
                && answer.status().is_success()
                && let Ok(body) = answer.json::<Value>().await
                && let Some(id) = body["task_id"].as_str()
            {
                let mut acknowledged = self.acknowledged.lock().expect("no panic");
                acknowledged.insert(text.to_owned(), id.to_owned());
                return id.to_owned();
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The owner and an admin approve at once, each through several servers, until somebody is
    /// told that it is decided.
    async fn race(&self, id: &str) {
        let path = format!("/api/v1/tasks/{id}/approve");
        loop {
            let calls = (0..4).map(|n| {
                let (by, key) = match n % 2 {
                    0 => ("user_api", Installation::KEY),
                    _ => ("user_dora", Installation::ADMIN_KEY),
                };
                self.approve(&path, by, key)
            });
            let calls = join_all(calls).await;
            let over = calls.iter().any(|call| call.told != Told::Nothing);
            self.note(id, calls);
            if over {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn note(&self, id: &str, calls: Vec<Call>) {
        let mut raced = self.raced.lock().expect("no panic");
        raced.entry(id.to_owned()).or_default().extend(calls);
    }

    async fn approve(&self, path: &str, by: &str, key: &str) -> Call {
        let client = self.client(key);
        let request = client.request("POST", path).json(&json!({}));
        let asked = Instant::now();
        let answer = request.timeout(ANSWER_WITHIN).send().await;
        let told = match answer {
            Ok(answer) if answer.status().is_success() => Told::Granted,
            Ok(answer) => {
                let body = answer.json::<Value>().await.unwrap_or_default();
                match body["error"]["code"].as_str() {
                    Some("decided") => Told::Decided,
                    // Not planned yet, or run already; or nobody was there.
                    _ => Told::Nothing,
                }
            }
            Err(_) => Told::Nothing,
        };
        Call {
            by: by.to_owned(),
            asked,
            answered: Instant::now(),
            told,
        }
    }
}
