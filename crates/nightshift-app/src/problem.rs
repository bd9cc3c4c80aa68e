//! Why a use case changed nothing: a kind for every door to branch on.

use nightshift_core::authorise::Refusal;
use nightshift_core::id::TaskId;
use nightshift_core::port::{StoreError, StoreKind};
use nightshift_core::task::Task;

/// A request that is understood, but not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("nobody is logged in")]
    Unauthenticated,
    #[error("refused")]
    Forbidden(Refusal),
    #[error("there is no task {0}")]
    NotFound(TaskId),
    #[error("there is no {0}")]
    NothingThere(String),
    /// The task is in no state for it; here is the verb and the task.
    #[error("task {} is {}", .1.id, .1.state.name())]
    WrongState(&'static str, Box<Task>),
    #[error("another plan of task {} is current", .0.id)]
    Stale(Box<Task>),
    #[error("task {} is decided already", .0.id)]
    Decided(Box<Task>),
    /// Field and sentence, each.
    #[error("the request is not valid")]
    Invalid(Vec<(String, String)>),
    #[error("this Idempotency-Key was used with another request")]
    KeyReused,
    /// The delivery was acted on before: silently nothing.
    #[error("acted on before")]
    Settled,
    #[error("the store cannot take it now")]
    Unavailable(#[source] StoreError),
    #[error("internal")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Problem {
    pub fn invalid(field: &str, why: impl Into<String>) -> Self {
        Self::Invalid(vec![(field.to_owned(), why.into())])
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreKind::Busy | StoreKind::Unknown | StoreKind::Full | StoreKind::Broken => {
                Self::Unavailable(error)
            }
            StoreKind::Corrupt => Self::Internal(Box::new(error)),
        }
    }
}
