//! `POST /api/v1/tasks/{id}/revise`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::port::store::Cause;
use nightshift_protocol::TaskView;

use super::decided;
use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Fields, RawBody, TaskPath};

pub(crate) async fn revise(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    body: RawBody,
) -> Result<Json<TaskView>, ApiError> {
    let mut fields = Fields::optional(&body)?;
    let feedback = fields.text("feedback").unwrap_or_default();
    fields.finish()?;
    let cause = Cause::by(actor.id());
    // Empty feedback is refused by the use case, as at every door.
    let outcome = server
        .app
        .revise(&actor, &id, None, &feedback, &cause)
        .await;
    decided(&server, &id, outcome).await
}
