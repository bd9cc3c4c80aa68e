//! Whether a delivery could be taken, asked before its body is read.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::server::Server;

/// There was room for one more delivery a moment ago. Whoever comes in vain has cost us its head
/// alone, and delivers again.
#[derive(Debug, Clone, Copy)]
pub struct Room;

impl FromRequestParts<Arc<Server>> for Room {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        if server.intake.has_room() {
            Ok(Self)
        } else {
            let why = "too many deliveries wait to be stored; deliver again";
            Err(ApiError::unavailable(why))
        }
    }
}
