//! How tests make what they start from: ids that repeat, a clock that is set, tasks at each stage.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nightshift_core::approval::{Decision, Rule};
use nightshift_core::authorise::{Action, Actor, Permit, Resource, authorise};
use nightshift_core::chat::budget::Budgets;
use nightshift_core::chat::{Conversation, Delivery, Gesture, Identity, Inbound};
use nightshift_core::id::{Entropy, Fence, Platform, TaskId, UserId};
use nightshift_core::plan::{Ceiling, Draft, Estimate, Limits, Plan};
use nightshift_core::port::clock::Ids;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, Cause, Created, Finish, FinishOutcome, LeaseTerms, Leased, MoveOutcome, NewDelivery,
    NewTask, OutboxItem, PlanLease, PlanRecord, Store, VoteCast, VoteOutcome,
};
use nightshift_core::task::{Task, TaskEvent, TaskKind, TaskResult, Usage, Wishes};
use nightshift_core::time::Timestamp;
use nightshift_core::user::{Kind, Role, User};

/// Spreads a counter over all bytes, so that ids differ from their first character on.
#[derive(Default)]
pub(crate) struct CountedIds(AtomicU64);

impl CountedIds {
    /// Other ids than those of another replica.
    pub(crate) fn of_replica(number: u64) -> Self {
        Self(AtomicU64::new(number << 32))
    }
}

impl Ids for CountedIds {
    fn entropy(&self) -> Entropy {
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let a = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let b = (n ^ a).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(a ^ (a >> 29)).to_le_bytes());
        bytes[8..].copy_from_slice(&(b ^ (b >> 31)).to_le_bytes());
        bytes
    }
}

/// Seconds after the story began.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

pub(crate) fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(at(0).millis() + millis)
}

pub(crate) const DAY: i64 = 24 * 3600;

pub(crate) fn chat() -> Platform {
    Platform::new("chat")
}

pub(crate) fn ana() -> UserId {
    UserId::new("user_ana")
}

pub(crate) fn account(id: &str) -> Identity {
    Identity {
        platform: chat(),
        id: id.to_owned(),
    }
}

pub(crate) fn room(channel: &str) -> Conversation {
    Conversation {
        platform: chat(),
        workspace: "T1".to_owned(),
        channel: channel.to_owned(),
        thread: None,
    }
}

pub(crate) fn thread(channel: &str, root: &str) -> Conversation {
    Conversation {
        thread: Some(root.to_owned()),
        ..room(channel)
    }
}

pub(crate) fn delivery(keys: &[&str], body: u8) -> NewDelivery {
    NewDelivery::new(
        chat(),
        Delivery {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            body_hash: [body; 32],
            inbound: Inbound {
                from: account("U1"),
                display_name: Some("Ana".to_owned()),
                at: room("C1"),
                gesture: Gesture::Say {
                    text: format!("said in {}", keys[0]),
                },
                reply_handle: Some("secret-handle".to_owned()),
                form_handle: None,
            },
        },
        at(0),
    )
}

/// Accepts one delivery and returns the cause that it is.
pub(crate) async fn cause(store: &dyn Store, key: &str) -> Cause {
    assert_eq!(
        store.accept(&[delivery(&[key], 1)]).await.unwrap(),
        [Accepted::New]
    );
    let open = store.open_deliveries(None, 1000).await.unwrap();
    Cause {
        actor: Some(ana()),
        delivery: Some(open.last().unwrap().id.clone()),
    }
}

pub(crate) fn ask(text: &str) -> NewTask {
    NewTask {
        kind: TaskKind::Agent,
        description: text.to_owned(),
        wishes: Wishes::default(),
        owner: ana(),
        origin: Some(room("C1")),
        asker: Some(account("U1")),
        idempotency: None,
        show_planning_at: at(1),
    }
}

/// The same without a conversation, as the API asks.
pub(crate) fn quiet(text: &str) -> NewTask {
    NewTask {
        origin: None,
        asker: None,
        ..ask(text)
    }
}

pub(crate) async fn created(store: &dyn Store, new: &NewTask, now: Timestamp) -> Task {
    match store
        .create_task(new, &Cause::by(ana()), now)
        .await
        .unwrap()
    {
        Created::New(task) => *task,
        other => panic!("not created: {other:?}"),
    }
}

pub(crate) fn plan(summary: &str) -> Plan {
    let draft = Draft {
        summary: summary.to_owned(),
        prompt: "do it".to_owned(),
        agent: Some("stub".to_owned()),
        model: None,
        executor: "local".to_owned(),
        workspace: "/w".to_owned(),
        writable_dirs: Vec::new(),
        tools: Vec::new(),
        network: "none".to_owned(),
        estimate: Estimate::default(),
        ceiling: Ceiling {
            tokens: 1000,
            usd: 1.0,
        },
        timeout_s: 60,
        risk: "low".to_owned(),
        reasoning: String::new(),
        argv: Vec::new(),
    };
    let limits = Limits {
        max_tokens: 100_000,
        max_usd: 10.0,
        default_timeout_s: 60,
        max_timeout_s: 600,
    };
    Plan::check(draft, &limits).unwrap()
}

