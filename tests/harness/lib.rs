//! A whole NightShift for tests: real application, store, server and adapters around a fake Slack
//! that enforces the real contract, a stub executor, and a clock that tests move.
//!
//! Nothing here sleeps: [`World::settle`] runs every loop until all is quiet.

mod agent;
mod api;
pub mod browser;
mod captured;
pub mod chaos;
mod clock;
mod leave;
pub mod outbox;
mod page;
mod planner;
pub mod process;
mod settle;
mod setup;
mod story;

use std::path::PathBuf;
use std::sync::Arc;

use nightshift_app::{App, Loop};
use nightshift_core::task::Task;
use nightshift_fakes::slack::FakeSlack;
use nightshift_server::Server;
use nightshift_store::SqlStore;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use agent::{Run, StubExecutor};
pub use api::{Answer, Client, Sse, Stream};
pub use captured::Captured;
pub use clock::{ManualClock, SeededIds};
pub use page::{Page, Shown};
pub use planner::ScriptedPlanner;
pub use setup::Setup;

/// The key of `user_api`, a submitter; `ADMIN_KEY` belongs to an admin.
pub const API_KEY: &str = "sk_test_submitter";
pub const ADMIN_KEY: &str = "sk_test_admin_key";

/// A secret that must never be seen anywhere; part of the configuration of every world.
pub const CANARY: &str = "xoxb-canary-0123456789-secret";

/// One test's world.
pub struct World {
    pub app: Arc<App>,
    pub store: Arc<SqlStore>,
    pub clock: Arc<ManualClock>,
    pub slack: FakeSlack,
    pub agent: Arc<StubExecutor>,
    pub planner: Arc<ScriptedPlanner>,
    pub log: Captured,
    pub server: Arc<Server>,
    /// The server's address, `http://127.0.0.1:…`.
    pub url: String,
    loops: Vec<Arc<dyn Loop>>,
    stop: CancellationToken,
    background: JoinSet<()>,
    dir: TempDir,
    storage: setup::Storage,
    setup: Setup,
}

impl World {
    /// A world with `ana` (submitter), `bob` (submitter), `carl` (approver), `vera` (viewer) and
    /// `dora` (admin) on Slack.
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts again on the same data, as after a crash: nothing of the running world is told.
    pub async fn restart(self) -> Self {
        let setup = self.setup.clone();
        self.restart_with(setup).await
    }

    /// The same with another configuration.
    pub async fn restart_with(self, setup: Setup) -> Self {
        let Self {
            slack,
            clock,
            dir,
            storage,
            mut background,
            stop,
            store,
            app,
            loops,
            agent,
            planner,
            server,
            log,
            ..
        } = self;
        stop.cancel();
        background.abort_all();
        while background.join_next().await.is_some() {}
        agent.die();
        drop((loops, app, agent, planner, server));
        nightshift_core::port::Store::close(store.as_ref()).await;
        drop(store);
        Self::assemble(setup, dir, clock, slack, storage, log).await
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A client of the API with this key.
    pub fn api(&self, key: &str) -> Client {
        Client::new(&self.url, Some(key))
    }

    /// A client without a key.
    pub fn nobody(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// All tasks, newest first.
    pub async fn tasks(&self) -> Vec<Task> {
        let filter = nightshift_core::port::store::TaskFilter {
            limit: 1000,
            ..Default::default()
        };
        nightshift_core::port::store::Tasks::tasks(self.store.as_ref(), &filter)
            .await
            .expect("tasks")
            .items
    }

    /// The only task there is.
    pub async fn task(&self) -> Task {
        let mut tasks = self.tasks().await;
        assert_eq!(tasks.len(), 1, "expected one task");
        tasks.remove(0)
    }

    /// Events of a kind, oldest first. A kind that ends in `.` is a family, the empty one all.
    pub async fn events(&self, kind: &str) -> Vec<nightshift_core::event::Event> {
        let seq = nightshift_core::id::Seq(0);
        let store: &dyn nightshift_core::port::Store = self.store.as_ref();
        store
            .events(seq, Some(kind).filter(|kind| !kind.is_empty()), None, 1000)
            .await
            .expect("events")
    }
}
