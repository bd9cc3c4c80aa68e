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
mod measure;
mod outbox;
mod page;
mod people;
mod task;
mod timed;

pub use delivery::{Accepted, Cause, Deliveries, NewDelivery, RefusedAct, StoredDelivery};
pub use log::{LogPart, Logs};
pub use measure::{Measures, Spread};
pub use outbox::{Blocked, Outbox, OutboxItem, Outgoing, Whisper};
pub use page::{PageMessage, Pages};
pub use people::{People, Stranger};
pub use task::{
    ActionTarget, Attempts, CardVerb, Created, Finish, FinishOutcome, Idempotency, LeaseTerms,
    LeaseWord, Leased, MoveOutcome, NewTask, Page, PlanLease, PlanRecord, Question, Start, Swept,
    TaskFilter, Tasks, Unplanned, VoteCast, VoteOutcome,
};
pub use timed::{KEEP_DELIVERIES, KEEP_IDEMPOTENCY, Prune, Pruned, Timed, TimedRun};

use async_trait::async_trait;

use crate::error::{Retry, Source};
use crate::time::Timestamp;

/// What a caller may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Too much at once; the same call works later.
    Busy,
    /// The answer to a commit was lost: it happened or not. Who does the same again finds out.
    Unknown,
    /// No space left: nothing is acknowledged until there is.
    Full,
    /// The disk or the database fails.
    Broken,
    /// What is stored cannot be read: names table, column and row.
    Corrupt,
}

/// A failed operation: nothing of it happened, but for [`StoreKind::Unknown`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    pub kind: StoreKind,
    pub retry: Retry,
    pub message: String,
    #[source]
    pub source: Option<Source>,
}

/// Our time, and the machine's uptime at that moment: tells the next life of the server how much
/// real time has passed, whatever the machine's clock says by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockMark {
    pub at: Timestamp,
    /// Since the machine's start, its sleep included; `None` where that is unknown.
    pub uptime: Option<Uptime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Names this run of the machine.
    pub boot: i64,
    pub since: std::time::Duration,
}

/// What the store knows of our time in earlier lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptClock {
    pub mark: Option<ClockMark>,
    /// When something happened last; later than the mark where a life ended without one.
    pub newest_event: Option<Timestamp>,
}

/// Everything that is remembered.
#[async_trait]
pub trait Store: Deliveries + People + Tasks + Attempts + Outbox + Logs + Pages + Timed {
    /// Writes and reads back: an error means that nothing could be acknowledged now.
    async fn check(&self) -> Result<(), StoreError>;

    /// What is known of our time in earlier lives. Events are never written before it afterwards.
    async fn kept_clock(&self) -> Result<KeptClock, StoreError>;

    /// Keeps what our time is, for the next life. An older one than is kept changes nothing.
    async fn keep_clock(&self, mark: ClockMark) -> Result<(), StoreError>;

    /// Resolves when the store can no longer be trusted, with a sentence that names the file and
    /// the next step.
    ///
    /// - A write failed in a way that trying again would hide: every later change is refused.
    /// - The process should end; the next one recovers.
    async fn broken(&self) -> String;

    /// What was measured since the store was opened; reads memory only.
    fn measures(&self) -> Measures;

    /// One sentence for each invariant that the stored rows break, with the first rows that do.
    ///
    /// - Reads everything: it takes long where there is much.
    async fn broken_invariants(&self) -> Result<Vec<String>, StoreError>;

    /// Flushes and closes; afterwards every call fails.
    async fn close(&self);
}
