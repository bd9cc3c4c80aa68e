//! People who ask and press while the server is killed under them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures_util::future::join_all;
use nightshift_fakes::slack::{Delivery, FakeChannel, FakeUser};
use serde_json::{Value, json};

use crate::Client;
use crate::chaos::Dice;
use crate::process::{Office, Thread};

/// Requests of one life.
const REQUESTS: u64 = 5;
/// Deliveries of earlier lives that come once more in each life.
const LATE_COPIES: usize = 3;

#[derive(Debug)]
pub(in crate::chaos) struct Request {
    pub(in crate::chaos) text: String,
    /// Where it was said; `None` over the API.
    pub(in crate::chaos) channel: Option<FakeChannel>,
    pub(in crate::chaos) acknowledged: bool,
    pub(in crate::chaos) ends: Ends,
}

/// How a task is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chaos) enum Ends {
    /// Completed, unless its attempts were lost too often.
    Done,
    Cancelled,
    Rejected,
    Expired,
}

impl Ends {
    pub(in crate::chaos) fn fits(self, task: &Value) -> bool {
        let reason = task["reason"].as_str().unwrap_or_default();
        match (self, task["status"].as_str().unwrap_or_default()) {
            (Self::Done, "completed") | (Self::Expired, "expired") => true,
            (Self::Done, "failed") => reason == "lost",
            (Self::Cancelled, "cancelled") => reason.starts_with("cancelled_by"),
            (Self::Rejected, "cancelled") => reason.starts_with("rejected_by"),
            _ => false,
        }
    }
}

/// The load of one round, and what it was told.
pub(in crate::chaos) struct Load {
    carl: FakeUser,
    dice: Dice,
    pub(in crate::chaos) asked: Vec<Request>,
    /// Tasks whose approval by the admin the API acknowledged.
    pub(in crate::chaos) approved: Vec<String>,
    /// Those of them that waited for an approval again in a later life.
    pub(in crate::chaos) unapproved: Mutex<BTreeSet<String>>,
    delivered: Vec<Delivery>,
}

/// How somebody asks.
#[derive(Clone, Copy)]
enum Way {
    Command,
    Mention,
    Api,
}

impl Load {
    pub(in crate::chaos) fn new(office: &Office, seed: u64) -> Self {
        Self {
            carl: office.slack.user("carl"),
            dice: Dice::new(seed),
            asked: Vec::new(),
            approved: Vec::new(),
            unapproved: Mutex::default(),
            delivered: Vec::new(),
        }
    }

    /// Requests that were made elsewhere.
    pub(in crate::chaos) fn of(office: &Office, asked: Vec<Request>) -> Self {
        let mut load = Self::new(office, 0);
        load.asked = asked;
        load
    }

    /// One life of the server; ends with it.
    pub(in crate::chaos) async fn cycle(
        &mut self,
        office: &Office,
        (admin, submitter): (Client, Client),
        cycle: u64,
    ) {
        let mut wishes: Vec<(u64, Way)> = (0..REQUESTS)
            .map(|number| {
                (
                    number,
                    [Way::Command, Way::Mention, Way::Api][(number % 3) as usize],
                )
            })
            .collect();
        self.dice.shuffle(&mut wishes);
        self.dice.shuffle(&mut self.delivered);
        let late: Vec<Delivery> = self.delivered.iter().take(LATE_COPIES).cloned().collect();
        let channels: Vec<FakeChannel> = wishes
            .iter()
            .map(|(number, _)| office.slack.channel(&format!("room{cycle}x{number}")))
            .collect();
        let asking = join_all(
            wishes
                .iter()
                .zip(&channels)
                .map(|((number, way), channel)| {
                    let text = format!("errand {cycle} of {number}");
                    ask(office, &submitter, *way, channel, text)
                }),
        );
        let copying = join_all(late.iter().map(|delivery| office.slack.redeliver(delivery)));
        let approved = Mutex::new(Vec::new());
        let pressing = self.press(office, &admin, &channels, &approved);
        let (asked, _, ()) = tokio::join!(asking, copying, pressing);
        for (request, deliveries) in asked {
            self.asked.push(request);
            self.delivered.extend(deliveries);
        }
        self.approved
            .extend(approved.into_inner().expect("no panic"));
    }

