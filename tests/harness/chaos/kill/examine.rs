//! What is left after many kills, held against what was acknowledged.

mod attempts;
mod decisions;
mod told;

use serde_json::{Value, json};

use super::Killed;
use super::load::{Ends, Load, Request};
use crate::process::{Office, Server, Thread, eventually};
pub(in crate::chaos) use attempts::{Programs, ran};

pub(in crate::chaos) async fn examine(
    office: &Office,
    server: &Server,
    load: Load,
    total: &mut Killed,
) {
    undecided(&server.tasks().await, &load, total);
    let tasks = finish_all(server).await;
    total.asked += load.asked.len() as u64;
    total.tasks += tasks.len() as u64;
    total.approvals += load.approved.len() as u64;
    for request in &load.asked {
        requested(request, &tasks, total);
    }
    let programs = Programs::of(office);
    programs.ran_alone(total);
    for task in &tasks {
        let id = task["task_id"].as_str().expect("an id");
        let events = events(server, id).await;
        decisions::decided(id, &events, &load, total);
        ran(id, &events, &programs, total);
        let request = load.asked.iter().find(|it| is_of(it, task));
        let ends = request.map_or(Ends::Done, |request| request.ends);
        if let Some(channel) = request.and_then(|it| it.channel.as_ref()) {
            let slack = &office.slack;
            let thread = Thread {
                slack,
                channel,
                task: id,
            };
            told::told(&thread, server, (task, ends), &events, total).await;
        }
    }
    let violations = office.slack.violations();
    if !violations.is_empty() {
        total.misfits += 1;
        total.found(format!("against the platform's rules: {violations:?}"));
    }
}

fn is_of(request: &Request, task: &Value) -> bool {
    task["description"] == *request.text
}

/// Whose approval was acknowledged does not wait for one; asked before anybody approves again.
fn undecided(tasks: &[Value], load: &Load, total: &mut Killed) {
    let mut lost = load.unapproved.lock().expect("no panic").clone();
    let waits = |id: &&String| {
        let waits = |task: &Value| task["task_id"] == ***id && task["status"] == "staged";
        tasks.iter().any(waits)
    };
    lost.extend(load.approved.iter().filter(waits).cloned());
    total.losses += lost.len() as u64;
    for id in lost {
        total.found(format!("the approval of {id} was acknowledged and lost"));
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

pub(in crate::chaos) fn is_over(task: &Value) -> bool {
    let over = ["completed", "failed", "cancelled", "expired"];
    over.iter().any(|state| task["status"] == *state)
}

async fn events(server: &Server, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/tasks/{id}/events?limit=1000");
    let answer = server.admin().get(&path).await.json();
    answer["items"].as_array().cloned().unwrap_or_default()
}

/// An acknowledged request made one task; none made two.
fn requested(request: &Request, tasks: &[Value], total: &mut Killed) {
    let found = tasks.iter().filter(|task| is_of(request, task)).count();
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

fn of_kind<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

#[cfg(test)]
mod tests;
