//! The durable memory. One method is one transaction; no `begin` or `commit` outside.
//!
//! For all methods:
//!
//! - What a task becomes is decided by [`crate::task::TaskState::on`] alone; the store applies the
//!   move with one conditional update, and writes its event, approval, outbox and audit rows in
//!   the same transaction.
//! - Time is passed in as `now`; identifiers come from the `Ids` port the store was opened with.
//! - When a method returns `Ok`, what it did survives a power cut.

mod delivery;
mod log;
mod outbox;
mod page;
mod people;
mod task;

pub use delivery::{Accepted, Cause, Deliveries, NewDelivery, RefusedAct, StoredDelivery};
pub use log::{LogPart, Logs};
pub use outbox::{Outbox, OutboxItem, Outgoing, Whisper};
pub use page::{PageMessage, Pages};
pub use people::{People, Stranger};
pub use task::{
    ActionTarget, Attempts, CardVerb, Created, Finish, FinishOutcome, Idempotency, LeaseWord,
    Leased, MoveOutcome, NewTask, Page, PlanLease, PlanRecord, Question, Swept, TaskFilter, Tasks,
    VoteCast, VoteOutcome,
};

use async_trait::async_trait;

use crate::error::{Retry, Source};

/// What a caller may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Too much at once; the same call works later.
    Busy,
    /// No space left: nothing is acknowledged until there is.
    Full,
    /// The disk or the database fails.
    Broken,
    /// What is stored cannot be read: names table, column and row.
    Corrupt,
}

/// A failed operation: nothing of it happened.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    pub kind: StoreKind,
    pub retry: Retry,
    pub message: String,
    #[source]
    pub source: Option<Source>,
}

/// Everything that is remembered.
#[async_trait]
pub trait Store: Deliveries + People + Tasks + Attempts + Outbox + Logs + Pages {
    /// Writes and reads back: an error means that nothing could be acknowledged now.
    async fn check(&self) -> Result<(), StoreError>;

    /// Flushes and closes; afterwards every call fails.
    async fn close(&self);
}
