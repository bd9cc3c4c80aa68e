//! How a world is put together, and what a test may choose.

pub(crate) mod configured;
mod storage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nightshift_app::settings::{Channel, Timers};
use nightshift_app::{App, Loop, Ports, Settings, lifecycle};
use nightshift_core::approval::Rule;
use nightshift_core::id::Platform;
use nightshift_core::port::{ChatPlatform, Executor};
use nightshift_core::secret::Secret;
use nightshift_core::user::User;
use nightshift_exec::{Isolation, LocalConfig, LocalExecutor};
use nightshift_fakes::slack::{FakeSlack, SlackSetup};
use nightshift_server::{HttpLimits, Server};
use nightshift_slack::{SlackConfig, SlackPlatform};
use nightshift_web::{WebDoor, WebPlatform};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use configured::settings;
pub(crate) use storage::Storage;

use crate::{CANARY, Captured, ManualClock, ScriptedPlanner, SeededIds, StubExecutor, World};

/// What a test may choose about its world.
#[derive(Clone)]
pub struct Setup {
    pub rule: Rule,
    pub max_concurrent: usize,
    pub timers: Timers,
    /// Where the operators hear of what they should look at.
    pub alert: Vec<Channel>,
    /// Before a task is tried again.
    pub retry_backoff: Duration,
    /// Nobody is listed and no user is configured.
    pub names_nobody: bool,
    pub project: Option<std::path::PathBuf>,
    /// Who has no key acts as this user, as in the demo.
    pub open_api: Option<User>,
    /// Attempts are processes: the program that starts them inside the sandbox.
    pub sandbox_init: Option<std::path::PathBuf>,
    /// The agent's program, where attempts are processes.
    pub agent_argv: Vec<String>,
    /// More platforms than the usual one.
    pub platforms: Vec<Arc<dyn ChatPlatform>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            rule: Rule::default(),
            max_concurrent: 4,
            // A plan of the stub world is ready at once: its card is never shown as "planning".
            timers: Timers {
                planning_card: Duration::from_secs(1),
                ..Timers::default()
            },
            alert: Vec::new(),
            retry_backoff: Duration::from_secs(5),
            names_nobody: false,
            project: None,
            open_api: None,
            sandbox_init: None,
            agent_argv: vec!["stub".into()],
            platforms: Vec::new(),
        }
    }
}

impl Setup {
    /// What the configuration says in this life of a server.
    pub fn settings(&self, data_dir: &std::path::Path, life: u64) -> Settings {
        settings(self, data_dir, &[], life)
    }
}

/// Signs the sessions of the built-in page.
const PAGE_KEY: [u8; 32] = [7; 32];

/// Worlds of one process: a restarted one gives out other identifiers than before.
static LIVES: AtomicU64 = AtomicU64::new(1);

impl World {
    pub async fn with(setup: Setup) -> Self {
        let clock = Arc::new(ManualClock::default());
        let signing = clock.clone();
        let slack = FakeSlack::start(SlackSetup::new(Arc::new(move || {
            nightshift_core::port::Clock::wall(signing.as_ref()).millis()
        })));
        let slack = slack.await.expect("a fake Slack");
        let dir = tempfile::tempdir().expect("a directory");
        let storage = Storage::chosen();
        Self::assemble(setup, dir, clock, slack, storage, Captured::begin()).await
    }

