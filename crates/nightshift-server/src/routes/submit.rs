//! `POST /api/submit`: a direct submission.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nightshift_core::authorise::Actor;
use nightshift_core::port::store::Idempotency;
use nightshift_core::task::{Task, TaskState, Wishes};
use nightshift_core::time::Span;
use nightshift_protocol::Submitted;

use crate::Server;
use crate::error::ApiError;
use crate::extract::idempotency::idempotency;
use crate::extract::{Caller, Fields, RawBody};

/// Between two looks: other tasks ring the same bell.
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(crate) async fn submit(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    direct(&server, &actor, &headers, &body).await
}

/// The task is durable when this answers 202.
pub(crate) async fn direct(
    server: &Server,
    actor: &Actor,
    headers: &HeaderMap,
    body: &RawBody,
) -> Result<Response, ApiError> {
    let wanted = Wanted::read(headers, body)?;
    let task = server
        .app
        .submit_text(actor, &wanted.description, wanted.wishes, wanted.key)
        .await?;
    let task = planned(server, task).await;
    let answer = Submitted {
        success: true,
        task_id: task.id,
        status: task.state.name().to_owned(),
        plan: task.plan,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

pub(crate) struct Wanted {
    pub(crate) description: String,
    pub(crate) wishes: Wishes,
    pub(crate) key: Option<Idempotency>,
}

impl Wanted {
    pub(crate) fn read(headers: &HeaderMap, body: &RawBody) -> Result<Self, ApiError> {
        let mut fields = Fields::of_submission(body)?;
        let description = fields.text("description");
        let wishes = Wishes {
            auto_approve: fields.flag("auto_approve"),
            agent: fields.text("agent"),
            model: fields.text("model"),
            project: fields.text("project"),
            executor: fields.text("executor"),
            timeout_s: fields
                .parsed("timeout", str::parse::<Span>)
                // Whole seconds, and never less than was asked for.
                .map(|span| span.0.as_millis().div_ceil(1000) as u64),
            max_cost_usd: fields.number("max_cost"),
            dir: fields.text("dir"),
            command: None,
            callback_url: None,
        };
        if fields.text("callback_url").is_some() {
            fields.wrong("callback_url", "callbacks are not part of this version");
        }
        let key = idempotency(headers, &mut fields, &body.bytes);
        if description.is_none() {
            fields.wrong("description", "say what should be done");
        }
        fields.finish()?;
        Ok(Self {
            description: description.unwrap_or_default(),
            wishes,
            key,
        })
    }
}

/// The task with its plan, where the planner is fast; else as it is.
async fn planned(server: &Server, task: Task) -> Task {
    if task.state != TaskState::Planning {
        return task;
    }
    let id = task.id.clone();
    let wait = async {
        let mut activity = server.app.wake.activity();
        loop {
            // The task is there, whatever the store says now: only how it is may be unknown.
            if let Ok(Some(task)) = server.app.store().task(&id).await
                && task.state != TaskState::Planning
            {
                return task;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            // Fails only when the application is gone; the timeout ends that as well.
            let _ = activity.changed().await;
        }
    };
    tokio::time::timeout(server.limits.plan_wait, wait)
        .await
        .unwrap_or(task)
}

#[cfg(test)]
mod tests;
