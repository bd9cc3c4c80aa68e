//! What people do on the page: words and presses, each a delivery like on every platform.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use nightshift_core::chat::{Delivery, Gesture};
use nightshift_core::port::page::CSRF_HEADER;
use nightshift_core::port::store::Accepted;
use nightshift_core::port::{Received, Refused, WebhookRequest};
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::Server;
use crate::error::{ApiError, Code};
use crate::extract::RawBody;
use crate::extract::body::Kind;

/// A page that waits longer has said "not sent" already, and sends the same again.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);

/// Answers when both the delivery and the message that shows it are durable.
pub(super) async fn say(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let mut delivery = received(&server, &visitor, &headers, &body)?;
    let Gesture::Say { text } = &mut delivery.inbound.gesture else {
        return Err(unreadable());
    };
    // A live secret that somebody pastes is not kept on the page either.
    *text = server.app.settings.scrubber.text(text);
    accept(&server, &visitor, delivery.clone()).await?;
    let message = visitor.door.said(&delivery, server.app.now());
    let message = message.ok_or_else(unreadable)?;
    let store = server.app.store();
    if store.page_message(&message.id).await?.is_none() {
        store.put_page_message(&message).await?;
        server.app.wake.changed();
    }
    Ok(Json(json!({ "id": message.id })))
}

pub(super) async fn press(
    State(server): State<Arc<Server>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let delivery = received(&server, &visitor, &headers, &body)?;
    if !matches!(delivery.inbound.gesture, Gesture::Press { .. }) {
        return Err(unreadable());
    }
    accept(&server, &visitor, delivery).await?;
    Ok(Json(json!({})))
}

/// A form of another site cannot show the token.
pub(super) fn check_token(visitor: &Visitor, headers: &HeaderMap) -> Result<(), ApiError> {
    let shown = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    if visitor
        .door
        .csrf_holds(&visitor.session, shown.unwrap_or_default())
    {
        return Ok(());
    }
    Err(ApiError::new(
        Code::Forbidden,
        "the page's token is missing; reload the page",
    ))
}

/// The same bytes, judged by the page's adapter.
fn received(
    server: &Server,
    visitor: &Visitor,
    headers: &HeaderMap,
    body: &RawBody,
) -> Result<Delivery, ApiError> {
    check_token(visitor, headers)?;
    if body.kind != Kind::Json {
        let message = "the body must be application/json";
        return Err(ApiError::new(Code::UnsupportedType, message));
    }
    let platform = visitor.door.platform();
    let adapter = server
        .app
        .platform(&platform)
        .ok_or_else(|| ApiError::not_found("page here"))?;
    let request = WebhookRequest {
        headers: vec![
            (
                "cookie".to_owned(),
                format!(
                    "{}={}",
                    nightshift_core::port::page::SESSION_COOKIE,
                    visitor.session.cookie
                ),
            ),
            (CSRF_HEADER.to_owned(), visitor.session.csrf.clone()),
        ],
        body: body.bytes.to_vec(),
        now: server.app.now(),
    };
    match adapter.receive(&request) {
        Ok(Received::Event { delivery, .. }) => Ok(*delivery),
        Ok(Received::Handshake(_) | Received::Ignored(_)) | Err(Refused::Malformed) => {
            Err(unreadable())
        }
        Err(Refused::Unsigned) => Err(ApiError::unsigned(platform.as_str())),
    }
}

async fn accept(server: &Server, visitor: &Visitor, delivery: Delivery) -> Result<(), ApiError> {
    let platform = visitor.door.platform();
    let accepting = server.app.accept(&platform, delivery);
    match tokio::time::timeout(COMMIT_WITHIN, accepting).await {
        Ok(Ok(Accepted::New | Accepted::Duplicate)) => Ok(()),
        Ok(Ok(Accepted::Conflict)) => Err(ApiError::new(
            Code::Idempotency,
            "this id was used for something else",
        )),
        Ok(Err(_)) | Err(_) => Err(ApiError::unavailable(
            "this cannot be stored now; send it again",
        )),
    }
}

fn unreadable() -> ApiError {
    ApiError::new(Code::Malformed, "the page's message cannot be read")
}
