//! The yardstick of the intake: the server itself, its Slack route with signature and parsing, and
//! an intake that stores nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use harness::ScriptedPlanner;
use nightshift_app::settings::Timers;
use nightshift_app::{App, Ports, Settings};
use nightshift_core::approval::Rule;
use nightshift_core::chat::Delivery;
use nightshift_core::id::{Entropy, Platform};
use nightshift_core::plan::Limits;
use nightshift_core::port::chat::StoreRefused;
use nightshift_core::port::{ChatPlatform, Clock, Ids, Intake};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::time::Timestamp;
use nightshift_core::user::Directory;
use nightshift_server::{HttpLimits, Server};
use nightshift_slack::{SlackConfig, SlackPlatform};
use nightshift_store::OpenOptions;
use rand::TryRngCore;
use tokio_util::sync::CancellationToken;

use crate::process::announce;
use crate::slack::{SECRET, TOKEN};

pub(crate) const ROLE: &str = "serve-unstored";

pub(crate) fn serve() -> anyhow::Result<()> {
    nightshift_http::tls::init();
    let dir = tempfile::tempdir_in("target")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let options = OpenOptions {
            data_dir: dir.path().join("data"),
            ids: ids.clone(),
            retry_backoff: std::time::Duration::from_secs(5),
        };
        let slack: Arc<dyn ChatPlatform> =
            Arc::new(SlackPlatform::new(&config(), Some("http://127.0.0.1"))?);
        let ports = Ports {
            store: nightshift_store::open(options).await?,
            platforms: [(slack.platform(), slack)].into(),
            planner: Arc::new(ScriptedPlanner::default()),
            executors: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            ids,
        };
        let (app, _) = App::new(ports, settings(dir.path()));
        let mut server = Server::new(app, None, HttpLimits::default(), BTreeMap::new());
        server.intake = Arc::new(AnswersAtOnce);
        server.ready.recovered();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        announce(listener.local_addr()?)?;
        let never = CancellationToken::new();
        nightshift_server::serve(Arc::new(server), listener, None, never).await;
        Ok(())
    })
}

struct AnswersAtOnce;

#[async_trait]
impl Intake for AnswersAtOnce {
    async fn deliver(&self, _: &Platform, _: Delivery) -> Result<(), StoreRefused> {
        Ok(())
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

struct SystemClock;

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
struct RandomIds;

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

fn settings(dir: &std::path::Path) -> Settings {
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
        holder: "bench".into(),
        open_api: None,
    }
}
