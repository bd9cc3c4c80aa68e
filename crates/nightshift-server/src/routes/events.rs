//! `GET /api/v1/events`, `GET /events`, `GET …/tasks/{id}/events`: a page, or a stream.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use nightshift_core::authorise::Actor;
use nightshift_core::id::{Seq, TaskId};
use nightshift_protocol::List;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Params, TaskPath};
use crate::stream;
use crate::stream::events::Filter;

pub(crate) async fn all(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let task = params.text("task").and_then(|text| {
        let id = text.parse::<TaskId>();
        if id.is_err() {
            params.wrong("task", "a task id, such as task_7k2m9q4x");
        }
        id.ok()
    });
    answer(server, actor, &headers, params, task).await
}

pub(crate) async fn of_task(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    server.app.task(&actor, &id).await?;
    answer(server, actor, &headers, params, Some(id)).await
}

async fn answer(
    server: Arc<Server>,
    actor: Actor,
    headers: &HeaderMap,
    mut params: Params,
    task: Option<TaskId>,
) -> Result<Response, ApiError> {
    let limit = params.page();
    let newest = i64::MAX as u64;
    let after = params.number("after", 0, newest);
    // The next page of a list is asked for like that of any other list.
    let cursor = params.number("cursor", 0, newest);
    let kind = params.text("type").map(family);
    params.finish()?;
    server.app.may_view(&actor)?;
    let after = cursor.or(after).unwrap_or(0) as i64;
    let mut filter = Filter {
        after: Seq(after),
        kind,
        task,
    };
    if stream::wanted(headers) {
        // A reader that comes back repeats its first address: what it has seen counts.
        filter.after = stream::last_event_id(headers).map_or(filter.after, Seq);
        return Ok(stream::respond(stream::events::tail(server, actor, filter)).into_response());
    }
    page(&server, &actor, &filter, limit).await
}

async fn page(
    server: &Server,
    actor: &Actor,
    filter: &Filter,
    limit: u32,
) -> Result<Response, ApiError> {
    let kind = filter.kind.as_deref();
    let items = server
        .app
        .events(actor, filter.after, kind, filter.task.as_ref(), limit)
        .await?;
    let full = items.len() >= limit as usize;
    let last = items.last().filter(|_| full);
    let next_cursor = last.map(|event| event.seq.0.to_string());
    Ok(Json(List { items, next_cursor }).into_response())
}

/// `task.*` is the family `task.`, as the store knows it.
fn family(kind: String) -> String {
    match kind.strip_suffix('*') {
        Some(family) => family.to_owned(),
        None => kind,
    }
}
