//! `GET /api/v1/tasks`: the list, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nightshift_core::id::UserId;
use nightshift_core::port::store::TaskFilter;
use nightshift_core::task::TaskState;
use nightshift_protocol::{List, TaskView};

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, Params};

pub(crate) async fn list(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    mut params: Params,
) -> Result<Json<List<TaskView>>, ApiError> {
    let filter = TaskFilter {
        state: params.one_of("status", &TaskState::NAMES),
        owner: params.text("user").map(UserId::new),
        text: params.text("q"),
        cursor: params.text("cursor"),
        limit: params.page(),
    };
    params.finish()?;
    let page = server.app.tasks(&actor, &filter).await?;
    Ok(Json(List {
        items: page.items.iter().map(TaskView::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
