//! `GET /api/v1/tasks/{id}/plan`: the current plan.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::plan::Plan;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, TaskPath};

pub(crate) async fn plan(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
) -> Result<Json<Plan>, ApiError> {
    let task = server.app.task(&actor, &id).await?;
    task.plan
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("plan of {id} yet")))
}
