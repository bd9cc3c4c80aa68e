//! An application as the server composes it, in this process: one platform, and nobody at work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use harness::ScriptedPlanner;
use nightshift_app::settings::Timers;
use nightshift_app::{App, Loop, Ports, Settings, Shared};
use nightshift_core::approval::Rule;
use nightshift_core::id::Entropy;
use nightshift_core::plan::Limits;
use nightshift_core::port::{ChatPlatform, Clock, Executor, Ids};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::time::Timestamp;
use nightshift_core::user::Directory;
use nightshift_slack::{SlackConfig, SlackPlatform};
use nightshift_store::{Conditions, OpenOptions, SqlStore, Synchronous};
use rand::TryRngCore;

use crate::slack::{SECRET, TOKEN};

/// What the plans of the benchmarks name.
pub(crate) const EXECUTOR: &str = "local";

/// The store in a directory, made when missing.
pub(crate) async fn store(dir: &Path, synchronous: Synchronous) -> anyhow::Result<Arc<SqlStore>> {
    let options = OpenOptions {
        data_dir: dir.join("data"),
        ids: Arc::new(RandomIds),
        retry_backoff: std::time::Duration::from_secs(5),
    };
    let conditions = Conditions {
        synchronous,
        watch: None,
    };
    Ok(nightshift_store::open_with(options, conditions).await?)
}

/// An application, and the loops that make it run.
type Composed = (Arc<App>, Vec<Arc<dyn Loop>>);

/// What an application may have beside its store.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) executor: Option<Arc<dyn Executor>>,
    /// Attempts at once; one where it is zero.
    pub(crate) slots: usize,
    pub(crate) shared: Option<Shared>,
}

pub(crate) fn app(dir: &Path, store: Arc<SqlStore>, beside: Beside) -> anyhow::Result<Composed> {
    nightshift_http::tls::init();
    let slack: Arc<dyn ChatPlatform> = Arc::new(slack()?);
    let executors = beside
        .executor
        .map(|executor| (EXECUTOR.to_owned(), executor));
    let mut settings = settings(dir);
    settings.max_concurrent = beside.slots.max(1);
    if let Some(shared) = &beside.shared {
        settings.holder = shared.me.holder();
    }
    let ports = Ports {
        store,
        platforms: [(slack.platform(), slack)].into(),
        planner: Arc::new(ScriptedPlanner::default()),
        executors: executors.into_iter().collect(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        shared: beside.shared,
    };
    Ok(App::new(ports, settings))
}

pub(crate) fn slack() -> anyhow::Result<SlackPlatform> {
    Ok(SlackPlatform::new(&config(), Some("http://127.0.0.1"))?)
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "a benchmark lives in real time")]
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .expect("invariant: it is after 1970");
        Timestamp::from_millis(since.as_millis() as i64)
    }
}

/// As the service has them: reading them costs a system call.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    fn entropy(&self) -> Entropy {
        let mut bytes = Entropy::default();
        rand::rngs::OsRng
            .try_fill_bytes(&mut bytes)
            .expect("invariant: the operating system has randomness");
        bytes
    }
}

fn config() -> SlackConfig {
    SlackConfig {
        enabled: true,
        bot_token: Some(Secret::new(TOKEN)),
        signing_secret: Some(Secret::new(SECRET)),
        ..SlackConfig::default()
    }
}

fn settings(dir: &Path) -> Settings {
    Settings {
        directory: Directory::default(),
        api_keys: BTreeMap::new(),
        agents: BTreeMap::new(),
        default_agent: "none".into(),
        commands: BTreeMap::new(),
        projects: BTreeMap::new(),
        default_executor: "local".into(),
        working_dir: dir.join("work"),
        results_dir: dir.join("results"),
        max_concurrent: 1,
        rule: Rule::default(),
        limits: Limits {
            max_tokens: 1,
            max_usd: 1.0,
            default_timeout_s: 1,
            max_timeout_s: 1,
        },
        output_limit: 1,
        result_file_limit: 1,
        upload_limit: 1,
        alert: Vec::new(),
        retention: nightshift_app::settings::Retention::default(),
        timers: Timers::default(),
        scrubber: Scrubber::new([SECRET, TOKEN].map(Secret::new)),
        holder: "bench/1".into(),
        open_api: None,
    }
}
