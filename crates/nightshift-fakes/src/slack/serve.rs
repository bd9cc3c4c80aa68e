//! The HTTP server: API methods, uploads, response URLs, sockets.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::api::{Incoming, Reply};
use super::fault::Fault;

/// More than any call of ours needs.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
const UPLOAD_LIMIT: usize = 64 * 1024 * 1024;

/// Cuts the connection that a request came by.
#[derive(Clone)]
struct Cut(CancellationToken);

impl Cut {
    async fn now(self) -> Response {
        self.0.cancel();
        std::future::pending().await
    }
}

/// Accepts connections until the workspace stops.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let router = Router::new()
        .route("/api/{method}", any(call))
        .route("/upload/v1/{id}", post(upload))
        .route("/hooks/{kind}/{team}/{id}", post(respond))
        .route("/link/{ticket}", get(link))
        .with_state(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(router.clone(), stream));
            },
        }
    }
}

async fn connection(router: Router, stream: TcpStream) {
    // Loopback without Nagle's delay; a refusal only costs time.
    let _ = stream.set_nodelay(true);
    let cut = Cut(CancellationToken::new());
    let service = TowerToHyperService::new(router.layer(Extension(cut.clone())));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        _ = served => {}
        () = cut.0.cancelled() => {}
    }
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Extension(cut): Extension<Cut>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body) = read(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text = |name| header_text(&parts.headers, name);
    let incoming = Incoming {
        method,
        bearer: text(header::AUTHORIZATION)
            .strip_prefix("Bearer ")
            .map(str::to_owned),
        content_type: text(header::CONTENT_TYPE),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: body.to_vec(),
    };
    match shared.call(incoming) {
        Reply::Json(body) => axum::Json(body).into_response(),
        Reply::TooFast(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, seconds.to_string())],
            axum::Json(serde_json::json!({"ok": false, "error": "ratelimited"})),
        )
            .into_response(),
        Reply::ServerError => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "<html>Server Error</html>",
        )
            .into_response(),
        Reply::Cut => cut.now().await,
        Reply::Hang => std::future::pending().await,
    }
}

/// Does the work unless a fault is in the way, as API methods have them.
async fn disturbed(
    shared: &Shared,
    cut: Cut,
    name: &str,
    work: impl FnOnce() -> Response,
) -> Response {
    match shared.with(|state| state.faults.take(name)) {
        None => work(),
        Some(Fault::ServerError | Fault::Error(_)) => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(Fault::RateLimited(seconds)) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, seconds.to_string())],
        )
            .into_response(),
        Some(Fault::DropConnection) => cut.now().await,
        Some(Fault::AcceptThenDropConnection) => {
            work();
            cut.now().await
        }
        Some(Fault::AcceptThenHang) => {
            work();
            std::future::pending().await
        }
    }
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Extension(cut): Extension<Cut>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let Some(body) = read(request.into_body(), UPLOAD_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let bytes = match boundary(&header_text(&headers, header::CONTENT_TYPE)) {
        Some(boundary) => first_part(&body, &boundary),
        None => Some(body.to_vec()),
    };
    disturbed(&shared, cut, "upload", || store(&shared, &id, bytes)).await
}

fn store(shared: &Shared, id: &str, bytes: Option<Vec<u8>>) -> Response {
    shared.with(|state| {
        let Some(upload) = state.uploads.get_mut(id) else {
            return (StatusCode::NOT_FOUND, "no such upload").into_response();
        };
        let expected = upload.length;
        match bytes {
            Some(bytes) if bytes.len() == expected => {
                upload.bytes = Some(bytes);
                format!("OK - {expected}").into_response()
            }
            _ => {
                state.violation("an upload has another length than its ticket");
                (StatusCode::BAD_REQUEST, "wrong length").into_response()
            }
        }
    })
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    Extension(cut): Extension<Cut>,
    Path((_, _, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        shared.violation("a token was sent to a response URL");
    }
    if !header_text(&headers, header::CONTENT_TYPE).starts_with("application/json") {
        shared.violation("an answer to a response URL that is not JSON");
    }
    disturbed(&shared, cut, "response_url", || {
        let (status, body) = shared.use_response_url(&id, &body);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, body).into_response()
    })
    .await
}

async fn link(
    State(shared): State<Arc<Shared>>,
    Path(ticket): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !shared.with(|state| state.tickets.remove(&ticket)) {
        shared.violation("a socket ticket was used twice, or made up");
        return StatusCode::NOT_FOUND.into_response();
    }
    upgrade.on_upgrade(|socket| shared.serve_socket(socket))
}

async fn read(body: Body, limit: usize) -> Option<Bytes> {
    to_bytes(body, limit).await.ok()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn boundary(content_type: &str) -> Option<String> {
    if !content_type.starts_with("multipart/form-data") {
        return None;
    }
    let (_, boundary) = content_type.split_once("boundary=")?;
    Some(boundary.trim_matches('"').to_owned())
}

/// The content of a multipart body's first part.
fn first_part(body: &[u8], boundary: &str) -> Option<Vec<u8>> {
    let start = find(body, b"\r\n\r\n")? + 4;
    let end = find(&body[start..], format!("\r\n--{boundary}").as_bytes())?;
    Some(body[start..start + end].to_vec())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
