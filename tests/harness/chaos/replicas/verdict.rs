//! What is left, held against what was acknowledged: read from the log of all events and the list
//! of all tasks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::load::Load;
use crate::chaos::kill::Killed;
use crate::chaos::kill::examine::{Programs, is_over, ran};
use crate::chaos::linear::deciders;
use crate::process::{Fleet, Server, eventually};

pub(super) async fn examine(fleet: &Fleet, servers: &[Server], load: &Load, found: &mut Killed) {
    let tasks = all_over(servers).await;
    let acknowledged = load.acknowledged.lock().expect("no panic").clone();
    found.asked = acknowledged.len() as u64;
    found.acknowledged = acknowledged.len() as u64;
    found.tasks = tasks.len() as u64;
    asked_once(&acknowledged, &tasks, found);
    let events = all_events(&servers[0], found).await;
    let programs = Programs::of(&fleet.office);
    programs.ran_alone(found);
    let runs = programs.by_task();
    let nothing = Programs::default();
    for (id, task) in &tasks {
        let of_task = events.get(id).map_or(&[][..], Vec::as_slice);
        ran(id, of_task, runs.get(id).unwrap_or(&nothing), found);
        granted_once(id, of_task, found);
        if task["status"] != "completed" && task["reason"] != "lost" {
            found.misfits += 1;
            found.found(format!(
                "{id} ended as {} {}",
                task["status"], task["reason"]
            ));
        }
    }
    let raced = load.raced.lock().expect("no panic").clone();
    found.approvals = raced.len() as u64;
    for (id, calls) in &raced {
        let by = events.get(id).and_then(|events| {
            let granted = events.iter().find(|it| it["type"] == "approval.granted")?;
            granted["actor"].as_str()
        });
        let deciders = deciders(calls);
        if !by.is_some_and(|by| deciders.iter().any(|decider| decider == by)) {
            found.doubles += 1;
            found.found(format!("{id}: {by:?} decided, told were {calls:#?}"));
        }
    }
    let checked = fleet.site(0).nightshift(&["db", "check"]).await;
    if checked.code != 0 {
        found.misfits += 1;
        found.found(checked.both());
    }
}

/// Waits until every task is at its end; what was never approved has been by then.
async fn all_over(servers: &[Server]) -> BTreeMap<String, Value> {
    let mut before = usize::MAX;
    loop {
        let mut open = 0;
        let done = eventually("another task ends", async || {
            let states = ["planning", "staged", "queued", "running", "cancelling"];
            open = 0;
            for state in states {
                let path = format!("/api/v1/tasks?status={state}&limit=1000");
                let answer = servers[0].admin().get(&path).await;
                let items = answer.json()["items"].as_array().map(Vec::len)?;
                open += items;
            }
            (open < before).then_some(open == 0)
        });
        if done.await {
            return all_tasks(&servers[0]).await;
        }
        before = open;
    }
}

async fn all_tasks(server: &Server) -> BTreeMap<String, Value> {
    let mut tasks = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/tasks?limit=1000{cursor}");
        let page = server.admin().get(&path).await.json();
        for task in page["items"].as_array().into_iter().flatten() {
            assert!(is_over(task), "{task:#}");
            let id = task["task_id"].as_str().expect("an id").to_owned();
            tasks.insert(id, task.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return tasks,
        }
    }
}

/// An acknowledged request made one task, whose id was told; none made two.
fn asked_once(
    acknowledged: &BTreeMap<String, String>,
    tasks: &BTreeMap<String, Value>,
    found: &mut Killed,
) {
    let mut texts = BTreeSet::new();
    for (id, task) in tasks {
        if !texts.insert(task["description"].to_string()) {
            found.doubles += 1;
            found.found(format!("{id} is a second task of {}", task["description"]));
        }
    }
    for (text, id) in acknowledged {
        if tasks
            .get(id)
            .is_none_or(|task| task["description"] != **text)
        {
            found.losses += 1;
            found.found(format!("acknowledged and lost: {id}, {text}"));
        }
    }
}

fn granted_once(id: &str, events: &[Value], found: &mut Killed) {
    let granted = events.iter().filter(|it| it["type"] == "approval.granted");
    let mut requests = BTreeSet::new();
    for event in granted {
        if !requests.insert(event["data"]["request_id"].to_string()) {
            found.doubles += 1;
            found.found(format!("{id}: a request was granted twice"));
        }
    }
}

/// By task, in the order of their numbers, which only grow.
async fn all_events(server: &Server, found: &mut Killed) -> BTreeMap<String, Vec<Value>> {
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let path = format!("/api/v1/events?after={after}&limit=1000");
        let page = server.admin().get(&path).await.json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if items.is_empty() {
            return events;
        }
        for event in items {
            let seq = event["seq"].as_i64().expect("a number");
            if seq <= after {
                found.misfits += 1;
                found.found(format!("event {seq} came after {after}"));
            }
            after = seq;
            let interesting = event["type"].as_str().is_some_and(|kind| {
                kind.starts_with("attempt.")
                    || kind == "approval.granted"
                    || kind == "task.planning"
            });
            if let (true, Some(id)) = (interesting, event["task_id"].as_str()) {
                events.entry(id.to_owned()).or_default().push(event.clone());
            }
        }
    }
}
