//! A PostgreSQL of the benchmark's own: on the disk, with commits that last.

use std::sync::Arc;

use nightshift_app::{App, Loop, Shared};
use nightshift_core::port::Executor;
use nightshift_core::port::clock::Ids;
use nightshift_core::port::replicas::Replica;
use nightshift_core::secret::Secret;
use nightshift_fakes::postgres::OwnServer;
use nightshift_store::{Conditions, ConnectOptions, Login, Server, SqlStore};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::composed::{self, Beside};

/// As Debian's defaults, but for what a server of two processors with a gigabyte would be given;
/// dead rows are looked for more often than once a minute, for cells are shorter than days; a
/// statement can be read whole.
const SETTINGS: [&str; 5] = [
    "shared_buffers=512MB",
    "track_activity_query_size=16kB",
    "max_wal_size=4GB",
    "autovacuum_naptime=5s",
    "log_min_messages=fatal",
];

/// The server; its databases go with it.
pub(super) struct Ground {
    pub(super) server: OwnServer,
}

impl Ground {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = std::path::absolute("target")?;
        let server = OwnServer::start_in(&folder, &SETTINGS);
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = server
                .run("postgres", &format!("SHOW {setting}"))
                .map_err(anyhow::Error::msg)?;
            anyhow::ensure!(value == "on", "{setting} is {value}: no durable commits");
        }
        Ok(Self { server })
    }

    /// What the cells before left to be written is written.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        self.sql("postgres", "CHECKPOINT").map(drop)
    }

    pub(super) fn sql(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        sql(&self.server.url(database), statements)
    }
}

/// What the statements print.
pub(super) fn sql(url: &str, statements: &str) -> anyhow::Result<String> {
    nightshift_fakes::postgres::run(url, statements).map_err(anyhow::Error::msg)
}

/// A store of a database that others may use as well.
pub(super) async fn store(url: &str) -> anyhow::Result<Arc<SqlStore>> {
    let options = ConnectOptions {
        data_dir: None,
        server: Server {
            url: Secret::new(url),
            login: Login::Url,
            managed: false,
            notify_url: None,
        },
        ids: Arc::new(composed::RandomIds),
        retry_backoff: std::time::Duration::from_secs(5),
    };
    Ok(nightshift_store::connect(options, Conditions::default()).await?)
}

/// One server of several: its application, and those of its loops that are wanted.
pub(super) struct Member {
    pub(super) app: Arc<App>,
    stop: CancellationToken,
    running: JoinSet<()>,
    _dir: TempDir,
}

/// What a member has beside the loops that every one has.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) executor: Option<Arc<dyn Executor>>,
    pub(super) slots: usize,
    /// The loops that run, by their names.
    pub(super) loops: &'static [&'static str],
}

impl Member {
    pub(super) async fn join(url: &str, part: Part) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in("target")?;
        let store = store(url).await?;
        let (app, loops) = composed::app(dir.path(), store.clone(), beside(&store, &part)?)?;
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        let wanted = |one: &Arc<dyn Loop>| part.loops.contains(&one.name());
        for one in loops.into_iter().filter(wanted) {
            running.spawn(nightshift_app::lifecycle::run(one, stop.clone()));
        }
        Ok(Self {
            app,
            stop,
            running,
            _dir: dir,
        })
    }

    pub(super) async fn leave(mut self) {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
        self.app.store().close().await;
    }
}

fn beside(store: &Arc<SqlStore>, part: &Part) -> anyhow::Result<Beside> {
    let (Some(replicas), Some(files)) = (store.replicas(), store.files()) else {
        anyhow::bail!("a store that is not shared");
    };
    let shared = Shared {
        me: Replica {
            id: part.name.clone(),
            life: hex::encode(&composed::RandomIds.entropy()[..8]),
            name: part.name.clone(),
        },
        replicas,
        files,
    };
    Ok(Beside {
        executor: part.executor.clone(),
        slots: part.slots,
        shared: Some(shared),
    })
}
