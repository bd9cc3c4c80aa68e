//! Faults of the store: each method as it is, or by way of one that breaks a rule.

mod broken;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_app::Ports;
use nightshift_core::authorise::Permit;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::chat::{Conversation, Identity, MessageRef};
use nightshift_core::event::Event;
use nightshift_core::id::{ActionToken, Fence, Platform, Seq, TaskId, UserId};
use nightshift_core::plan::{History, Plan};
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, ActionTarget, Attempts, Blocked, CardVerb, Cause, ClockMark, Created, Deliveries,
    Finish, FinishOutcome, KeptClock, LeaseTerms, LeaseWord, Leased, LogPart, Logs, Measures,
    MoveOutcome, NewDelivery, NewTask, Outbox, OutboxItem, Outgoing, Page, PageMessage, Pages,
    People, PlanLease, PlanRecord, Prune, Pruned, Question, RefusedAct, Start, Store, StoreError,
    StoredDelivery, Stranger, Swept, TaskFilter, Tasks, Timed, TimedRun, Unplanned, VoteCast,
    VoteOutcome,
};
use nightshift_core::task::{Task, TaskKind, Usage};
use nightshift_core::time::Timestamp;
use nightshift_core::user::User;

use crate::fault::{Fault, Rule};

pub(crate) fn around(mut ports: Ports, faults: &[Fault]) -> Ports {
    let rules = faults.iter().filter_map(|fault| match fault {
        Fault::Rule(rule) => Some(*rule),
        _ => None,
    });
    let rules: Vec<Rule> = rules.collect();
    if !rules.is_empty() {
        ports.store = Arc::new(Faulty {
            inner: ports.store,
            rules,
            first: Mutex::default(),
            calls: AtomicU64::new(u64::from(std::process::id()) << 32),
        });
    }
    ports
}

struct Faulty {
    inner: Arc<dyn Store>,
    rules: Vec<Rule>,
    /// Makes what is repeated look new, in this life and in later ones.
    calls: AtomicU64,
    /// The first attempt of each task that asked for a heartbeat.
    first: Mutex<BTreeMap<TaskId, Fence>>,
}

macro_rules! call {
    ($this:ident $name:ident($($arg:ident),*)) => { $this.inner.$name($($arg),*) };
    ($this:ident $name:ident($($arg:ident),*) $other:ident) => { $this.$other($($arg),*) };
}

/// Each method as it is, or by way of another one.
macro_rules! as_it_is {
    ($port:ident: $($name:ident($($arg:ident: $ty:ty),*) -> $out:ty $(, by $other:ident)?;)+) => {
        #[async_trait]
        impl $port for Faulty {
            $(async fn $name(&self, $($arg: $ty),*) -> Result<$out, StoreError> {
                let this = self;
                call!(this $name($($arg),*) $($other)?).await
            })+
        }
    };
}

as_it_is! { Deliveries:
    accept(batch: &[NewDelivery]) -> Vec<Accepted>, by accept_perhaps;
    open_deliveries(platform: Option<&Platform>, limit: u32) -> Vec<StoredDelivery>;
    answer(cause: &Cause, outgoing: &[Outgoing], refused: Option<&RefusedAct>, now: Timestamp) -> ();
}

as_it_is! { Logs:
    append_log(task: &TaskId, fence: Fence, offset: u64, bytes: &[u8]) -> bool;
    read_log(task: &TaskId, fence: Fence, offset: u64, limit: u32) -> LogPart;
}

as_it_is! { Outbox:
    enqueue(outgoing: &[Outgoing], now: Timestamp) -> ();
    claim_outbox(sender: &Sender, limit: u32, budgets: &Budgets, now: Timestamp) -> Vec<OutboxItem>, by claim_perhaps;
    sent(item: &OutboxItem, message: Option<&MessageRef>, now: Timestamp) -> ();
    postpone(item: &OutboxItem, until: Timestamp, unsure: bool, error: &str) -> ();
    give_up(item: &OutboxItem, error: &str, now: Timestamp) -> ();
    readdress(item: &OutboxItem, to: &Conversation, now: Timestamp) -> ();
    relay(item: &OutboxItem, to: &[Conversation], now: Timestamp) -> ();
    block(what: &Blocked, until: Timestamp, now: Timestamp) -> ();
    unblock(platform: &Platform, workspace: &str, beyond: Timestamp) -> ();
    next_due(sender: &Sender, now: Timestamp) -> Option<Timestamp>;
}

as_it_is! { Pages:
    put_page_message(message: &PageMessage) -> Seq;
    page_message(id: &str) -> Option<PageMessage>;
    page_messages(channel: &str, reader: &str, after: Seq, limit: u32) -> Vec<PageMessage>;
}

