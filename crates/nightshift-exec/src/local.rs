//! The `Executor` port on this machine: turns a job into a prepared command and hands it to a
//! supervisor of its own.

mod command;
mod credentials;
mod place;
mod prepare;

pub(crate) use place::Place;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::port::{ExecError, Executor, ExitKind, Job, Running};
use nightshift_core::secret::Scrubber;
use nix::unistd::geteuid;

use crate::config::Isolation;
use crate::process;
use crate::sandbox::Chooser;
use crate::supervisor;

/// How long leftovers of an earlier life may take to die at start.
const SWEEP_PATIENCE: Duration = Duration::from_secs(5);

/// What the executor needs to know of its installation. Not for printing: the environment holds
/// secrets.
#[derive(Clone)]
pub struct LocalConfig {
    /// A program that calls [`crate::init_main`] with the arguments after its first, when that is
    /// [`crate::INIT_ARG`]: usually our own binary.
    pub init: PathBuf,
    /// Names this installation among all on this machine, in the environment of its attempts.
    pub instance: String,
    /// Where attempts have their directories; absolute.
    pub working_dir: PathBuf,
    /// Where result files are kept: `<results_dir>/<task>/<fence>/…`.
    pub results_dir: PathBuf,
    pub isolation: Isolation,
    /// The service's own environment; attempts see `PATH LANG TERM` and what a job names.
    pub environment: BTreeMap<String, String>,
    /// The service's home, where credentials are taken from.
    pub home: PathBuf,
    /// Data directory, configuration and the like: never shown to an attempt.
    pub hidden: Vec<PathBuf>,
    pub scrubber: Scrubber,
    /// User and group of attempts when the service runs as root and the project's directory
    /// belongs to nobody else; see [`LocalConfig::NOBODY`].
    pub unprivileged: (u32, u32),
}

impl LocalConfig {
    /// The user and group without any rights.
    pub const NOBODY: (u32, u32) = (65534, 65534);
}

/// Runs attempts as processes of this machine.
pub struct LocalExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    config: LocalConfig,
    chooser: Chooser,
    /// Directories of the attempts of this life.
    live: place::Live,
}

impl LocalExecutor {
    pub fn new(config: LocalConfig) -> Self {
        let chooser = Chooser::new(config.isolation, config.init.clone(), &config.environment);
        Self {
            shared: Arc::new(Shared {
                config,
                chooser,
                live: Arc::new(Mutex::new(BTreeSet::new())),
            }),
        }
    }
}

#[async_trait]
impl Executor for LocalExecutor {
    fn name(&self) -> &'static str {
        "local"
    }

    fn isolation(&self) -> Result<String, String> {
        let mode = self.shared.chooser.mode()?;
        Ok(mode.name().to_owned())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        let shared = Arc::clone(&self.shared);
        let prepared = tokio::task::spawn_blocking(move || prepare::prepare(&shared, &job))
            .await
            .map_err(|error| broken("cannot prepare the attempt", error))?;
        match prepared {
            Ok(launch) => supervisor::start(launch).await,
            Err(prepare::Refusal::Ended(kind)) => Ok(refused(kind)),
            Err(prepare::Refusal::Broken(error)) => {
                Err(broken("cannot prepare the attempt's directories", error))
            }
        }
    }

    async fn sweep_strays(&self) -> usize {
        let shared = Arc::clone(&self.shared);
        let swept = tokio::task::spawn_blocking(move || sweep(&shared)).await;
        swept.unwrap_or_else(|error| {
            tracing::error!(error = %error, "cannot look for strays");
            0
        })
    }
}

fn refused(kind: ExitKind) -> Box<dyn Running> {
    Box::new(supervisor::Refused::new(kind))
}

fn broken(message: &str, error: impl std::error::Error + Send + Sync + 'static) -> ExecError {
    ExecError {
        message: message.to_owned(),
        source: Some(Box::new(error)),
    }
}

fn sweep(shared: &Shared) -> usize {
    let config = &shared.config;
    let marks = [command::instance_mark(config)];
    let mut found = 0;
    // What runs now is not stray; at start nothing does.
    if shared.live.lock().is_ok_and(|live| live.is_empty()) {
        let hunt = process::kill_marked(&marks, SWEEP_PATIENCE);
        if hunt.left > 0 {
            tracing::error!(
                process.left = hunt.left,
                "processes of an earlier life do not die"
            );
        }
        found = hunt.found;
    }
    let bases = [config.working_dir.clone(), place::open_base(config)];
    for base in bases {
        place::sweep(&base, &config.instance, &shared.live);
    }
    found
}

/// Whether attempts must be given another user than ours.
fn is_root() -> bool {
    geteuid().is_root()
}
