//! `POST /api/v1/tasks/{id}/reject`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::port::store::Cause;
use nightshift_protocol::TaskView;

use super::approve::seen;
use super::decided;
use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Fields, RawBody, TaskPath};

pub(crate) async fn reject(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    body: RawBody,
) -> Result<Json<TaskView>, ApiError> {
    let mut fields = Fields::optional(&body)?;
    let reason = fields.text("reason");
    let seen = seen(&mut fields);
    fields.finish()?;
    let cause = Cause::by(actor.id());
    let outcome = server.app.reject(&actor, &id, seen, reason, &cause).await;
    decided(&server, &id, outcome).await
}
