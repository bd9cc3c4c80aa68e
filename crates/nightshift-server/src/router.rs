//! The route table and nothing else.

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Extension, Router, middleware};

use crate::envelope;
use crate::error::{ApiError, Code};
use crate::extract::OperatorSocket;
use crate::routes::{events, health, playground, submit, tasks, webhook};
use crate::server::Server;

/// The door to the network: callers show a key.
pub fn router(server: Arc<Server>) -> Router {
    enveloped(table(&server), server)
}

/// The door of the server's own socket: who can open it is this machine's operator.
pub fn socket_router(server: Arc<Server>) -> Router {
    enveloped(table(&server).layer(Extension(OperatorSocket)), server)
}

fn enveloped(table: Router<Arc<Server>>, server: Arc<Server>) -> Router {
    let around = middleware::from_fn_with_state(server.clone(), envelope::wrap);
    table.layer(around).with_state(server)
}

fn table(server: &Arc<Server>) -> Router<Arc<Server>> {
    let mut table = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/health", get(health::measured))
        .route("/webhook/{platform}", post(webhook::deliver))
        .route("/api/submit", post(submit::submit))
        .route("/api/v1/tasks", get(tasks::list::list))
        .route("/api/v1/tasks/{id}", get(tasks::show::show))
        .route("/api/v1/tasks/{id}/approve", post(tasks::approve::approve))
        .route("/api/v1/tasks/{id}/reject", post(tasks::reject::reject))
        .route("/api/v1/tasks/{id}/revise", post(tasks::revise::revise))
        .route("/api/v1/tasks/{id}/cancel", post(tasks::cancel::cancel))
        .route("/api/v1/tasks/{id}/retry", post(tasks::retry::retry))
        .route("/api/v1/tasks/{id}/plan", get(tasks::plan::plan))
        .route("/api/v1/tasks/{id}/events", get(events::of_task))
        .route("/api/v1/tasks/{id}/why", get(tasks::why::why))
        .route("/api/v1/tasks/{id}/logs", get(tasks::logs::logs))
        .route("/api/v1/tasks/{id}/logs/stream", get(tasks::logs::stream))
        .route("/api/v1/tasks/{id}/files", get(tasks::files::list))
        .route(
            "/api/v1/tasks/{id}/files/{*name}",
            get(tasks::files::download),
        )
        .route("/api/v1/events", get(events::all))
        .route("/events", get(events::all))
        .merge(playground::routes());
    for (path, platform) in &server.aliases {
        table = table.route(
            path,
            post(webhook::alias).layer(Extension(platform.clone())),
        );
    }
    table
        .fallback(|| async { ApiError::not_found("such route") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(Code::UnsupportedMethod, "this route has other methods")
        })
}
