//! One life of the service: from opening its store to the moment it is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use harness::{ManualClock, SeededIds, Setup};
use nightshift_app::{App, Loop, Ports};
use nightshift_core::plan::Draft;
use nightshift_core::port::executor::Executor;
use nightshift_core::port::planner::{Ask, Planner, PlannerError};
use nightshift_core::port::store::Attempts;
use nightshift_planner::EstimatePlanner;
use nightshift_store::{Conditions, OpenOptions, SqlStore};
use tokio::task::JoinSet;

use crate::machine::{Local, Machine};
use crate::platform::{Connection, Remote, name};
use crate::store::{Break, Endings, InTurn, Tear};
use crate::turns::{Pass, Turns};

/// What outlives every life of the service.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) remote: Arc<Remote>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) endings: Arc<Endings>,
    pub(crate) broken: Option<Break>,
}

pub(crate) struct Life {
    pub(crate) app: Arc<App>,
    pub(crate) loops: Vec<Arc<dyn Loop>>,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) turns: Arc<Turns>,
    /// Loops in the middle of a tick.
    pub(crate) ticking: BTreeSet<usize>,
    pub(crate) ticks: JoinSet<(usize, Result<bool, String>)>,
    pub(crate) deliveries: JoinSet<(usize, bool)>,
}

/// Thinks until its turn comes.
struct Thinker(Arc<Turns>);

#[async_trait]
impl Planner for Thinker {
    async fn plan(&self, ask: &Ask) -> Result<Draft, PlannerError> {
        match self.0.pass(format!("plan {}", ask.task)).await {
            Pass::Go(_) => EstimatePlanner.plan(ask).await,
            Pass::Trouble(_) => Err(PlannerError {
                message: "simulated: no idea".to_owned(),
                source: None,
            }),
            Pass::Torn | Pass::Unanswered => self.0.die().await,
        }
    }
}

impl Life {
    pub(crate) async fn begin(outside: &Outside, dir: &Path, number: u64) -> Self {
        let turns = Arc::new(Turns::default());
        let tear = Arc::new(Tear::default());
        let data_dir = dir.join("data");
        let ids = Arc::new(SeededIds::of_life(number));
        let options = OpenOptions {
            data_dir: data_dir.clone(),
            ids: ids.clone(),
            retry_backoff: std::time::Duration::from_secs(5),
        };
        let conditions = Conditions {
            watch: Some(tear.clone()),
            ..Conditions::default()
        };
        let opened = nightshift_store::open_with(options, conditions).await;
        let store = opened.expect("a store");
        let in_turn = Arc::new(InTurn {
            inner: store.clone(),
            turns: turns.clone(),
            tear,
            broken: outside.broken,
            endings: outside.endings.clone(),
            calls: AtomicU64::new(number << 32),
        });
        let connection = Arc::new(Connection {
            remote: outside.remote.clone(),
            turns: turns.clone(),
        });
        let local = Arc::new(Local {
            machine: outside.machine.clone(),
            turns: turns.clone(),
            clock: outside.clock.clone(),
        });
        local.sweep_strays().await;
        let settings = Setup::default().settings(&data_dir, number);
        let now = outside.clock.timestamp();
        let grace = now.after(settings.timers.lease);
        if outside.broken != Some(Break::NoRecovery) {
            let recovered = store.recover(&settings.holder, grace, now).await;
            recovered.expect("a recovery");
        }
        let ports = Ports {
            store: in_turn,
            platforms: BTreeMap::from([(name(), connection as _)]),
            planner: Arc::new(Thinker(turns.clone())),
            executors: BTreeMap::from([("local".to_owned(), local as _)]),
            clock: outside.clock.clone(),
            ids,
            shared: None,
        };
        let (app, loops) = App::new(ports, settings);
        Self {
            app,
            loops,
            store,
            turns,
            ticking: BTreeSet::new(),
            ticks: JoinSet::new(),
            deliveries: JoinSet::new(),
        }
    }

    /// Dropped where it stands; resolves when nothing of it is left.
    pub(crate) async fn end(self) {
        let store = Arc::downgrade(&self.store);
        drop(self);
        for _ in 0..10_000 {
            if store.strong_count() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("something of a dead service is still there");
    }

    pub(crate) fn tick(&mut self, index: usize) {
        self.ticking.insert(index);
        let one = self.loops[index].clone();
        self.ticks.spawn(async move {
            let ticked = one.tick().await.map_err(|error| error.to_string());
            (
                index,
                ticked.map(|tick| tick == nightshift_app::Tick::Worked),
            )
        });
    }
}