    pub(crate) async fn assemble(
        setup: Setup,
        dir: TempDir,
        clock: Arc<ManualClock>,
        slack: FakeSlack,
        storage: Storage,
        log: Captured,
    ) -> Self {
        let life = LIVES.fetch_add(1, Ordering::SeqCst);
        let ids = Arc::new(SeededIds::of_life(life));
        let data_dir = dir.path().join("data");
        let store = storage
            .open(&data_dir, setup.retry_backoff, ids.clone())
            .await;
        let secrets = [
            CANARY,
            &slack.setup().bot_token,
            &slack.setup().signing_secret,
        ];
        let settings = settings(&setup, &data_dir, &secrets, life);
        let agent = Arc::new(StubExecutor::new(
            settings.results_dir.clone(),
            settings.scrubber.clone(),
        ));
        let planner = Arc::new(ScriptedPlanner::default());
        let executor: Arc<dyn Executor> = match &setup.sandbox_init {
            Some(init) => Arc::new(processes(init, &settings, dir.path())),
            None => agent.clone(),
        };
        let door = Arc::new(WebDoor::new(PAGE_KEY));
        let page = WebPlatform::new(store.clone(), door.clone(), clock.clone(), ids.clone());
        let ports = Ports {
            store: store.clone(),
            platforms: platforms(&setup, &slack, page),
            planner: planner.clone(),
            executors: [("local".to_owned(), executor)].into(),
            clock: clock.clone(),
            ids,
            shared: None,
        };
        let holder = settings.holder.clone();
        let (app, loops) = App::new(ports, settings);
        let now = clock.timestamp();
        let grace = now.after(app.settings.timers.lease);
        let recovered = app.store().recover(&holder, grace, now).await;
        recovered.expect("recovery");

        let server = Arc::new(door_to(app.clone(), door));
        let stop = CancellationToken::new();
        let mut background = JoinSet::new();
        let url = open(server.clone(), &loops, &stop, &mut background).await;
        slack.connect(format!("{url}/webhook/slack"));
        let world = Self {
            app,
            store,
            clock,
            slack,
            agent,
            planner,
            log,
            server,
            url,
            loops,
            stop,
            background,
            dir,
            storage,
            setup,
        };
        // Learns who we are on the platform.
        world.quiet().await;
        world
    }
}

fn platforms(
    setup: &Setup,
    slack: &FakeSlack,
    page: WebPlatform,
) -> BTreeMap<Platform, Arc<dyn ChatPlatform>> {
    let slack = SlackPlatform::new(&slack_config(slack), Some("http://127.0.0.1"));
    let usual: [Arc<dyn ChatPlatform>; 2] = [Arc::new(slack.expect("an adapter")), Arc::new(page)];
    let all = usual.into_iter().chain(setup.platforms.clone());
    all.map(|platform| (platform.platform(), platform))
        .collect()
}

fn door_to(app: Arc<App>, door: Arc<WebDoor>) -> Server {
    let slack = Platform::new("slack");
    let paths = ["/slack/commands", "/slack/events", "/slack/interactions"];
    let aliases = paths.map(|path| (path.to_owned(), slack.clone()));
    let server = Server::new(app, Some(door), HttpLimits::default(), aliases.into());
    server.ready.recovered();
    server
}

/// Listens, and returns the address.
async fn open(
    server: Arc<Server>,
    loops: &[Arc<dyn Loop>],
    stop: &CancellationToken,
    background: &mut JoinSet<()>,
) -> String {
    // Deliveries wait for their commit inside a request: this one loop runs by itself.
    let intake = loops.iter().find(|one| one.name() == "intake");
    let intake = intake.expect("the intake").clone();
    background.spawn(lifecycle::run(intake, stop.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let until = stop.clone();
    background.spawn(async move {
        nightshift_server::serve(server, listener, None, until).await;
    });
    url
}

fn slack_config(slack: &FakeSlack) -> SlackConfig {
    SlackConfig {
        enabled: true,
        bot_token: Some(Secret::new(slack.setup().bot_token.clone())),
        signing_secret: Some(Secret::new(slack.setup().signing_secret.clone())),
        api_url: slack.api_url(),
        ..SlackConfig::default()
    }
}

/// Attempts as real processes, in whatever sandbox this machine has.
fn processes(init: &std::path::Path, settings: &Settings, dir: &std::path::Path) -> LocalExecutor {
    let home = dir.join("home");
    std::fs::create_dir_all(&home).expect("a home");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    LocalExecutor::new(LocalConfig {
        init: init.to_owned(),
        instance: settings.holder.clone(),
        working_dir: settings.working_dir.clone(),
        results_dir: settings.results_dir.clone(),
        isolation: Isolation::Auto,
        environment: BTreeMap::from([
            variable("PATH", "/usr/local/bin:/usr/bin:/bin"),
            variable("SLACK_BOT_TOKEN", CANARY),
        ]),
        home,
        hidden: vec![dir.join("data")],
        scrubber: settings.scrubber.clone(),
        unprivileged: LocalConfig::NOBODY,
    })
}
