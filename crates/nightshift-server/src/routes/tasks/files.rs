//! `GET …/{id}/files` and `…/files/{name}`: what the agent left in its output directory.

use std::fmt::Write;
use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use nightshift_app::results::ListedFile;
use nightshift_core::id::TaskId;
use nightshift_core::task::ResultFile;
use nightshift_protocol::List;

use crate::Server;
use crate::error::ApiError;
use crate::extract::{Caller, TaskPath};

pub(crate) async fn list(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
) -> Result<Json<List<ResultFile>>, ApiError> {
    let task = server.app.task(&actor, &id).await?;
    let files = task.result.map(|result| result.files);
    Ok(Json(List::whole(files.unwrap_or_default())))
}

/// Always an attachment of no particular type: an agent's file is never a page of ours.
pub(crate) async fn download(
    State(server): State<Arc<Server>>,
    Caller(actor): Caller,
    TaskPath(id): TaskPath,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let listed = server.app.file(&actor, &id, &name).await?;
    let Some(first) = server.app.file_part(&listed, 0).await? else {
        return Err(gone(&id));
    };
    let disposition = attachment(&listed.file.path);
    let length = listed.file.bytes;
    let whole = first.len() as u64 >= length;
    let mut response = if whole {
        first.into_response()
    } else {
        Body::from_stream(parts(server, listed, first)).into_response()
    };
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    if !whole {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// The first part and those behind it. One that cannot be read ends the answer before its length:
/// the client sees that something is missing.
fn parts(
    server: Arc<Server>,
    listed: ListedFile,
    first: Vec<u8>,
) -> impl Stream<Item = Result<Vec<u8>, io::Error>> {
    let begin = (server, listed, first, 0_u64);
    stream::try_unfold(begin, |(server, listed, part, offset)| async move {
        if part.is_empty() {
            return Ok(None);
        }
        let next = offset + part.len() as u64;
        let read = server.app.file_part(&listed, next).await;
        let following = read.ok().flatten().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Some((part, (server, listed, following, next))))
    })
}

fn gone(id: &TaskId) -> ApiError {
    tracing::warn!(task.id = %id, "A listed result file cannot be read.");
    ApiError::not_found(format!("such file of {id} any more"))
}

/// The last part of the path, for old clients in plain ASCII and for the others as RFC 8187 has it.
pub(crate) fn attachment(path: &str) -> HeaderValue {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut plain = String::new();
    let mut encoded = String::new();
    for c in name.chars() {
        let safe = c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        plain.push(if safe || c == ' ' { c } else { '_' });
        if safe {
            encoded.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            write!(encoded, "%{byte:02X}").expect("invariant: writing to a String succeeds");
        }
    }
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).expect("invariant: only printable ASCII is left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_name_can_break_out_of_its_header() {
        let shown = |path: &str| attachment(path).to_str().unwrap().to_owned();
        assert_eq!(
            shown("out/my report.md"),
            "attachment; filename=\"my report.md\"; filename*=UTF-8''my%20report.md"
        );
        assert_eq!(
            shown("über\"; x=\r\n.txt"),
            "attachment; filename=\"_ber__ x___.txt\"; \
             filename*=UTF-8''%C3%BCber%22%3B%20x%3D%0D%0A.txt"
        );
        assert_eq!(
            shown("a\\..\\b.sh"),
            "attachment; filename=\"a_.._b.sh\"; filename*=UTF-8''a%5C..%5Cb.sh"
        );
    }
}
