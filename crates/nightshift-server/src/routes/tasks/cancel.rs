//! `POST /api/v1/tasks/{id}/cancel`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::port::store::Cause;
use nightshift_protocol::TaskView;

use super::decided;
use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Fields, RawBody, TaskPath};

pub(crate) async fn cancel(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    body: RawBody,
) -> Result<Json<TaskView>, ApiError> {
    Fields::optional(&body)?.finish()?;
    let cause = Cause::by(actor.id());
    let outcome = server.app.cancel(&actor, &id, &cause).await;
    decided(&server, &id, outcome).await
}
