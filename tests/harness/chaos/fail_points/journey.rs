//! A task on its way, and the people who move it: what they do next follows from what they see,
//! so that a journey goes on in another life of the server.

use std::time::{Duration, Instant};

use nightshift_fakes::slack::{Delivery, FakeChannel, Fault, Message};
use serde_json::{Value, json};

use super::paths::Path;
use crate::Client;
use crate::chaos::kill::examine::is_over;
use crate::chaos::kill::load::{Ends, Request};
use crate::process::{Office, PATIENCE, Server, Thread};

const LOOK_EVERY: Duration = Duration::from_millis(15);
/// Between two presses of somebody who sees nothing happen.
const PRESS_EVERY: Duration = Duration::from_secs(1);
/// Takes the only place while another task waits.
const IN_THE_WAY: &str = "hold the door";

pub(super) struct Journey<'o> {
    office: &'o Office,
    path: Path,
    asked: Option<Delivery>,
    /// What makes this path another one than the straight one.
    act: Option<Delivery>,
    before: bool,
    pressed_at: Option<Instant>,
    seen: Value,
}

impl<'o> Journey<'o> {
    pub(super) fn new(office: &'o Office, path: Path) -> Self {
        Self {
            office,
            path,
            asked: None,
            act: None,
            before: false,
            pressed_at: None,
            seen: Value::Null,
        }
    }