    /// Whatever can be approved is approved by three people at once, one of them twice.
    async fn press(
        &self,
        office: &Office,
        admin: &Client,
        channels: &[FakeChannel],
        approved: &Mutex<Vec<String>>,
    ) {
        while let Ok(tasks) = staged(admin).await {
            for task in &tasks {
                if self.approved.contains(task) {
                    let mut unapproved = self.unapproved.lock().expect("no panic");
                    unapproved.insert(task.clone());
                }
                let presses = channels
                    .iter()
                    .map(|channel| self.press_card(office, task, channel));
                let path = format!("/api/v1/tasks/{task}/approve");
                let call = admin.request("POST", &path).json(&json!({})).send();
                let (_, called) = tokio::join!(join_all(presses), call);
                if called.is_ok_and(|answer| answer.status().is_success()) {
                    approved.lock().expect("no panic").push(task.clone());
                }
            }
        }
    }

    async fn press_card(&self, office: &Office, task: &str, channel: &FakeChannel) {
        let thread = Thread {
            slack: &office.slack,
            channel,
            task,
        };
        let card = thread.cards().pop();
        if let Some(card) = card.filter(|card| card.button("Approve").is_some()) {
            let ana = &office.ana;
            tokio::join!(
                ana.clicks_as_seen(&card, "Approve"),
                self.carl.clicks_as_seen(&card, "Approve"),
                ana.clicks_as_seen(&card, "Approve"),
            );
        }
    }
}

/// The ids of tasks that wait for a decision. An error says that the server is gone.
async fn staged(admin: &Client) -> Result<Vec<String>, reqwest::Error> {
    let request = admin.request("GET", "/api/v1/tasks?status=staged");
    let tasks: Value = request.send().await?.json().await.unwrap_or_default();
    let ids = tasks["items"].as_array().into_iter().flatten();
    Ok(ids
        .filter_map(|task| task["task_id"].as_str().map(str::to_owned))
        .collect())
}

/// Asks, every delivery twice.
async fn ask(
    office: &Office,
    submitter: &Client,
    way: Way,
    channel: &FakeChannel,
    text: String,
) -> (Request, Vec<Delivery>) {
    let said = format!("{text} --project demo");
    let (deliveries, acknowledged) = match way {
        Way::Command => {
            let request = office.ana.slash_request(channel, &said);
            let (first, second) = tokio::join!(
                office.slack.send(request.clone()),
                office.slack.send(request)
            );
            let acknowledged = first.acknowledged || second.acknowledged;
            (vec![first], acknowledged)
        }
        Way::Mention => {
            let said = office.ana.mentions(channel, &said).await;
            if let Some(delivery) = said.deliveries.first() {
                office.slack.redeliver(delivery).await;
            }
            // An unanswered event is sent again later, and must have arrived in the end.
            (said.deliveries, true)
        }
        Way::Api => {
            let (first, second) =
                tokio::join!(submitted(submitter, &text), submitted(submitter, &text));
            (Vec::new(), first || second)
        }
    };
    let channel = match way {
        Way::Api => None,
        Way::Command | Way::Mention => Some(channel.clone()),
    };
    let request = Request {
        text,
        channel,
        acknowledged,
        ends: Ends::Done,
    };
    (request, deliveries)
}

/// One try of a client that repeats itself under its own key.
async fn submitted(submitter: &Client, text: &str) -> bool {
    let request = submitter
        .request("POST", "/api/submit")
        .header("idempotency-key", text.replace(' ', "-"))
        .json(&json!({"description": text, "project": "demo"}));
    let answer = request.send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}