pub(crate) async fn planning(store: &dyn Store, now: Timestamp) -> PlanLease {
    let lease = store
        .lease_planning("life-1", now, Timestamp::from_millis(now.millis() + 60_000))
        .await
        .unwrap();
    lease.expect("a task waits for a plan")
}

pub(crate) async fn recorded(
    store: &dyn Store,
    lease: &PlanLease,
    plan: &Plan,
    need: Option<u32>,
    now: Timestamp,
) -> Task {
    let record = PlanRecord {
        task: lease.task.id.clone(),
        fence: lease.fence,
        plan: plan.clone(),
        need,
        expires_at: Timestamp::from_millis(now.millis() + DAY * 1000),
    };
    moved(store.record_plan(&record, now).await.unwrap())
}

pub(crate) fn moved(outcome: MoveOutcome) -> Task {
    match outcome {
        MoveOutcome::Moved(task) => *task,
        other => panic!("not moved: {other:?}"),
    }
}

/// A task whose plan waits for one vote.
pub(crate) async fn staged(store: &dyn Store, new: &NewTask) -> Task {
    staged_for(store, new, 1).await
}

pub(crate) async fn staged_for(store: &dyn Store, new: &NewTask, need: u32) -> Task {
    created(store, new, at(0)).await;
    let lease = planning(store, at(0)).await;
    recorded(store, &lease, &plan(&new.description), Some(need), at(0)).await
}

pub(crate) fn permit(user: &str, action: Action) -> Permit {
    let user = User {
        id: UserId::new(user),
        role: Role::Approver,
        kind: Kind::Person,
    };
    let resource = Resource::Task {
        owner: &ana(),
        rule: &Rule::default(),
    };
    authorise(&Actor::User(user), action, &resource).unwrap()
}

pub(crate) fn vote(task: &TaskId, user: &str, decision: Decision) -> VoteCast {
    VoteCast {
        task: task.clone(),
        permit: permit(user, Action::Approve),
        decision,
        plan_hash: None,
        plan_no: None,
        why: None,
    }
}

pub(crate) async fn approve(store: &dyn Store, task: &TaskId, user: &str) -> VoteOutcome {
    store
        .cast_vote(
            &vote(task, user, Decision::Approve),
            &Cause::default(),
            at(1),
        )
        .await
        .unwrap()
}

/// A task that may run.
pub(crate) async fn queued(store: &dyn Store, new: &NewTask) -> Task {
    let task = staged(store, new).await;
    match approve(store, &task.id, "user_ana").await {
        VoteOutcome::Granted(task) => *task,
        other => panic!("not granted: {other:?}"),
    }
}

/// A minute; the time to start in is no matter where nothing is said of it.
pub(crate) fn terms(now: Timestamp) -> LeaseTerms {
    LeaseTerms {
        until: now.after(Duration::from_secs(60)),
        start_by: now.after(Duration::from_secs(3600)),
    }
}

pub(crate) async fn lease(store: &dyn Store, now: Timestamp) -> Option<Leased> {
    store
        .lease_next("local", "life-1", terms(now), now)
        .await
        .unwrap()
}

/// A task that runs since second 2, with a lease of a minute.
pub(crate) async fn running(store: &dyn Store, new: &NewTask) -> Leased {
    queued(store, new).await;
    let leased = lease(store, at(2)).await.expect("a task is queued");
    store
        .attempt_started(&leased.task.id, leased.fence, "bwrap", at(DAY), at(2))
        .await
        .unwrap();
    leased
}

pub(crate) fn finish(task: &TaskId, fence: Fence, event: TaskEvent) -> Finish {
    Finish {
        task: task.clone(),
        fence,
        event,
        detail: None,
        result: TaskResult {
            text: "done".to_owned(),
            exit_code: Some(0),
            files: Vec::new(),
        },
        usage: Usage {
            tokens: 10,
            usd: 0.5,
            seconds: 3.0,
        },
        parts: Vec::new(),
        log_bytes: 0,
    }
}

pub(crate) async fn completed(store: &dyn Store, leased: &Leased, now: Timestamp) -> Task {
    let event = TaskEvent::Completed {
        fence: leased.fence,
    };
    match store
        .finish(&finish(&leased.task.id, leased.fence, event), now)
        .await
        .unwrap()
    {
        FinishOutcome::Finished(task) => *task,
        FinishOutcome::Fenced => panic!("fenced"),
    }
}

/// How often each kind of event happened to a task.
pub(crate) async fn events(store: &dyn Store, task: Option<&TaskId>) -> BTreeMap<String, usize> {
    let events = store
        .events(nightshift_core::id::Seq(0), None, task, 10_000)
        .await
        .unwrap();
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.kind).or_default() += 1;
    }
    counts
}

pub(crate) async fn claim(store: &dyn Store, now: Timestamp) -> Vec<OutboxItem> {
    store
        .claim_outbox(&Sender::alone(), 100, &Budgets::default(), now)
        .await
        .unwrap()
}

/// Claims the one message whose turn it is.
pub(crate) async fn claim_one(store: &dyn Store, now: Timestamp) -> OutboxItem {
    let mut items = claim(store, now).await;
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}
