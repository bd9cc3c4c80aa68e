//! `POST /api/v1/tasks/{id}/approve`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_app::decide::Seen;
use nightshift_core::plan::PlanHash;
use nightshift_core::port::store::Cause;
use nightshift_protocol::TaskView;

use super::decided;
use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Fields, RawBody, TaskPath};

pub(crate) async fn approve(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    body: RawBody,
) -> Result<Json<TaskView>, ApiError> {
    let mut fields = Fields::optional(&body)?;
    let seen = seen(&mut fields);
    fields.finish()?;
    let cause = Cause::by(actor.id());
    let outcome = server.app.approve(&actor, &id, seen, &cause).await;
    decided(&server, &id, outcome).await
}

/// The plan that the caller saw, where they say so.
pub(super) fn seen(fields: &mut Fields) -> Seen {
    Seen {
        plan_hash: fields.text("plan_hash").map(PlanHash::from_text),
        plan_no: None,
    }
}
