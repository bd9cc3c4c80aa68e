//! The raw body, bounded in size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::error::{ApiError, Code};
use crate::server::Server;

/// A body that takes longer holds a connection for nothing.
const SLOWEST: Duration = Duration::from_secs(30);
/// Read and thrown away beyond the limit, so that a client that sends first and reads afterwards
/// sees the 413 and no broken connection.
const THROWN_AWAY: usize = 16 << 20;

/// A whole body, at most as long as the limit.
#[derive(Debug, Clone)]
pub struct RawBody {
    pub bytes: Bytes,
    pub kind: Kind,
}

/// What the client says the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unsaid,
    Json,
    Form,
    Other,
}

impl Kind {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else {
            return Self::Unsaid;
        };
        let value = value.to_str().unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            _ => Self::Other,
        }
    }
}

impl FromRequest<Arc<Server>> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, ApiError> {
        let kind = Kind::of(request.headers());
        let read = read(request.into_body(), server.limits.body_bytes);
        let bytes = tokio::time::timeout(SLOWEST, read)
            .await
            .map_err(|_| ApiError::new(Code::Malformed, "the body did not arrive in time"))??;
        Ok(Self { bytes, kind })
    }
}

async fn read(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut kept = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Code::Malformed, "the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue; // Trailers.
        };
        seen = seen.saturating_add(data.len());
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > limit.saturating_add(THROWN_AWAY) {
            break;
        }
    }
    if seen > limit {
        let message = format!("the body is longer than {limit} bytes");
        return Err(ApiError::new(Code::TooLarge, message));
    }
    Ok(kept.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_not_longer() {
        let of = |length: usize| Body::from(vec![b'x'; length]);
        assert_eq!(read(of(10), 10).await.unwrap().len(), 10);
        assert_eq!(read(of(11), 10).await.unwrap_err().code, Code::TooLarge);
        assert_eq!(read(Body::empty(), 0).await.unwrap().len(), 0);
    }

    #[test]
    fn the_content_type_is_read_without_its_parameters() {
        let kind = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            Kind::of(&headers)
        };
        assert_eq!(kind("Application/JSON; charset=utf-8"), Kind::Json);
        assert_eq!(kind("application/x-www-form-urlencoded"), Kind::Form);
        assert_eq!(kind("application/jsonp"), Kind::Other);
        assert_eq!(Kind::of(&HeaderMap::new()), Kind::Unsaid);
    }
}
