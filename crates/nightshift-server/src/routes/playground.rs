//! The built-in chat page.

use std::sync::Arc;

use axum::Router;

use crate::Server;

pub fn routes() -> Router<Arc<Server>> {
    Router::new()
}