as_it_is! { People:
    identity(identity: &Identity) -> Option<User>;
    meet(user: &User, identity: &Identity, name: Option<&str>, now: Timestamp) -> ();
    accounts(user: &UserId) -> Vec<Identity>;
    turn_away(cause: &Cause, stranger: &Stranger, now: Timestamp) -> ();
    set_claim(code_hash: Option<&str>) -> ();
    claim(cause: &Cause, code_hash: &str, identity: &Identity, now: Timestamp) -> Option<User>;
    claimed(identity: &Identity) -> Option<User>;
    has_claimed() -> bool;
}

as_it_is! { Tasks:
    create_task(new: &NewTask, cause: &Cause, now: Timestamp) -> Created, by create_perhaps;
    task(id: &TaskId) -> Option<Task>;
    tasks(filter: &TaskFilter) -> Page<Task>;
    plan(id: &TaskId, plan_no: u32) -> Option<Plan>;
    lease_planning(holder: &str, now: Timestamp, until: Timestamp) -> Option<PlanLease>;
    record_plan(record: &PlanRecord, now: Timestamp) -> MoveOutcome;
    return_planning(task: &TaskId, fence: Fence, why: Unplanned, now: Timestamp) -> ();
    fail_planning(task: &TaskId, fence: Fence, detail: &str, now: Timestamp) -> MoveOutcome;
    cast_vote(vote: &VoteCast, cause: &Cause, now: Timestamp) -> VoteOutcome, by vote_perhaps;
    revise(task: &TaskId, plan_no: Option<u32>, permit: &Permit, feedback: &str, cause: &Cause, now: Timestamp) -> MoveOutcome;
    cancel(task: &TaskId, permit: &Permit, cause: &Cause, now: Timestamp) -> MoveOutcome, by cancel_perhaps;
    retry(task: &TaskId, permit: &Permit, cause: &Cause, now: Timestamp) -> MoveOutcome;
    actions(task: &TaskId, plan_no: u32) -> BTreeMap<CardVerb, ActionToken>;
    action(token: &ActionToken) -> Option<ActionTarget>;
    ask_question(at: &Conversation, who: &UserId, question: &Question, expires_at: Timestamp, cause: &Cause, outgoing: &[Outgoing], now: Timestamp) -> ();
    question(at: &Conversation, who: &UserId, now: Timestamp) -> Option<Question>;
    queue_position(task: &TaskId) -> Option<u32>;
    history(kind: TaskKind, subject: &str, project: Option<&str>, limit: u32) -> History;
    events(after: Seq, kind: Option<&str>, task: Option<&TaskId>, limit: u32) -> Vec<Event>;
}

as_it_is! { Attempts:
    lease(executor: &str, holder: &str, terms: LeaseTerms, limit: usize, now: Timestamp) -> Vec<Leased>;
    start_all(starts: &[Start], now: Timestamp) -> Vec<LeaseWord>;
    attempt_progress(task: &TaskId, fence: Fence, step: Option<&str>, usage: Usage, session: Option<&str>, now: Timestamp) -> LeaseWord;
    renew(holder: &str, held: &[(TaskId, Fence)], now: Timestamp, until: Timestamp) -> Vec<LeaseWord>, by renew_perhaps;
    finish_all(ends: &[Finish], now: Timestamp) -> Vec<FinishOutcome>, by finish_perhaps;
    sweep(now: Timestamp) -> Swept;
    recover(holder: &str, grace: Timestamp, now: Timestamp) -> Swept;
}

as_it_is! { Timed:
    claim_run(work: &str, every: Duration, now: Timestamp) -> Option<TimedRun>;
    remind(before: Duration, now: Timestamp) -> u32;
    prune(what: Prune, keep: Duration, now: Timestamp) -> Pruned;
    removed_tasks(limit: u32) -> Vec<TaskId>;
    files_removed(tasks: &[TaskId]) -> ();
}

#[async_trait]
impl Store for Faulty {
    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    async fn kept_clock(&self) -> Result<KeptClock, StoreError> {
        self.inner.kept_clock().await
    }

    async fn keep_clock(&self, mark: ClockMark) -> Result<(), StoreError> {
        self.inner.keep_clock(mark).await
    }

    async fn broken(&self) -> String {
        self.inner.broken().await
    }

    fn measures(&self) -> Measures {
        self.inner.measures()
    }

    async fn broken_invariants(&self) -> Result<Vec<String>, StoreError> {
        self.inner.broken_invariants().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
