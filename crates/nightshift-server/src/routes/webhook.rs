//! A platform's call: verified by its adapter, durable before it is answered, and platform-blind.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use nightshift_core::chat::Delivery;
use nightshift_core::id::Platform;
use nightshift_core::port::chat::StoreRefused;
use nightshift_core::port::{Received, Refused, WebhookReply, WebhookRequest};

use super::submit;
use crate::Server;
use crate::error::{ApiError, Code};
use crate::extract::caller::{api_key, with_key};
use crate::extract::{RawBody, Room};

/// Platforms wait for seconds; who still waits then has given up, and delivers again.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);
const WHILE_STOPPING: Duration = Duration::from_secs(2);

/// `POST /webhook/{platform}`.
pub(crate) async fn deliver(
    State(server): State<Arc<Server>>,
    Path(platform): Path<String>,
    headers: HeaderMap,
    _room: Room,
    body: RawBody,
) -> Result<Response, ApiError> {
    receive(&server, &Platform::new(platform), headers, body).await
}

/// The same at a path of its own, as the composition root lists them.
pub(crate) async fn alias(
    State(server): State<Arc<Server>>,
    Extension(platform): Extension<Platform>,
    headers: HeaderMap,
    _room: Room,
    body: RawBody,
) -> Result<Response, ApiError> {
    receive(&server, &platform, headers, body).await
}

async fn receive(
    server: &Server,
    platform: &Platform,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    let Some(adapter) = server.app.platform(platform) else {
        return match api_key(&headers) {
            Some(key) => submission(server, key, &headers, &body).await,
            None => Err(ApiError::not_found("such platform")),
        };
    };
    let request = WebhookRequest {
        headers: as_text(&headers),
        body: body.bytes.to_vec(),
        // A signature is from a clock of others, as right or wrong as the machine's.
        now: server.app.wall(),
    };
    match adapter.receive(&request) {
        Ok(Received::Handshake(reply)) => Ok(answer(reply)),
        Ok(Received::Ignored(reason)) => {
            tracing::debug!(chat.platform = %platform, reason, "Ignored a delivery.");
            Ok(answer(WebhookReply::default()))
        }
        Ok(Received::Event { delivery, reply }) => {
            accept(server, platform, *delivery).await?;
            Ok(answer(reply))
        }
        // The guide's direct submission: no signature of the platform, but a key of ours.
        Err(Refused::Unsigned) => match api_key(&headers) {
            Some(key) => submission(server, key, &headers, &body).await,
            None => Err(ApiError::unsigned(platform.as_str())),
        },
        Err(Refused::Malformed) => Err(ApiError::new(Code::Malformed, "the body cannot be read")),
    }
}

/// Durable, or 503: the platform delivers again.
async fn accept(server: &Server, platform: &Platform, delivery: Delivery) -> Result<(), ApiError> {
    let refused = || ApiError::unavailable("deliveries cannot be stored now; deliver again");
    let accepted = tokio::select! {
        accepted = server.intake.deliver(platform, delivery) => accepted,
        () = patience(server) => Err(StoreRefused),
    };
    accepted.map_err(|_| refused())
}

/// How long a commit may take; not long once the service stops, for who commits may be gone.
async fn patience(server: &Server) {
    let closing = server.ready.closing();
    tokio::select! {
        () = tokio::time::sleep(COMMIT_WITHIN) => {}
        () = async {
            closing.cancelled().await;
            tokio::time::sleep(WHILE_STOPPING).await;
        } => {}
    }
}

async fn submission(
    server: &Server,
    key: &str,
    headers: &HeaderMap,
    body: &RawBody,
) -> Result<Response, ApiError> {
    let caller = with_key(server, key)?;
    submit::direct(server, &caller.0, headers, body).await
}

fn as_text(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect()
}

fn answer(reply: WebhookReply) -> Response {
    let mut response = reply.body.into_response();
    if reply.content_type.is_empty() {
        response.headers_mut().remove(header::CONTENT_TYPE);
    } else {
        let kind = HeaderValue::from_static(reply.content_type);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
