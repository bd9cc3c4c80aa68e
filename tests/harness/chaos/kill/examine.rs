//! What is left after many kills, held against what was acknowledged.

use std::collections::BTreeSet;

use nightshift_fakes::slack::Message;
use serde_json::{Value, json};

use super::Killed;
use super::load::{Load, Request};
use crate::process::{Office, Server, Thread, eventually};

const DUPLICATE: &str = "sent again, may be a duplicate";

pub(in crate::chaos) async fn examine(
    office: &Office,
    server: &Server,
    load: Load,
    total: &mut Killed,
) {
    let tasks = finish_all(server).await;
    total.asked += load.asked.len() as u64;
    total.tasks += tasks.len() as u64;
    total.approvals += load.approved.len() as u64;
    for request in &load.asked {
        requested(request, &tasks, total);
    }
    let runs = office.site.runs();
    total.starts += runs.len() as u64;
    let once: BTreeSet<&String> = runs.iter().collect();
    let overlaps = std::fs::read_to_string(office.site.project().join("overlaps"));
    let overlaps = overlaps.unwrap_or_default();
    for overlap in overlaps.lines() {
        total.double_runs += 1;
        total.found(format!("ran beside another attempt: {overlap}"));
    }
    if once.len() < runs.len() {
        total.double_runs += (runs.len() - once.len()) as u64;
        total.found(format!("an attempt began twice: {runs:?}"));
    }
    for task in &tasks {
        let id = task["task_id"].as_str().expect("an id");
        let events = events(server, id).await;
        decided(id, task, &events, &load, total);
        started(id, &events, &runs, total);
        let request = load.asked.iter().find(|it| task["description"] == *it.text);
        if let Some(channel) = request.and_then(|it| it.channel.as_ref()) {
            let slack = &office.slack;
            let thread = Thread {
                slack,
                channel,
                task: id,
            };
            told(&thread, server, task, total).await;
        }
    }
    let violations = office.slack.violations();
    if !violations.is_empty() {
        total.misfits += 1;
        total.found(format!("against the platform's rules: {violations:?}"));
    }
}

/// Approves what waits, and waits for the end of everything; then all tasks.
async fn finish_all(server: &Server) -> Vec<Value> {
    let admin = server.admin();
    let (mut tasks, mut over) = (Vec::new(), 0);
    // Patience is for the next task to end, not for all of them.
    loop {
        let before = over;
        let done = eventually("another task ends", async || {
            tasks = server.tasks().await;
            for task in tasks.iter().filter(|task| task["status"] == "staged") {
                let path = format!("/api/v1/tasks/{}/approve", task["task_id"].as_str()?);
                admin.post(&path, json!({})).await;
            }
            over = tasks.iter().filter(|task| is_over(task)).count();
            (over > before || over == tasks.len()).then_some(over == tasks.len())
        });
        if done.await {
            assert!(tasks.len() < 1000, "the list has another page");
            return tasks;
        }
    }
}

fn is_over(task: &Value) -> bool {
    matches!(task["status"].as_str(), Some("completed" | "failed"))
}

async fn events(server: &Server, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/tasks/{id}/events?limit=1000");
    let answer = server.admin().get(&path).await.json();
    answer["items"].as_array().cloned().unwrap_or_default()
}

/// An acknowledged request made one task; none made two.
fn requested(request: &Request, tasks: &[Value], total: &mut Killed) {
    let found = tasks
        .iter()
        .filter(|task| task["description"] == *request.text);
    let found = found.count();
    total.acknowledged += u64::from(request.acknowledged);
    if request.acknowledged && found == 0 {
        total.losses += 1;
        total.found(format!("acknowledged and lost: {request:?}"));
    }
    if found > 1 {
        total.doubles += 1;
        total.found(format!("{found} tasks of {request:?}"));
    }
}

/// A request is granted once, people vote once, and an acknowledged approval stands.
fn decided(id: &str, task: &Value, events: &[Value], load: &Load, total: &mut Killed) {
    let granted: Vec<&Value> = of_kind(events, "approval.granted").collect();
    if granted.len() != 1 {
        total.doubles += 1;
        total.found(format!(
            "{id} was granted {} times: {granted:?}",
            granted.len()
        ));
    }
    let votes = task["approval"]["votes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let people: BTreeSet<String> = votes.iter().map(|vote| vote["user"].to_string()).collect();
    if people.len() != votes.len() {
        total.doubles += 1;
        total.found(format!("somebody voted twice on {id}: {votes:?}"));
    }
    let by_admin = granted.iter().any(|event| event["actor"] == "user_dora");
    if load.approved.iter().any(|approved| approved == id) && !by_admin {
        total.losses += 1;
        total.found(format!(
            "the approval of {id} was acknowledged and lost: {events:#?}"
        ));
    }
}

/// Each start belongs to an attempt that was leased; before another one it was said how the
/// earlier one ended.
fn started(id: &str, events: &[Value], runs: &[String], total: &mut Killed) {
    let mut open: Option<u64> = None;
    let mut leased = BTreeSet::new();
    for event in events {
        let fence = event["data"]["fence"].as_u64();
        match event["type"].as_str() {
            Some("attempt.leased") => {
                if let Some(before) = open.take() {
                    total.double_runs += 1;
                    total.found(format!(
                        "{id}: {fence:?} was leased while {before} was open"
                    ));
                }
                open = fence;
                leased.insert(fence);
            }
            Some("attempt.lost") => {
                total.lost_attempts += 1;
                open = None;
            }
            Some("attempt.finished") => open = None,
            _ => {}
        }
    }
    for run in runs.iter().filter(|run| run.starts_with(id)) {
        let fence = run.split(' ').nth(1).and_then(|fence| fence.parse().ok());
        if !leased.contains(&fence) {
            total.double_runs += 1;
            total.found(format!("started without a lease: {run}"));
        }
    }
}

/// The conversation shows one card that is true, one final message, and every loss.
async fn told(thread: &Thread<'_>, server: &Server, task: &Value, total: &mut Killed) {
    let mut wrong = Vec::new();
    if task["status"] != "completed" && task["reason"] != "lost" {
        wrong.push(format!("it ended as {} {}", task["status"], task["reason"]));
    }
    thread.ends().await;
    thread.shows_the_truth(server).await;
    let (finals, cards) = (thread.finals(), thread.cards());
    if unmarked(&finals) > 1 || cards.len() != 1 {
        wrong.push(format!("{} finals and {} cards", finals.len(), cards.len()));
    }
    // Each loss but the one that ended the task was said; a word that may be a copy says so.
    let again = task["attempt"]["number"]
        .as_u64()
        .unwrap_or(0)
        .saturating_sub(1) as usize;
    let said = thread.saying("was lost");
    if unmarked(&said) > again || said.len() < again {
        wrong.push(format!("{again} losses were told {} times", said.len()));
    }
    if !wrong.is_empty() {
        total.misfits += 1;
        total.found(format!("{}: {}", thread.task, wrong.join("; ")));
    }
}

fn of_kind<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

fn unmarked(messages: &[Message]) -> usize {
    let plain = messages.iter();
    plain
        .filter(|message| !message.visible().contains(DUPLICATE))
        .count()
}
