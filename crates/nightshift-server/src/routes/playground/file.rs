//! A file that a message of the page carries.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::visitor::Visitor;
use crate::Server;
use crate::error::ApiError;
use crate::routes::tasks::files::attachment;

/// Always an attachment of no particular type: an agent's file is never a page of ours.
pub(super) async fn download(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    Path(message): Path<String>,
) -> Result<Response, ApiError> {
    let gone = || ApiError::not_found("such file");
    let found = server.app.store().page_message(&message).await?;
    let message = found.ok_or_else(gone)?;
    let theirs = message
        .only_for
        .as_ref()
        .is_none_or(|only| *only == visitor.session.person);
    if !theirs {
        return Err(gone());
    }
    let file = visitor.door.file(&message).ok_or_else(gone)?;
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_DISPOSITION, attachment(&file.name));
    Ok(response)
}
