//! A task's output as it is written, for who sits at the page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::visitor::Visitor;
use crate::Server;
use crate::error::ApiError;
use crate::extract::{Params, TaskPath};
use crate::stream;

pub(super) async fn stream(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    TaskPath(id): TaskPath,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, ApiError> {
    let offset = params.number("offset", 0, i64::MAX as u64).unwrap_or(0);
    params.finish()?;
    let actor = visitor.actor();
    server.app.task(&actor, &id).await?;
    let offset = stream::last_event_id(&headers).unwrap_or(offset);
    let events = stream::log::follow(server, actor, id, offset);
    Ok(stream::respond(events).into_response())
}
