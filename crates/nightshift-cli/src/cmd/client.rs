//! Verbs that talk to a running server: its socket on this machine, else `--server` and a key.

mod api;
mod show;
mod submit;

use std::path::{Component, Path};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::args::ClientVerb;
use crate::cmd::Context;
use api::Api;

/// Between two looks at a task that runs.
const LOOK: Duration = Duration::from_millis(300);

pub(crate) async fn run(context: &Context, verb: ClientVerb) -> anyhow::Result<ExitCode> {
    let api = Api::new(context)?;
    match verb {
        ClientVerb::Submit(args) => submit::run(context, &api, &args).await,
        ClientVerb::Queue { state } => {
            let query = state
                .map(|state| vec![("status", state)])
                .unwrap_or_default();
            let list = api.get("/api/v1/tasks", &query).await?;
            show::print(context, &list, show::queue)
        }
        ClientVerb::Status { task } => {
            let task = api.get(&path(&task, "")?, &[]).await?;
            show::print(context, &task, show::status)
        }
        ClientVerb::Approve { task, plan_hash } => {
            act(
                context,
                &api,
                &task,
                "/approve",
                json!({"plan_hash": plan_hash}),
            )
            .await
        }
        ClientVerb::Reject { task, why } => {
            let why = Some(why.join(" ")).filter(|why| !why.is_empty());
            act(context, &api, &task, "/reject", json!({"reason": why})).await
        }
        ClientVerb::Revise { task, feedback } => {
            act(
                context,
                &api,
                &task,
                "/revise",
                json!({"feedback": feedback.join(" ")}),
            )
            .await
        }
        ClientVerb::Cancel { task } => act(context, &api, &task, "/cancel", json!({})).await,
        ClientVerb::Retry { task } => act(context, &api, &task, "/retry", json!({})).await,
        ClientVerb::Logs { task, follow } => logs(&api, &task, follow).await,
        ClientVerb::Results { task, save } => results(context, &api, &task, save.as_deref()).await,
        ClientVerb::Why { task } => {
            let events = api.get(&path(&task, "/why")?, &[]).await?;
            show::print(context, &events, show::events)
        }
    }
}

/// Only a task id ever becomes part of a path.
fn path(task: &str, rest: &str) -> anyhow::Result<String> {
    let id: nightshift_core::id::TaskId = task.parse().with_context(|| format!("`{task}`"))?;
    Ok(format!("/api/v1/tasks/{id}{rest}"))
}

async fn act(
    context: &Context,
    api: &Api,
    task: &str,
    verb: &str,
    mut body: Value,
) -> anyhow::Result<ExitCode> {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let task = api.post(&path(task, verb)?, &body).await?;
    show::print(context, &task, show::status)
}

/// Prints the output as it is; with `follow` until the task has ended.
async fn logs(api: &Api, task: &str, follow: bool) -> anyhow::Result<ExitCode> {
    let mut offset = 0_u64;
    loop {
        // Asked before the output: what is written in between is seen by the next round.
        let ended = !follow || is_over(&api.get(&path(task, "")?, &[]).await?);
        loop {
            let query = [
                ("offset", offset.to_string()),
                ("limit", "65536".to_owned()),
            ];
            let part = api.get(&path(task, "/logs")?, &query).await?;
            out_raw!("{}", part["text"].as_str().unwrap_or_default());
            let next = part["next_offset"].as_u64().unwrap_or(offset);
            if next == offset {
                break;
            }
            offset = next;
        }
        if ended {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) fn is_over(task: &Value) -> bool {
    matches!(
        task["status"].as_str(),
        Some("completed" | "failed" | "cancelled" | "expired")
    )
}

async fn results(
    context: &Context,
    api: &Api,
    task: &str,
    save: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let shown = api.get(&path(task, "")?, &[]).await?;
    if let Some(dir) = save {
        for file in shown["result"]["files"].as_array().into_iter().flatten() {
            let name = file["path"].as_str().unwrap_or_default();
            let bytes = api
                .bytes(&path(task, &format!("/files/{}", encode(name)))?)
                .await?;
            store(dir, name, &bytes)?;
        }
    }
    show::print(context, &shown, show::results)
}

/// A file goes below `dir` and nowhere else, whatever its name says.
fn store(dir: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.is_empty() {
        bail!(
            "the server names a file that does not stay below {}",
            dir.display()
        );
    }
    let at = dir.join(name);
    if let Some(parent) = at.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&at, bytes).with_context(|| at.display().to_string())
}

/// Percent-encodes a path, keeping the slashes.
fn encode(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
