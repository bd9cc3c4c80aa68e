//! Start, signals, shutdown: soft first, hard at the deadline or at the second signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nightshift_app::lifecycle::{self, Loop};
use nightshift_app::{App, lead};
use nightshift_core::error::Retry;
use nightshift_core::port::{ChatSource, Store};
use nightshift_server::Server;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why the service stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// By a signal, or because a part gave up.
    Asked,
    /// The store cannot be trusted any more; the sentence for the operator.
    Broken(String),
}

/// How it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// All that was begun is done or handed back.
    Clean,
    /// The deadline cut it short, or a part had died.
    Late,
    /// A second signal: nothing more is waited for.
    AtOnce,
}

const SUPERSEDED: &str = "another server has started under this one's identity: was its data \
     directory copied? Remove replica.id from one of the copies, then start both again";

/// Of the time there is: for requests that were taken to be answered. One whose body never comes
/// must not take the loops' time.
const ANSWERING: u32 = 3;
/// Of the time there is: for the doors and the store, after the loops.
const CLOSING: u32 = 5;

/// Everything that runs, and how it is stopped.
pub(crate) struct Lifecycle {
    /// Loops and connections to platforms.
    tracker: TaskTracker,
    /// The server: it answers until the loops are done.
    doors: TaskTracker,
    /// Nothing new comes in.
    closing: CancellationToken,
    /// The loops finish what they hold.
    soft: CancellationToken,
    hard: CancellationToken,
    /// A loop died: the exit code must tell.
    crashed: Arc<AtomicBool>,
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Lifecycle {
    /// Takes the signals over, before anything runs that a signal could tear.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            tracker: TaskTracker::new(),
            doors: TaskTracker::new(),
            closing: CancellationToken::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            crashed: Arc::default(),
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Serves until everything else has stopped.
    pub(crate) fn run_server(
        &self,
        server: Arc<Server>,
        listener: TcpListener,
        unix: Option<UnixListener>,
    ) {
        self.doors.spawn(nightshift_server::serve(
            server,
            listener,
            unix,
            self.hard.clone(),
        ));
    }

    pub(crate) fn run_loops(&self, loops: Vec<Arc<dyn Loop>>) {
        for one in loops {
            let name = one.name();
            let stop = self.soft.clone();
            let whole = self.soft.clone();
            let crashed = self.crashed.clone();
            self.tracker.spawn(async move {
                // A loop that panics is a service that pretends: stop it all, the next start recovers.
                let running = tokio::task::JoinSet::from_iter([lifecycle::run(one, stop)]).join_next().await;
                if let Some(Err(error)) = running {
                    tracing::error!(loop.name = name, %error, "A background loop died; the service stops.");
                    crashed.store(true, Ordering::Release);
                    whole.cancel();
                }
            });
        }
    }

    /// Keeps the connections of platforms that need no public URL.
    pub(crate) fn run_sources(&self, sources: Vec<Arc<dyn ChatSource>>, app: &Arc<App>) {
        for source in sources {
            app.leadership.wants(&source.name());
            let app = app.clone();
            let stop = self.closing.clone();
            self.tracker
                .spawn(async move { keep_listening(source.as_ref(), &app, &stop).await });
        }
    }

    /// Waits for the end: a signal, a part that gave up, a disk that failed.
    pub(crate) async fn wait_for_end(&mut self, store: &dyn Store, app: &App) -> End {
        loop {
            tokio::select! {
                () = self.soft.cancelled() => return End::Asked,
                why = store.broken() => {
                    tracing::error!("{why}");
                    return End::Broken(why);
                }
                () = app.leadership.superseded() => {
                    tracing::error!("{SUPERSEDED}");
                    return End::Broken(SUPERSEDED.to_owned());
                }
                _ = self.interrupt.recv() => return End::Asked,
                _ = self.terminate.recv() => return End::Asked,
                _ = self.hangup.recv() => {
                    tracing::warn!("SIGHUP: nothing can be reloaded in this version; restart to use a changed configuration.");
                }
            }
        }
    }

    /// Stops everything, in this order: what comes in, the loops, the doors.
    pub(crate) async fn shut_down(&mut self, server: &Server, deadline: Instant) -> Stopped {
        self.closing.cancel();
        server.ready.drain();
        self.tracker.close();
        self.doors.close();
        let left = deadline.saturating_duration_since(Instant::now());
        let loops_by = deadline - left / CLOSING;
        let (soft, tracker) = (self.soft.clone(), self.tracker.clone());
        let finished = async move {
            // Deliveries that were taken are answered by loops that still run.
            let _ = tokio::time::timeout(left / ANSWERING, server.ready.quiet()).await;
            soft.cancel();
            tracker.wait().await;
        };
        let stopped = tokio::select! {
            () = finished => Stopped::Clean,
            () = tokio::time::sleep_until(loops_by) => Stopped::Late,
            _ = self.interrupt.recv() => Stopped::AtOnce,
            _ = self.terminate.recv() => Stopped::AtOnce,
        };
        self.soft.cancel();
        self.hard.cancel();
        if stopped != Stopped::Clean {
            return stopped;
        }
        // The server ends by itself soon after `hard`.
        tokio::select! {
            () = self.doors.wait() => {}
            () = tokio::time::sleep_until(deadline) => return Stopped::Late,
            _ = self.interrupt.recv() => return Stopped::AtOnce,
            _ = self.terminate.recv() => return Stopped::AtOnce,
        }
        if self.crashed.load(Ordering::Acquire) {
            Stopped::Late
        } else {
            Stopped::Clean
        }
    }
}

/// Between two looks whether a connection is ours to hold.
const LOOK: Duration = Duration::from_millis(500);

async fn leads_no_more(app: &App, work: &str) {
    while app.leadership.leads(work, app.now()) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Between two connections: at once when the platform asked for it, else growing.
const RECONNECT: Duration = Duration::from_secs(1);
const RECONNECT_LONGEST: Duration = Duration::from_secs(60);

/// One server holds the connection for all; another one takes it over when it is gone.
async fn keep_listening(source: &dyn ChatSource, app: &Arc<App>, stop: &CancellationToken) {
    let mut wait = RECONNECT;
    let work = lead::listening(&source.name());
    while !stop.is_cancelled() {
        if !app.leadership.leads(&work, app.now()) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = app.leadership.changes() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            continue;
        }
        let (stopped, leading, led) = (stop.clone(), app.clone(), work.clone());
        let until = async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = leads_no_more(&leading, &led) => {}
            }
        };
        let listening = source.listen(app.as_ref(), Box::pin(until));
        match listening.await {
            Ok(()) => wait = RECONNECT,
            Err(error) => {
                tracing::warn!(source.name = source.name(), %error, "The connection to a platform failed.");
                if error.retry == Retry::Never {
                    tracing::error!(
                        source.name = source.name(),
                        "It will not work without an operator: run `nightshift doctor`."
                    );
                    wait = RECONNECT_LONGEST;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                wait = (wait * 2).min(RECONNECT_LONGEST);
            }
        }
    }
}
