//! The only place that chooses a status code.
//!
//! An [`ApiError`] travels in the response's extensions to the [`crate::envelope`], which alone
//! knows the request id: there it becomes JSON, a log line and, for refusals, an audit entry.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nightshift_app::Problem;
use nightshift_core::authorise::Refusal;
use nightshift_core::error::Retry;
use nightshift_core::id::{TaskId, UserId};
use nightshift_core::port::{StoreError, StoreKind};
use nightshift_core::wording;
use nightshift_protocol::FieldError;

/// The words of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Unsigned,
    TooLarge,
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    WrongState,
    StalePlan,
    Decided,
    Invalid,
    Idempotency,
    UnsupportedType,
    UnsupportedMethod,
    Unavailable,
    Internal,
}

impl Code {
    pub const ALL: [Self; 15] = [
        Self::Unsigned,
        Self::TooLarge,
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::WrongState,
        Self::StalePlan,
        Self::Decided,
        Self::Invalid,
        Self::Idempotency,
        Self::UnsupportedType,
        Self::UnsupportedMethod,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The table.
    fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unsigned => (StatusCode::UNAUTHORIZED, "unsigned"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::WrongState => (StatusCode::CONFLICT, "wrong_state"),
            Self::StalePlan => (StatusCode::CONFLICT, "stale_plan"),
            Self::Decided => (StatusCode::CONFLICT, "decided"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Idempotency => (StatusCode::CONFLICT, "idempotency"),
            Self::UnsupportedType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported"),
            Self::UnsupportedMethod => (StatusCode::METHOD_NOT_ALLOWED, "unsupported"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    pub fn status(self) -> StatusCode {
        self.row().0
    }

    pub fn name(self) -> &'static str {
        self.row().1
    }
}

/// What the audit says of a refusal; the envelope adds what only the request knows.
#[derive(Debug, Clone, Default)]
pub struct RefusedCall {
    /// `None` for somebody whom we do not know.
    pub who: Option<UserId>,
    /// `None`: the method and route.
    pub action: Option<String>,
    pub why: String,
    pub task: Option<TaskId>,
}

/// Why a request is not fulfilled.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub code: Code,
    /// For the client: nothing internal. Empty for `internal`, whose text is the request id.
    pub message: String,
    pub fields: Vec<FieldError>,
    pub refused: Option<Box<RefusedCall>>,
    pub retry_after: Option<Duration>,
    /// For the log alone.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// When nothing better is known: the store is back or the restart is over by then, mostly.
const RETRY_AFTER: Duration = Duration::from_secs(2);

impl ApiError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            refused: None,
            retry_after: None,
            source: None,
        }
    }

    fn refusing(code: Code, message: &str, call: RefusedCall) -> Self {
        Self {
            refused: Some(Box::new(call)),
            ..Self::new(code, message)
        }
    }

    /// Nobody we know; `why` is for the audit.
    pub fn unauthenticated(why: &str) -> Self {
        let call = RefusedCall {
            why: why.to_owned(),
            ..RefusedCall::default()
        };
        let message = "an API key is needed: X-API-Key or Authorization: Bearer";
        Self::refusing(Code::Unauthenticated, message, call)
    }

    /// A delivery whose signature is missing, wrong or stale; `claimed` is whose it says it is.
    pub fn unsigned(claimed: &str) -> Self {
        let call = RefusedCall {
            action: Some(format!("deliver as {claimed}")),
            why: "the signature is missing, wrong or stale".to_owned(),
            ..RefusedCall::default()
        };
        Self::refusing(Code::Unsigned, "the signature does not hold", call)
    }

    pub fn forbidden(refusal: &Refusal) -> Self {
        let call = RefusedCall {
            who: Some(refusal.actor.clone()),
            action: Some(refusal.action.name().to_owned()),
            why: format!("{:?}", refusal.why),
            task: None,
        };
        let message = wording::refusal(refusal).plain();
        Self::refusing(Code::Forbidden, &message, call)
    }

    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what}"))
    }

    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let lines: Vec<String> = fields
            .iter()
            .map(|wrong| format!("{}: {}", wrong.field, wrong.message))
            .collect();
        Self {
            message: lines.join("; "),
            fields,
            ..Self::new(Code::Invalid, "")
        }
    }

    pub fn unavailable(message: &str) -> Self {
        Self {
            retry_after: Some(RETRY_AFTER),
            ..Self::new(Code::Unavailable, message)
        }
    }

    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(Arc::from(source.into())),
            ..Self::new(Code::Internal, "")
        }
    }

    /// Names the task in the audit.
    pub fn about(mut self, task: &TaskId) -> Self {
        if let Some(call) = &mut self.refused {
            call.task = Some(task.clone());
        }
        self
    }

    fn store(error: StoreError) -> Self {
        let retry_after = match error.retry {
            Retry::After(wait) => wait,
            Retry::Never | Retry::Soon => RETRY_AFTER,
        };
        let message = match error.kind {
            StoreKind::Unknown => {
                "the store was lost in the middle: it may have been done. Look, or send it again \
                 under the same Idempotency-Key"
            }
            _ => "the store cannot take it now; nothing was changed",
        };
        Self {
            retry_after: Some(retry_after),
            source: Some(Arc::new(error)),
            ..Self::new(Code::Unavailable, message)
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unauthenticated => Self::unauthenticated("nobody is logged in"),
            Problem::Forbidden(refusal) => Self::forbidden(&refusal),
            Problem::NotFound(id) => Self::new(Code::NotFound, wording::unknown_task(&id).plain()),
            Problem::NothingThere(what) => Self::not_found(what),
            Problem::WrongState(verb, task) => {
                let words = wording::wrong_state(&task.id, verb, task.state.name());
                Self::new(Code::WrongState, words.plain())
            }
            Problem::Stale(task) => {
                let message = format!(
                    "another plan of task {} is current; nothing was changed",
                    task.id
                );
                Self::new(Code::StalePlan, message)
            }
            Problem::Decided(task) => {
                let words = wording::already_decided(&task.id, task.state.name());
                Self::new(Code::Decided, words.plain())
            }
            Problem::Invalid(fields) => Self::invalid(
                fields
                    .into_iter()
                    .map(|(field, message)| FieldError { field, message })
                    .collect(),
            ),
            Problem::KeyReused => Self::new(
                Code::Idempotency,
                "this Idempotency-Key was used with another body",
            ),
            Problem::Settled => Self::new(Code::Decided, "this was acted on before"),
            Problem::Unavailable(error) => Self::store(error),
            Problem::Internal(error) => Self::internal(error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;
