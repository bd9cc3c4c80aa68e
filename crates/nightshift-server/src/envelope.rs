//! Around every request: its id, its one log line, the shape of its errors, the audit of its
//! refusals, containment of panics, and headers that keep browsers careful.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use nightshift_core::port::store::RefusedAct;
use nightshift_protocol::{ErrorBody, ErrorDetail};
use tracing::Instrument;

use crate::error::{ApiError, Code, RefusedCall};
use crate::server::Server;

/// Where the connection comes from; a proxy's address behind a proxy.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// What the log and the audit say of a request: no header, no body, no query.
struct Line {
    id: String,
    method: Method,
    /// The route's template, never the path itself.
    route: String,
    peer: Option<IpAddr>,
    began: Instant,
}

pub(crate) async fn wrap(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let line = Line::of(&server, &request);
    let span = tracing::info_span!("http.request", request.id = line.id);
    async {
        let answered = answer(&server, request, next).await;
        let mut response = finish(&server, &line, answered).await;
        harden(response.headers_mut());
        line.log(response.status());
        response
    }
    .instrument(span)
    .await
}

/// The route's answer; a panic in it ends this request alone.
async fn answer(server: &Server, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let entered = server.ready.enter();
    if !reads && entered.is_none() {
        return ApiError::unavailable("the service is stopping; send it again").into_response();
    }
    // Readers are not waited for: a stream ends by itself.
    let _entered = entered.filter(|_| !reads);
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => ApiError::internal("a route panicked").into_response(),
    }
}

/// Gives an error its body, its log line and its audit entry.
async fn finish(server: &Server, line: &Line, mut response: Response) -> Response {
    let error = response.extensions_mut().remove::<ApiError>();
    let refusing = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    if refusing {
        let call = error.as_ref().and_then(|error| error.refused.as_deref());
        line.audit(server, call.cloned().unwrap_or_default()).await;
    }
    if let Some(error) = error {
        line.complain(&error);
        let allow = response.headers_mut().remove(header::ALLOW);
        response = line.body(error);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let id = HeaderValue::from_str(&line.id).expect("invariant: a request id is hex");
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-request-id"), id);
    response
}

impl Line {
    fn of(server: &Server, request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            // 64 random bits: enough to find one request in a log.
            id: hex::encode(&server.app.ports.ids.entropy()[..8]),
            method: request.method().clone(),
            route: route.map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned()),
            peer: request.extensions().get::<Peer>().map(|peer| peer.0),
            began: Instant::now(),
        }
    }

    fn log(&self, status: StatusCode) {
        tracing::info!(
            http.method = %self.method,
            http.route = self.route,
            http.status = status.as_u16(),
            duration_ms = self.began.elapsed().as_secs_f64() * 1000.0,
            "Answered a request."
        );
    }

    /// The source chain goes to the log and nowhere else.
    fn complain(&self, error: &ApiError) {
        let Some(source) = &error.source else {
            return;
        };
        let chain = chain(source.as_ref());
        if error.code == Code::Internal {
            tracing::error!(http.route = self.route, error = chain, "A request failed.");
        } else {
            tracing::warn!(
                http.route = self.route,
                error = chain,
                "A request was put off."
            );
        }
    }

    async fn audit(&self, server: &Server, call: RefusedCall) {
        let who = match (&call.who, self.peer) {
            (Some(user), _) => user.to_string(),
            (None, Some(peer)) => format!("somebody at {peer}"),
            (None, None) => "somebody".to_owned(),
        };
        let act = RefusedAct {
            who,
            action: call
                .action
                .unwrap_or_else(|| format!("{} {}", self.method, self.route)),
            why: call.why,
            task: call.task,
        };
        server.audit.refused(&server.app, call.who, act).await;
    }

    fn body(&self, error: ApiError) -> Response {
        let message = if error.code == Code::Internal {
            format!("something went wrong, reference {}", self.id)
        } else {
            error.message
        };
        let body = ErrorBody {
            error: ErrorDetail {
                code: error.code.name().to_owned(),
                message,
                request_id: self.id.clone(),
                fields: error.fields,
            },
        };
        let mut response = (error.code.status(), axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = error.retry_after {
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if error.code == Code::Unauthenticated {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Careful defaults; a page that needs more has set its own already.
fn harden(headers: &mut HeaderMap) {
    const DEFAULTS: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in DEFAULTS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
