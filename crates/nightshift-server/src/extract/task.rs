//! The task a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use nightshift_core::id::TaskId;

use crate::error::ApiError;

/// `{id}` of the path. What is no task id is 404: there is no such task.
#[derive(Debug, Clone)]
pub struct TaskPath(pub TaskId);

impl<S: Send + Sync> FromRequestParts<S> for TaskPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::not_found("such task"))?;
        params
            .iter()
            .find(|(name, _)| *name == "id")
            .and_then(|(_, text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| ApiError::not_found("such task"))
    }
}
