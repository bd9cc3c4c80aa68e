//! The composition root: the one place that names every concrete adapter.

pub(crate) mod adapters;
pub(crate) mod settings;
pub(crate) mod storage;

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
use nightshift_core::port::{ChatSource, Executor, Ids, Store};
use nightshift_core::time::Timestamp;
use nightshift_server::Server;
use nightshift_store::SqlStore;
use tokio::net::{TcpSocket, UnixListener};
use tokio::time::Instant;

use crate::clock::RandomIds;
use crate::cmd::{Context, socket};
use crate::config::Loaded;
use crate::lifecycle::{End, Lifecycle, Stopped};

/// How open the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Serve,
    /// No login on loopback, and another port when the wanted one is taken.
    Demo,
}

/// After the disk has failed: for the answers that are owed, all of them 503, and for the end of
/// what runs here.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
/// For the log to be folded into the database, where there is time and where it is over.
const CLOSE_CLEAN: Duration = Duration::from_secs(2);
const CLOSE_LATE: Duration = Duration::from_millis(500);

/// For a word to the other servers that this one leads nothing any more.
const STEP_DOWN: Duration = Duration::from_millis(500);

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
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let storage::Opened {
        store,
        clock,
        shared,
        holder,
    } = storage::open(context, loaded, data_dir, &ids).await?;
    // The port is ours before anything is recovered, so that a server that cannot listen changes
    // nothing; it is closed until then.
    let port = take_port(&config.remote.trigger_service.listen, mode).await?;
    let address = port.local_addr()?;

    let settings = settings::settings(context, loaded, data_dir, mode, holder)?;
    let executor = adapters::executor(context, config, data_dir, &settings)?;
    let page_key = storage::page_key(data_dir, shared.as_ref(), ids.as_ref()).await?;
    let chat = adapters::platforms(config, page_key, &store, &clock, &ids)?;
    let executors: BTreeMap<String, Arc<dyn Executor>> =
        [("local".to_owned(), executor.clone())].into();
    let ports = Ports {
        store: store.clone(),
        platforms: chat.platforms,
        planner: adapters::planner(config, &settings, &executor)?,
        executors,
        clock: clock.clone(),
        ids,
        shared,
    };
    let ports = match &context.hooks.ports {
        Some(around) => around(ports),
        None => ports,
    };
    let holder = settings.holder.clone();
    let limits = adapters::http_limits(config);
    let (app, loops) = App::new(ports, settings);
    recover(&app, executor.as_ref(), &holder).await?;

    let listener = port
        .listen(BACKLOG)
        .with_context(|| cannot_listen(&address.to_string()))?;
    let unix = listen_locally(data_dir)?;
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
    // Where others were there, nobody's heartbeats went unheard.
    let grace = match app.ports.shared {
        Some(_) => Timestamp::from_millis(0),
        None => app.now().after(app.settings.timers.lease),
    };
    let swept = app.store().recover(holder, grace, app.now()).await?;
    if strays > 0 || swept.lost > 0 {
        tracing::warn!(
            process.strays = strays,
            task.lost = swept.lost,
            "Recovered from an unclean stop."
        );
    }
    Ok(())
}

/// Connections that may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: u32 = 1024;

async fn take_port(address: &str, mode: Mode) -> anyhow::Result<TcpSocket> {
    match bind(address).await {
        Ok(socket) => Ok(socket),
        Err(error) if mode == Mode::Demo && error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(bind("127.0.0.1:0").await?)
        }
        Err(error) => Err(error).with_context(|| cannot_listen(address)),
    }
}

fn cannot_listen(address: &str) -> String {
    format!("cannot listen on {address}; change remote.trigger_service.listen or use --listen")
}

/// Takes the first address of the name that can be taken.
async fn bind(address: &str) -> std::io::Result<TcpSocket> {
    let mut failed = std::io::ErrorKind::AddrNotAvailable.into();
    for address in tokio::net::lookup_host(address).await? {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart must not wait for connections of the life before to be forgotten.
        socket.set_reuseaddr(true)?;
        match socket.bind(address) {
            Ok(()) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
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
    /// Runs until a signal, then stops everything within the deadline. Where the disk has failed
    /// there is nothing to wait for: nothing more can be written down.
    pub(crate) async fn until_stopped(mut self) -> anyhow::Result<ExitCode> {
        let end = self
            .lifecycle
            .wait_for_end(self.store.as_ref(), &self.app)
            .await;
        let within = match &end {
            End::Asked => self.shutdown,
            End::Broken(_) => LAST_MOMENTS.min(self.shutdown),
        };
        let deadline = Instant::now() + within;
        tracing::info!("Stopping.");
        let stopped = self.lifecycle.shut_down(&self.server, deadline).await;
        if stopped != Stopped::AtOnce {
            // Others go on with what this server led; a database that is away is not waited for.
            let _ = tokio::time::timeout(STEP_DOWN, self.app.step_down()).await;
        }
        let closed = self.close_store(stopped, deadline).await;
        let _ = std::fs::remove_file(&self.socket);
        if let End::Broken(why) = end {
            anyhow::bail!(why);
        }
        if closed {
            tracing::info!("Stopped.");
            return Ok(ExitCode::SUCCESS);
        }
        tracing::warn!("Stopped before all was done; the next start recovers the rest.");
        Ok(ExitCode::FAILURE)
    }

    /// Closed after the last writer: what is committed is in the database file. Whether all is done
    /// that should be.
    async fn close_store(&self, stopped: Stopped, deadline: Instant) -> bool {
        let closing = match stopped {
            // Everything that could be asked has been: the log may be left to the next start.
            Stopped::AtOnce => return false,
            Stopped::Late => deadline.max(Instant::now() + CLOSE_LATE),
            Stopped::Clean => deadline.max(Instant::now() + CLOSE_CLEAN),
        };
        let closed = tokio::time::timeout_at(closing, self.store.close()).await;
        closed.is_ok() && stopped == Stopped::Clean
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