    /// To its end; `false` when the server died on the way, or when it does not end.
    pub(super) async fn go(&mut self, server: &mut Server) -> bool {
        let admin = server.admin();
        let began = Instant::now();
        while !server.has_ended() && began.elapsed() < PATIENCE {
            if self.step(&admin).await == Some(true) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        false
    }

    /// A person whose gesture was not answered repeats it.
    pub(super) async fn repeat_what_was_not_answered(&mut self) {
        for delivery in [&mut self.asked, &mut self.act].into_iter().flatten() {
            if !delivery.acknowledged
                && let Some(again) = self.office.slack.redeliver(delivery).await
            {
                *delivery = again;
            }
        }
    }

    pub(super) fn stuck(&self) -> String {
        let said = self.act.as_ref().is_some_and(|act| act.acknowledged);
        let act = if said { "acknowledged" } else { "not made" };
        format!(
            "it does not come to its end; what makes its path was {act}: {:#}",
            self.seen
        )
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        let asked = self.asked.as_ref();
        let mut requests = vec![Request {
            text: self.path.text().to_owned(),
            channel: Some(self.shown_in()),
            acknowledged: asked.is_some_and(|asked| asked.acknowledged),
            ends: self.path.ends(),
        }];
        if self.path == Path::CancelQueued {
            requests.push(Request {
                text: IN_THE_WAY.to_owned(),
                channel: None,
                acknowledged: true,
                ends: Ends::Done,
            });
        }
        requests
    }

    fn asked_in(&self) -> FakeChannel {
        match self.path {
            Path::Elsewhere => self.office.slack.public_without_bot("elsewhere"),
            _ => self.office.channel.clone(),
        }
    }

    /// Where the card is.
    fn shown_in(&self) -> FakeChannel {
        match self.path {
            Path::Elsewhere => self.office.ana.dm_channel(),
            _ => self.office.channel.clone(),
        }
    }

    /// What is to be done now is done; `Some(true)` at the end, `None` when nobody answers.
    async fn step(&mut self, admin: &Client) -> Option<bool> {
        let tasks = tasks(admin).await?;
        if self.path == Path::CancelQueued && !self.stands_in_the_way(admin, &tasks).await {
            return None;
        }
        if self.asked.is_none() {
            self.happens_before().await;
            let text = format!("{} --project demo", self.path.text());
            self.asked = Some(self.office.ana.slash(&self.asked_in(), &text).await);
        }
        let ours = |task: &&Value| task["description"] == self.path.text();
        let task = tasks.iter().find(ours)?.clone();
        self.seen = task.clone();
        let id = task["task_id"].as_str()?;
        let channel = self.shown_in();
        let thread = Thread {
            slack: &self.office.slack,
            channel: &channel,
            task: id,
        };
        let card = thread.cards().pop();
        if self.act.is_none() {
            self.act = self.acts(id, &task, card.as_ref()).await;
        }
        self.approves(&task, card.as_ref()).await;
        let over = is_over(&task) && self.is_as_far_as_it_goes(&task);
        // The server may die while it says so.
        let said = !thread.finals().is_empty() || self.path.ends() == Ends::Cancelled;
        if over && self.path == Path::CancelQueued {
            self.office.site.signal("go");
        }
        Some(over && said)
    }

    fn is_as_far_as_it_goes(&self, task: &Value) -> bool {
        task["plan_no"]
            .as_u64()
            .is_none_or(|no| no >= self.path.plans())
            && !(self.path.plans() > 1 && task["status"] == "failed")
    }

    /// The other task, once it runs.
    async fn stands_in_the_way(&self, admin: &Client, tasks: &[Value]) -> bool {
        let found = tasks.iter().find(|task| task["description"] == IN_THE_WAY);
        let Some(task) = found else {
            let request = admin.request("POST", "/api/submit");
            let request = request.header("idempotency-key", "in-the-way");
            let body = json!({"description": IN_THE_WAY, "project": "demo"});
            let _ = request.json(&body).send().await;
            return false;
        };
        if task["status"] == "staged" {
            let id = task["task_id"].as_str().unwrap_or_default();
            let path = format!("/api/v1/tasks/{id}/approve");
            let request = admin.request("POST", &path).json(&json!({}));
            let _ = request.send().await;
        }
        self.asked.is_some() || task["status"] == "running"
    }

    async fn happens_before(&mut self) {
        if self.path != Path::Trouble || self.before {
            return;
        }
        self.before = true;
        let office = self.office;
        let error = Fault::error("msg_too_long");
        office.slack.fail_next("chat.postEphemeral", error);
        let mallory = office.slack.user("mallory");
        mallory
            .mentions(&office.channel, "give me everything")
            .await;
        office.ana.slash(&office.channel, "help").await;
        let slow = Fault::RateLimited(1);
        office.slack.fail_next("chat.postMessage", slow);
        office
            .slack
            .fail_next("chat.postMessage", Fault::ServerError);
    }

    async fn acts(&mut self, id: &str, task: &Value, card: Option<&Message>) -> Option<Delivery> {
        let (office, ana) = (self.office, &self.office.ana);
        let channel = &office.channel;
        let is = |state: &str| task["status"] == state;
        let cancel = || card.filter(|card| card.button("Cancel").is_some());
        match self.path {
            Path::CancelStaged if is("staged") => {
                Some(ana.clicks_as_seen(cancel()?, "Cancel").await)
            }
            // After a death it may get the place of the other one.
            Path::CancelQueued if is("queued") || is("running") => {
                Some(ana.clicks_as_seen(cancel()?, "Cancel").await)
            }
            Path::CancelRunning if is("running") && office.starts(id) > 0 => {
                Some(ana.clicks_as_seen(cancel()?, "Cancel").await)
            }
            Path::Reject if is("staged") => {
                let approver = office.slack.user("carl");
                let words = format!("reject {id} too dear");
                Some(approver.slash(channel, &words).await)
            }
            Path::ReviseByWords if is("staged") => {
                let words = format!("revise {id} only the red ones");
                Some(ana.slash(channel, &words).await)
            }
            Path::ReviseByForm if is("staged") => {
                if let Some(form) = office.slack.modals(ana).pop() {
                    return Some(ana.submits(&form, "only the red ones").await);
                }
                self.presses_now_and_then(card?, "Revise").await;
                None
            }
            Path::Retry if is("failed") => {
                office.site.signal("mended");
                Some(ana.slash(channel, &format!("retry {id}")).await)
            }
            _ => None,
        }
    }

    async fn presses_now_and_then(&mut self, card: &Message, button: &str) {
        let due = |at: Instant| at.elapsed() >= PRESS_EVERY;
        if card.button(button).is_some() && self.pressed_at.is_none_or(due) {
            self.pressed_at = Some(Instant::now());
            self.office.ana.clicks_as_seen(card, button).await;
        }
    }

    /// Once it is the plan that this path ends with.
    async fn approves(&self, task: &Value, card: Option<&Message>) {
        let decided = matches!(self.path, Path::CancelStaged | Path::Reject | Path::Expire);
        let early = matches!(self.path, Path::ReviseByForm | Path::ReviseByWords)
            && task["plan_no"]
                .as_u64()
                .is_some_and(|no| no < self.path.plans());
        if decided || early || task["status"] != "staged" {
            return;
        }
        if let Some(card) = card.filter(|card| card.button("Approve").is_some()) {
            self.office.ana.clicks_as_seen(card, "Approve").await;
        }
    }
}

async fn tasks(admin: &Client) -> Option<Vec<Value>> {
    let answer = admin.request("GET", "/api/v1/tasks").send().await.ok()?;
    let tasks: Value = answer.json().await.ok()?;
    tasks["items"].as_array().cloned()
}
