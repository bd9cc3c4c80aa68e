//! The composition root: the one place that names every concrete adapter.

pub(crate) mod adapters;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use nightshift_app::{App, Ports};
use nightshift_core::id::Platform;
use nightshift_core::port::{ChatSource, Clock, Executor, Ids, Store};
use nightshift_server::Server;
use nightshift_store::SqlStore;
use tokio::net::{TcpListener, UnixListener};

use crate::clock::{RandomIds, SystemClock};
use crate::cmd::{Context, socket};
use crate::config::Loaded;
use crate::lifecycle::Lifecycle;

/// How open the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Serve,
    /// No login on loopback, and another port when the wanted one is taken.
    Demo,
}

/// A started server.
pub(crate) struct Running {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    store: Arc<SqlStore>,
    server: Arc<Server>,
    lifecycle: Lifecycle,
    shutdown: Duration,
    socket: std::path::PathBuf,
}

/// Makes the data directory, for its owner alone.
pub(crate) fn prepare_data_dir(dir: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| {
            format!(
                "{} cannot be made; choose another with --data-dir",
                dir.display()
            )
        })
}

/// Puts everything together: recovers what an earlier life left, then listens.
pub(crate) async fn compose(
    context: &Context,
    loaded: &Loaded,
    data_dir: &Path,
    mode: Mode,
) -> anyhow::Result<Running> {
    let config = &loaded.config;
    let lifecycle = Lifecycle::new()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let store = nightshift_store::open(nightshift_store::OpenOptions {
        data_dir: data_dir.to_owned(),
        ids: ids.clone(),
    })
    .await?;
    // The port is taken before anything is recovered: a server that cannot listen changes nothing.
    let listener = listen(&config.remote.trigger_service.listen, mode).await?;
    let address = listener.local_addr()?;
    let unix = listen_locally(data_dir)?;

    let settings = settings::settings(context, loaded, data_dir, mode, ids.as_ref())?;
    let executor = adapters::executor(context, config, data_dir, &settings)?;
    let chat = adapters::platforms(config, data_dir, &store, &clock, &ids)?;
    let executors: BTreeMap<String, Arc<dyn Executor>> =
        [("local".to_owned(), executor.clone())].into();
    let ports = Ports {
        store: store.clone(),
        platforms: chat.platforms,
        planner: adapters::planner(config, &settings, &executor)?,
        executors,
        clock: clock.clone(),
        ids,
    };
    let holder = settings.holder.clone();
    let limits = adapters::http_limits(config);
    let (app, loops) = App::new(ports, settings);
    recover(&app, executor.as_ref(), &holder).await?;

    let server = Arc::new(Server::new(app.clone(), chat.door, limits, chat.aliases));
    lifecycle.run_server(server.clone(), listener, unix);
    lifecycle.run_loops(loops);
    lifecycle.run_sources(chat.sources, &app);
    server.ready.recovered();
    let shutdown = config.remote.timers.shutdown.0;
    Ok(Running {
        app,
        address,
        store,
        server,
        lifecycle,
        shutdown,
        socket: socket(data_dir),
    })
}

/// What an earlier life left: processes are ended, their attempts and sends are accounted for.
async fn recover(app: &App, executor: &dyn Executor, holder: &str) -> anyhow::Result<()> {
    let strays = executor.sweep_strays().await;
    let swept = app.store().recover(holder, app.now()).await?;
    if strays > 0 || swept.lost > 0 {
        tracing::warn!(
            process.strays = strays,
            task.lost = swept.lost,
            "Recovered from an unclean stop."
        );
    }
    Ok(())
}

async fn listen(address: &str, mode: Mode) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if mode == Mode::Demo && error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(TcpListener::bind("127.0.0.1:0").await?)
        }
        Err(error) => Err(error).with_context(|| {
            format!(
                "cannot listen on {address}; change remote.trigger_service.listen or use --listen"
            )
        }),
    }
}

/// Longest path of a socket: `sun_path` of Linux, without its end.
const SOCKET_PATH: usize = 107;

/// The operator's own socket. A file left by an earlier life is removed: the store's lock says
/// that nobody else is running here.
fn listen_locally(data_dir: &Path) -> anyhow::Result<Option<UnixListener>> {
    let path = socket(data_dir);
    if path.as_os_str().len() > SOCKET_PATH {
        tracing::warn!(
            "The data directory's path is too long for a socket: the client verbs need --server and a key."
        );
        return Ok(None);
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("cannot listen on {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Some(listener))
}

impl Running {
    /// Runs until a signal, then stops everything within the deadline.
    pub(crate) async fn until_stopped(mut self) -> anyhow::Result<ExitCode> {
        self.lifecycle.wait_for_signal().await;
        tracing::info!("Stopping.");
        let clean = self.lifecycle.shut_down(&self.server, self.shutdown).await;
        // Closed after the last writer: what is committed is in the database file.
        self.store.close().await;
        let _ = std::fs::remove_file(&self.socket);
        if clean {
            tracing::info!("Stopped.");
            return Ok(ExitCode::SUCCESS);
        }
        tracing::warn!("Stopped before all was done; the next start recovers the rest.");
        Ok(ExitCode::FAILURE)
    }
}

/// What the chat adapters offer.
struct Chat {
    platforms: BTreeMap<Platform, Arc<dyn nightshift_core::port::ChatPlatform>>,
    sources: Vec<Arc<dyn ChatSource>>,
    door: Option<Arc<dyn nightshift_core::port::PageDoor>>,
    /// Routes that are other names of a platform's webhook.
    aliases: BTreeMap<String, Platform>,
}
