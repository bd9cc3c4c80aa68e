//! Who calls: the holder of a key, the operator on the server's own socket, or, where the
//! service is open on loopback (the demo), whoever sits at this machine.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use nightshift_core::authorise::Actor;

use crate::error::ApiError;
use crate::server::Server;

/// Marks requests that came through the server's own socket, which only its operator can open.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSocket;

/// The authenticated caller; without one the request is 401.
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        // A key that is shown must hold, wherever it is shown.
        if let Some(key) = shown_key(&parts.headers) {
            return with_key(server, key);
        }
        if parts.extensions.get::<OperatorSocket>().is_some() {
            return Ok(Self(Actor::Operator));
        }
        match &server.app.settings.open_api {
            Some(user) if is_local(&parts.headers) => Ok(Self(Actor::User(user.clone()))),
            Some(_) => Err(ApiError::unauthenticated(
                "no key, and not from this machine's own pages",
            )),
            None => Err(ApiError::unauthenticated("no key")),
        }
    }
}

/// The holder of a key; the key itself is never shown again.
pub(crate) fn with_key(server: &Server, key: &str) -> Result<Caller, ApiError> {
    server
        .app
        .key_holder(key)
        .map(Caller)
        .ok_or_else(|| ApiError::unauthenticated("unknown key"))
}

/// `X-API-Key: K`, as the guide shows it.
pub(crate) fn api_key(headers: &HeaderMap) -> Option<&str> {
    // Bytes that are no text cannot be a key of ours: an empty one is refused as unknown.
    headers
        .get("x-api-key")
        .map(|value| value.to_str().unwrap_or_default())
}

fn shown_key(headers: &HeaderMap) -> Option<&str> {
    api_key(headers).or_else(|| {
        let value = headers.get(header::AUTHORIZATION)?;
        let (scheme, key) = value.to_str().unwrap_or_default().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    })
}

/// Whether a browser could not have been made to send this by a page from elsewhere: addressed
/// by a loopback name (a rebound DNS name is none), and not from another origin.
fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let Some(host) = text(header::HOST) else {
        return false;
    };
    let same_origin = match text(header::ORIGIN) {
        None => true,
        Some(origin) => origin.strip_prefix("http://") == Some(host),
    };
    let same_site = match headers.get("sec-fetch-site") {
        None => true,
        Some(site) => site == "same-origin" || site == "none",
    };
    is_loopback_name(host) && same_origin && same_site
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests;
