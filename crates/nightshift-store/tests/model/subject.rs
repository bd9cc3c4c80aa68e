//! The store under test: commands become calls, outcomes become words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::id::{DeliveryId, Entropy, Platform, TaskId, UserId};
use nightshift_core::port::clock::Ids;
use nightshift_core::port::store::{OutboxItem, Store, TaskFilter};
use nightshift_core::task::{Task, TaskState};
use nightshift_core::time::Timestamp;
use nightshift_store::{Conditions, OpenOptions, SqlStore, open_with};
use tempfile::TempDir;
use tokio::runtime::Runtime;

mod by_people;
mod by_workers;
mod given;
mod sending;

use crate::broken::Break;
use crate::command::Command;
use crate::model::{Asked, Model, State};
use crate::tear::Tear;

/// Ids that grow, so that whoever comes first has the smaller one.
#[derive(Default)]
struct GrowingIds(AtomicU64);

impl Ids for GrowingIds {
    fn entropy(&self) -> Entropy {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 16];
        for (place, byte) in bytes[..8].iter_mut().rev().enumerate() {
            *byte = (number >> (5 * place)) as u8 & 31;
        }
        bytes
    }
}

pub(crate) struct Subject {
    runtime: Runtime,
    /// `None` only while it is opened again.
    store: Option<Arc<SqlStore>>,
    ids: Arc<GrowingIds>,
    tear: Arc<Tear>,
    dir: TempDir,
    tasks: Vec<TaskId>,
    deliveries: Vec<DeliveryId>,
    claimed: Vec<OutboxItem>,
    messages: u32,
    /// What is asked and heard is falsified so.
    broken: Option<Break>,
}

impl Subject {
    pub(crate) fn open(broken: Option<Break>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // In memory where there is such a place: what a disk loses is another test's.
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        };
        let mut subject = Self {
            runtime: runtime.unwrap(),
            store: None,
            ids: Arc::default(),
            tear: Arc::default(),
            dir: dir.unwrap(),
            tasks: Vec::new(),
            deliveries: Vec::new(),
            claimed: Vec::new(),
            messages: 0,
            broken,
        };
        subject.reopen();
        subject
    }

    fn reopen(&mut self) {
        // Dropped, not closed.
        self.store = None;
        let options = OpenOptions {
            data_dir: self.dir.path().join("data"),
            ids: self.ids.clone(),
            // When it is tried again is another test's: chance decides it.
            retry_backoff: Duration::ZERO,
        };
        let conditions = Conditions {
            watch: Some(self.tear.clone()),
            ..Conditions::default()
        };
        let opened = self.runtime.block_on(open_with(options, conditions));
        self.store = Some(opened.unwrap());
    }

    fn is(&self, broken: Break) -> bool {
        self.broken == Some(broken)
    }

    fn store(&self) -> Arc<SqlStore> {
        self.store.clone().unwrap()
    }

    fn run<T>(&self, call: impl AsyncFnOnce(&dyn Store) -> T) -> T {
        let store = self.store();
        self.runtime.block_on(call(store.as_ref()))
    }

    /// What the store answers; `model` is as the command leaves it.
    pub(crate) fn act(&mut self, model: &Model, command: &Command) -> Vec<String> {
        let now = Timestamp::from_millis(model.now);
        match command {
            Command::Deliver(_)
            | Command::Answer { .. }
            | Command::Create { .. }
            | Command::CreateWithKey { .. }
            | Command::Vote { .. }
            | Command::Revise { .. }
            | Command::Cancel { .. }
            | Command::Retry { .. }
            | Command::TornCancel { .. } => self.by_people(model, command, now),
            Command::LeasePlanning
            | Command::RecordPlan { .. }
            | Command::FailPlanning { .. }
            | Command::ReturnPlanning { .. }
            | Command::Lease
            | Command::Started { .. }
            | Command::Progress { .. }
            | Command::Renew { .. }
            | Command::Finish { .. }
            | Command::Sweep
            | Command::Crash => self.by_workers(model, command, now),
            Command::Say { .. }
            | Command::Claim
            | Command::Sent { .. }
            | Command::Postpone { .. }
            | Command::GiveUp { .. }
            | Command::Block { .. } => self.sending(model, command, now),
            Command::Jump(_) => Vec::new(),
        }
    }

    fn index_of(&self, task: &TaskId) -> usize {
        self.tasks.iter().position(|id| id == task).unwrap()
    }

    pub(crate) fn agrees_with(&self, model: &Model) {
        let store = self.store();
        let (tasks, open, broken) = self.runtime.block_on(async {
            let store_port: &dyn Store = store.as_ref();
            let filter = TaskFilter {
                limit: 1000,
                ..TaskFilter::default()
            };
            (
                store_port.tasks(&filter).await.unwrap().items,
                store_port.open_deliveries(None, 1000).await.unwrap(),
                store.check_invariants().await.unwrap(),
            )
        });
        assert_eq!(tasks.len(), model.tasks.len(), "tasks");
        for task in &tasks {
            let index = self.index_of(&task.id);
            let expected = &model.tasks[index];
            let expected = (
                words(expected.state),
                expected.fence,
                expected.losses,
                expected.plan_no,
                expected.asked(),
            );
            assert_eq!(shown(task), expected, "task {index}");
        }
        assert_eq!(open.len(), model.open(), "open deliveries");
        assert_eq!(broken, Vec::<String>::new(), "broken invariants");
    }
}

type Shown = (String, i64, u32, u32, Option<(Asked, usize)>);

fn shown(task: &Task) -> Shown {
    use nightshift_core::approval::RequestState;
    let asked = task.approval.as_ref().map(|request| {
        let asked = match request.state {
            RequestState::Open => Asked::Open,
            RequestState::Granted => Asked::Granted,
            RequestState::Denied => Asked::Denied,
            RequestState::Expired => Asked::Expired,
            RequestState::Superseded => Asked::Superseded,
        };
        (asked, request.votes.len())
    });
    let reason = match &task.state {
        // What remains of `cancelled_by user_…`.
        TaskState::Cancelled { by } => by.to_string().split('_').next().map(str::to_owned),
        TaskState::Failed { .. } => task.state.reason(),
        _ => None,
    };
    let state = task.state.name();
    let words = reason.map_or_else(|| state.to_owned(), |reason| format!("{state} {reason}"));
    (words, task.fence.0, task.lost_count, task.plan_no, asked)
}

fn words(state: State) -> String {
    match state {
        State::Failed(why) => format!("failed {why}"),
        State::Cancelled(why) => format!("cancelled {why}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn chat() -> Platform {
    Platform::new("chat")
}

fn ana() -> UserId {
    UserId::new("user_ana")
}

fn account() -> Identity {
    Identity {
        platform: chat(),
        id: "U1".to_owned(),
    }
}

fn room(thread: Option<&str>) -> Conversation {
    Conversation {
        platform: chat(),
        workspace: "T1".to_owned(),
        channel: "C1".to_owned(),
        thread: thread.map(str::to_owned),
    }
}
