//! The real store, each call in its turn; and the ways in which it can be broken on purpose.

mod broken;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::authorise::Permit;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::chat::{Conversation, Identity, MessageRef};
use nightshift_core::error::Retry;
use nightshift_core::event::Event;
use nightshift_core::id::{ActionToken, Fence, Platform, Seq, TaskId, UserId};
use nightshift_core::plan::{History, Plan};
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, ActionTarget, Attempts, Blocked, CardVerb, Cause, ClockMark, Created, Deliveries,
    Finish, FinishOutcome, KeptClock, LeaseTerms, LeaseWord, Leased, LogPart, Logs, Measures,
    MoveOutcome, NewDelivery, NewTask, Outbox, OutboxItem, Outgoing, Page, PageMessage, Pages,
    People, PlanLease, PlanRecord, Prune, Pruned, Question, RefusedAct, Start, Store, StoreError,
    StoreKind, StoredDelivery, Stranger, Swept, TaskFilter, Tasks, Timed, TimedRun, Unplanned,
    VoteCast, VoteOutcome,
};
use nightshift_core::task::{Task, TaskKind, Usage};
use nightshift_core::time::Timestamp;
use nightshift_core::user::User;
use nightshift_store::{CommitWatch, SqlStore};

use crate::turns::{Pass, Turns};

pub(crate) use broken::Break;

/// Ends a change right before its commit.
#[derive(Default)]
pub(crate) struct Tear(AtomicBool);

impl CommitWatch for Tear {
    fn before(&self, _: &'static str) {
        if self.0.swap(false, Ordering::SeqCst) {
            // Unwinds without a word: what it held is dropped, as in a process that dies.
            std::panic::resume_unwind(Box::new("torn"));
        }
    }

    fn after(&self, _: &'static str, _: Duration) {}
}

/// Accepted endings of attempts over all lives, by task, fence and the event that tells of them.
pub(crate) type Endings = Mutex<BTreeMap<(TaskId, Fence, &'static str), u32>>;

pub(crate) struct InTurn {
    pub(crate) inner: Arc<SqlStore>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) tear: Arc<Tear>,
    pub(crate) broken: Option<Break>,
    pub(crate) endings: Arc<Endings>,
    pub(crate) calls: AtomicU64,
}

impl InTurn {
    async fn turn<T: Send>(
        &self,
        name: &str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.turns.pass(format!("store {name}")).await {
            Pass::Go(_) => {
                let _busy = self.turns.busy();
                call.await
            }
            Pass::Trouble(_) => Err(StoreError {
                kind: StoreKind::Busy,
                retry: Retry::Soon,
                message: "the simulated disk is busy".to_owned(),
                source: None,
            }),
            Pass::Torn => {
                let busy = self.turns.busy();
                self.tear.0.store(true, Ordering::SeqCst);
                until_torn(call).await;
                self.tear.0.store(false, Ordering::SeqCst);
                drop(busy);
                self.turns.die().await
            }
            Pass::Unanswered => {
                let busy = self.turns.busy();
                drop(call.await);
                drop(busy);
                self.turns.die().await
            }
        }
    }
}

/// Runs a call until it ends or is torn at its commit.
async fn until_torn<T>(call: impl Future<Output = T> + Send) {
    let mut call = pin!(call);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(_)) | Err(_) => Poll::Ready(()),
        }
    })
    .await;
}

macro_rules! call {
    ($this:ident $name:ident($($arg:ident),*)) => { $this.inner.$name($($arg),*) };
    ($this:ident $name:ident($($arg:ident),*) $other:ident) => { $this.$other($($arg),*) };
}

/// Each method in its turn, as it is or by way of another one.
macro_rules! in_turn {
    ($port:ident: $($name:ident($($arg:ident: $ty:ty),*) -> $out:ty $(, by $other:ident)?;)+) => {
        #[async_trait]
        impl $port for InTurn {
            $(async fn $name(&self, $($arg: $ty),*) -> Result<$out, StoreError> {
                let this = self;
                this.turn(stringify!($name), call!(this $name($($arg),*) $($other)?)).await
            })+
        }
    };
}

in_turn! { Deliveries:
    accept(batch: &[NewDelivery]) -> Vec<Accepted>, by accept_perhaps;
    open_deliveries(platform: Option<&Platform>, limit: u32) -> Vec<StoredDelivery>;
    answer(cause: &Cause, outgoing: &[Outgoing], refused: Option<&RefusedAct>, now: Timestamp) -> ();
}

in_turn! { Logs:
    append_log(task: &TaskId, fence: Fence, offset: u64, bytes: &[u8]) -> bool;
    read_log(task: &TaskId, fence: Fence, offset: u64, limit: u32) -> LogPart;
}

in_turn! { Outbox:
    enqueue(outgoing: &[Outgoing], now: Timestamp) -> ();
    claim_outbox(sender: &Sender, limit: u32, budgets: &Budgets, now: Timestamp) -> Vec<OutboxItem>, by claim_perhaps;
    sent(item: &OutboxItem, message: Option<&MessageRef>, now: Timestamp) -> (), by sent_perhaps;
    postpone(item: &OutboxItem, until: Timestamp, unsure: bool, error: &str) -> ();
    give_up(item: &OutboxItem, error: &str, now: Timestamp) -> ();
    readdress(item: &OutboxItem, to: &Conversation, now: Timestamp) -> ();
    relay(item: &OutboxItem, to: &[Conversation], now: Timestamp) -> ();
    block(what: &Blocked, until: Timestamp, now: Timestamp) -> ();
    unblock(platform: &Platform, workspace: &str, beyond: Timestamp) -> ();
    next_due(sender: &Sender, now: Timestamp) -> Option<Timestamp>;
}

