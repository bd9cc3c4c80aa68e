//! Use cases and background loops, over the ports of the core.
//!
//! Doors (HTTP routes, chat deliveries, the command line) call the use cases; each asks
//! [`nightshift_core::authorise`] first. What happens by itself happens in the loops that
//! [`App::loops`] lists: that list is the map of the running system.

pub mod ask;
pub mod audit;
pub mod clock;
pub mod converse;
pub mod crew;
pub mod decide;
pub mod deliver;
pub mod dispatch;
mod insist;
pub mod intake;
pub mod lead;
pub mod lifecycle;
pub mod people;
pub mod plan;
pub mod problem;
pub mod query;
pub mod results;
pub mod settings;
pub mod submit;
pub mod sweep;
pub mod wake;

use std::collections::BTreeMap;
use std::sync::Arc;

use nightshift_core::id::Platform;
use nightshift_core::port::replicas::Replica;
use nightshift_core::port::{ChatPlatform, Clock, Executor, Files, Ids, Planner, Replicas, Store};
use nightshift_core::time::Timestamp;

pub use lifecycle::{Loop, Tick};
pub use problem::Problem;
pub use settings::Settings;
pub use wake::Wake;

/// The outside world.
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub platforms: BTreeMap<Platform, Arc<dyn ChatPlatform>>,
    pub planner: Arc<dyn Planner>,
    /// By the name that a plan uses.
    pub executors: BTreeMap<String, Arc<dyn Executor>>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    /// Where the database is not this server's alone.
    pub shared: Option<Shared>,
}

/// What a server needs that is one of several on its database.
#[derive(Clone)]
pub struct Shared {
    pub me: Replica,
    pub replicas: Arc<dyn Replicas>,
    pub files: Arc<dyn Files>,
}

/// The application: ports, settings, and the hints that wake its loops.
pub struct App {
    pub ports: Ports,
    pub settings: Settings,
    pub wake: Wake,
    pub leadership: lead::Leadership,
    pub(crate) workspaces: people::Workspaces,
    pub(crate) intake: intake::Gate,
    pub(crate) findings: audit::Findings,
}

impl App {
    /// The application and its loops; nothing runs until the loops are run.
    pub fn new(ports: Ports, settings: Settings) -> (Arc<Self>, Vec<Arc<dyn Loop>>) {
        let (gate, arrivals) = intake::gate();
        let shared = ports.shared.clone();
        let others = shared.as_ref().map(|shared| shared.replicas.clone());
        let app = Arc::new(Self {
            ports,
            settings,
            wake: Wake::new(others),
            leadership: lead::Leadership::new(shared),
            workspaces: people::Workspaces::default(),
            intake: gate,
            findings: audit::Findings::default(),
        });
        let loops = Self::loops(&app, arrivals);
        (app, loops)
    }

    fn loops(app: &Arc<Self>, arrivals: intake::Arrivals) -> Vec<Arc<dyn Loop>> {
        let mut loops: Vec<Arc<dyn Loop>> = vec![
            Arc::new(intake::Intake::new(app.clone(), arrivals)),
            Arc::new(people::Probe::new(app.clone())),
            Arc::new(converse::Converse::new(app.clone())),
            Arc::new(plan::Planning::new(app.clone())),
            Arc::new(dispatch::Dispatch::new(app.clone())),
            Arc::new(deliver::Delivery::new(app.clone())),
            Arc::new(sweep::Sweep::new(app.clone())),
            Arc::new(audit::Auditor::new(app.clone())),
            Arc::new(clock::ClockWatch::new(app.clone())),
        ];
        if app.ports.shared.is_some() {
            loops.push(Arc::new(lead::Lead::new(app.clone())));
            loops.push(Arc::new(lead::Hear::new(app.clone())));
        }
        loops
    }

    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// The machine's time: to compare with what others say of theirs.
    pub fn wall(&self) -> Timestamp {
        self.ports.clock.wall()
    }

    pub fn store(&self) -> &dyn Store {
        self.ports.store.as_ref()
    }

    pub fn platform(&self, platform: &Platform) -> Option<&Arc<dyn ChatPlatform>> {
        self.ports.platforms.get(platform)
    }
}
