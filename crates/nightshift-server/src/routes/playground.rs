//! The built-in chat page, a platform like the others: its script speaks in deliveries and reads
//! messages as they are posted and edited.
//!
//! `POST /playground/session` (or `…/login`) gives a browser its cookie and the token that every
//! other POST shows; the page itself and its assets are the same for everybody.

mod asset;
mod feed;
mod file;
mod guard;
mod output;
mod session;
mod speak;
mod visitor;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::Server;

pub fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/playground", get(asset::page))
        .route("/playground/session", post(session::open))
        .route("/playground/login", post(session::login))
        .route("/playground/logout", post(session::logout))
        .route("/playground/messages", post(speak::say))
        .route("/playground/clicks", post(speak::press))
        .route("/playground/events", get(feed::events))
        .route("/playground/files/{message}", get(file::download))
        .route("/playground/tasks/{id}/logs/stream", get(output::stream))
        .route("/playground/{asset}", get(asset::asset))
        .route_layer(middleware::map_response(guard::page_headers))
}

#[cfg(test)]
mod tests;
