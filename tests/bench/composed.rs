//! An application as the server composes it, in this process: one platform, and nobody at work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use harness::ScriptedPlanner;
use nightshift_app::settings::Timers;
use nightshift_app::{App, Loop, Ports, Settings};
use nightshift_core::approval::Rule;
use nightshift_core::id::Entropy;
use nightshift_core::plan::Limits;
use nightshift_core::port::{ChatPlatform, Clock, Ids};
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::time::Timestamp;
use nightshift_core::user::Directory;
use nightshift_slack::{SlackConfig, SlackPlatform};
use nightshift_store::{Conditions, OpenOptions, Synchronous};
use rand::TryRngCore;

use crate::slack::{SECRET, TOKEN};

pub(crate) async fn app(
    dir: &Path,
    synchronous: Synchronous,
) -> anyhow::Result<(Arc<App>, Vec<Arc<dyn Loop>>)> {
    nightshift_http::tls::init();
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let options = OpenOptions {
        data_dir: dir.join("data"),
        ids: ids.clone(),
        retry_backoff: std::time::Duration::from_secs(5),
    };
    let conditions = Conditions {
        synchronous,
        watch: None,
    };
    let slack: Arc<dyn ChatPlatform> =
        Arc::new(SlackPlatform::new(&config(), Some("http://127.0.0.1"))?);
    let ports = Ports {
        store: nightshift_store::open_with(options, conditions).await?,
        platforms: [(slack.platform(), slack)].into(),
        planner: Arc::new(ScriptedPlanner::default()),
        executors: BTreeMap::new(),
        clock: Arc::new(SystemClock),
        ids,
    };
    Ok(App::new(ports, settings(dir)))
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
