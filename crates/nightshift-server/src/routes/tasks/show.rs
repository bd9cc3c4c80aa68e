//! `GET /api/v1/tasks/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_protocol::TaskView;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, TaskPath};

pub(crate) async fn show(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
) -> Result<Json<TaskView>, ApiError> {
    let task = server.app.task(&actor, &id).await;
    super::decided(&server, &id, task).await
}