in_turn! { Pages:
    put_page_message(message: &PageMessage) -> Seq;
    page_message(id: &str) -> Option<PageMessage>;
    page_messages(channel: &str, reader: &str, after: Seq, limit: u32) -> Vec<PageMessage>;
}

in_turn! { People:
    identity(identity: &Identity) -> Option<User>;
    meet(user: &User, identity: &Identity, name: Option<&str>, now: Timestamp) -> ();
    accounts(user: &UserId) -> Vec<Identity>;
    turn_away(cause: &Cause, stranger: &Stranger, now: Timestamp) -> ();
    set_claim(code_hash: Option<&str>) -> ();
    claim(cause: &Cause, code_hash: &str, identity: &Identity, now: Timestamp) -> Option<User>;
    claimed(identity: &Identity) -> Option<User>;
    has_claimed() -> bool;
}

in_turn! { Tasks:
    create_task(new: &NewTask, cause: &Cause, now: Timestamp) -> Created;
    task(id: &TaskId) -> Option<Task>;
    tasks(filter: &TaskFilter) -> Page<Task>;
    plan(id: &TaskId, plan_no: u32) -> Option<Plan>;
    lease_planning(holder: &str, now: Timestamp, until: Timestamp) -> Option<PlanLease>;
    record_plan(record: &PlanRecord, now: Timestamp) -> MoveOutcome, by record_perhaps;
    return_planning(task: &TaskId, fence: Fence, why: Unplanned, now: Timestamp) -> ();
    fail_planning(task: &TaskId, fence: Fence, detail: &str, now: Timestamp) -> MoveOutcome;
    cast_vote(vote: &VoteCast, cause: &Cause, now: Timestamp) -> VoteOutcome;
    revise(task: &TaskId, plan_no: Option<u32>, permit: &Permit, feedback: &str, cause: &Cause, now: Timestamp) -> MoveOutcome;
    cancel(task: &TaskId, permit: &Permit, cause: &Cause, now: Timestamp) -> MoveOutcome;
    retry(task: &TaskId, permit: &Permit, cause: &Cause, now: Timestamp) -> MoveOutcome;
    actions(task: &TaskId, plan_no: u32) -> BTreeMap<CardVerb, ActionToken>;
    action(token: &ActionToken) -> Option<ActionTarget>;
    ask_question(at: &Conversation, who: &UserId, question: &Question, expires_at: Timestamp, cause: &Cause, outgoing: &[Outgoing], now: Timestamp) -> ();
    question(at: &Conversation, who: &UserId, now: Timestamp) -> Option<Question>;
    queue_position(task: &TaskId) -> Option<u32>;
    history(kind: TaskKind, subject: &str, project: Option<&str>, limit: u32) -> History;
    events(after: Seq, kind: Option<&str>, task: Option<&TaskId>, limit: u32) -> Vec<Event>;
}

in_turn! { Attempts:
    lease(executor: &str, holder: &str, terms: LeaseTerms, limit: usize, now: Timestamp) -> Vec<Leased>;
    start_all(starts: &[Start], now: Timestamp) -> Vec<LeaseWord>;
    attempt_progress(task: &TaskId, fence: Fence, step: Option<&str>, usage: Usage, session: Option<&str>, now: Timestamp) -> LeaseWord;
    renew(holder: &str, held: &[(TaskId, Fence)], now: Timestamp, until: Timestamp) -> Vec<LeaseWord>;
    finish_all(ends: &[Finish], now: Timestamp) -> Vec<FinishOutcome>, by finish_seen;
    sweep(now: Timestamp) -> Swept;
    recover(holder: &str, grace: Timestamp, now: Timestamp) -> Swept, by recover_perhaps;
}

in_turn! { Timed:
    claim_run(work: &str, every: Duration, now: Timestamp) -> Option<TimedRun>;
    remind(before: Duration, now: Timestamp) -> u32;
    prune(what: Prune, keep: Duration, now: Timestamp) -> Pruned;
    removed_tasks(limit: u32) -> Vec<TaskId>;
    files_removed(tasks: &[TaskId]) -> ();
}

#[async_trait]
impl Store for InTurn {
    async fn check(&self) -> Result<(), StoreError> {
        self.turn("check", self.inner.check()).await
    }

    async fn kept_clock(&self) -> Result<KeptClock, StoreError> {
        self.turn("kept_clock", self.inner.kept_clock()).await
    }

    async fn keep_clock(&self, mark: ClockMark) -> Result<(), StoreError> {
        self.turn("keep_clock", self.inner.keep_clock(mark)).await
    }

    async fn broken(&self) -> String {
        self.inner.broken().await
    }

    fn measures(&self) -> Measures {
        self.inner.measures()
    }

    async fn broken_invariants(&self) -> Result<Vec<String>, StoreError> {
        self.turn("broken_invariants", self.inner.broken_invariants())
            .await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
