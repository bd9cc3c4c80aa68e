//! `GET /api/v1/tasks/{id}/why`: the causal chain from the delivery to the last message.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::event::Event;
use nightshift_protocol::List;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, TaskPath};

pub(crate) async fn why(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
) -> Result<Json<List<Event>>, ApiError> {
    let (_, events) = server.app.why(&actor, &id).await?;
    Ok(Json(List::whole(events)))
}
