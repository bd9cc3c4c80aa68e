//! Tasks over the API.

pub mod approve;
pub mod cancel;
pub mod files;
pub mod list;
pub mod logs;
pub mod plan;
pub mod reject;
pub mod retry;
pub mod revise;
pub mod show;
pub mod why;

use axum::Json;
use nightshift_app::Problem;
use nightshift_core::id::TaskId;
use nightshift_core::task::{Task, TaskState};
use nightshift_protocol::TaskView;

use crate::Server;
use crate::error::ApiError;

/// A task alone, with its place in the queue.
async fn shown(server: &Server, task: &Task) -> Result<Json<TaskView>, ApiError> {
    let mut view = TaskView::from(task);
    if task.state == TaskState::Queued {
        view.queue_position = server.app.store().queue_position(&task.id).await?;
    }
    Ok(Json(view))
}

/// The answer to a decision: the task as it is now. A refusal is audited with the task's id.
async fn decided(
    server: &Server,
    id: &TaskId,
    outcome: Result<Task, Problem>,
) -> Result<Json<TaskView>, ApiError> {
    match outcome {
        Ok(task) => shown(server, &task).await,
        Err(problem) => Err(ApiError::from(problem).about(id)),
    }
}
