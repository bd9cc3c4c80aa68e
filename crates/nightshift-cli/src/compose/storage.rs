//! Where the state is: in the data directory, or in a server that several of us share.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use nightshift_app::Shared;
use nightshift_core::port::replicas::{Replica, Replicas};
use nightshift_core::port::{Clock, Ids, Store};
use nightshift_core::secret::Secret;
use nightshift_core::time::Timestamp;
use nightshift_store::{ConnectOptions, Login, OpenOptions, Passwords, Server, SqlStore};

use super::adapters::instance;
use crate::clock::{SystemClock, machine_time};
use crate::cmd::Context;
use crate::config::Loaded;
use crate::config::section::operation::{Database, Storage};

/// A provider's program asks its service, which may be slow.
const PASSWORD_WITHIN: Duration = Duration::from_secs(20);

/// The store, and what goes with it.
pub(crate) struct Opened {
    pub(crate) store: Arc<SqlStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shared: Option<Shared>,
    /// Names this life of the server in leases.
    pub(crate) holder: String,
}

pub(crate) async fn open(
    context: &Context,
    loaded: &Loaded,
    data_dir: &Path,
    ids: &Arc<dyn Ids>,
) -> anyhow::Result<Opened> {
    let storage = &loaded.config.remote.storage;
    let retry_backoff = loaded.config.remote.timers.retry_backoff.0;
    let conditions = context.hooks.store.clone();
    let life = format!("life-{}", hex::encode(&ids.entropy()[..8]));
    let Some(server) = server(context, storage) else {
        let options = OpenOptions {
            data_dir: data_dir.to_owned(),
            retry_backoff,
            ids: ids.clone(),
        };
        let store = nightshift_store::open_with(options, conditions).await?;
        let clock = Arc::new(SystemClock::resume(&store.kept_clock().await?));
        let holder = format!("{}/{life}", instance(data_dir));
        return Ok(Opened {
            store,
            clock,
            shared: None,
            holder,
        });
    };
    let options = ConnectOptions {
        data_dir: Some(data_dir.to_owned()),
        server,
        retry_backoff,
        ids: ids.clone(),
    };
    let store = nightshift_store::connect(options, conditions).await?;
    let me = Replica {
        id: identity(storage, data_dir, ids.as_ref())?,
        life,
        name: name(storage),
    };
    share(store, me).await
}

/// Takes its place among the servers on the same database, in their time.
async fn share(store: Arc<SqlStore>, me: Replica) -> anyhow::Result<Opened> {
    let (Some(replicas), Some(files)) = (store.replicas(), store.files()) else {
        anyhow::bail!("this database is not for several servers");
    };
    let clock = Arc::new(shared_clock(store.as_ref(), replicas.as_ref()).await?);
    replicas.appear(&me, true, clock.now()).await?;
    let holder = me.holder();
    let shared = Shared {
        me,
        replicas,
        files,
    };
    Ok(Opened {
        store,
        clock,
        shared: Some(shared),
        holder,
    })
}

/// The database's clock; where other servers are there, the time that they make of it.
async fn shared_clock(store: &dyn Store, replicas: &dyn Replicas) -> anyhow::Result<SystemClock> {
    let newest = store.kept_clock().await?.newest_event;
    let asked = machine_time().millis();
    let there = replicas.server_time().await?.millis();
    let answered = machine_time().millis();
    let ahead = there - i64::midpoint(asked, answered);
    let offset = replicas.shared_offset().await?;
    let begin = Timestamp::from_millis(machine_time().millis() + ahead + offset.unwrap_or(0));
    // Alone, our time never goes back behind what has happened; with others, theirs is right.
    let begin = match (offset, newest) {
        (None, Some(newest)) => begin.max(newest),
        _ => begin,
    };
    Ok(SystemClock::shared(begin, ahead))
}

/// Which server the configuration names; `None` where the state is in the data directory.
pub(crate) fn server(context: &Context, storage: &Storage) -> Option<Server> {
    if storage.database == Database::Sqlite {
        return None;
    }
    let login = match (&storage.password_file, storage.password_command.is_empty()) {
        (Some(file), _) => Login::File(PathBuf::from(file)),
        (None, false) => Login::Asked(Arc::new(Program {
            argv: storage.password_command.clone(),
            environment: context.environment.clone(),
        })),
        (None, true) => Login::Url,
    };
    Some(Server {
        url: storage.url.clone()?,
        login,
        managed: storage.database.is_managed(),
        notify_url: storage.notify_url.clone(),
    })
}

/// A provider's program, which prints a token that is good for some minutes.
struct Program {
    argv: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.argv.first()).finish()
    }
}

#[async_trait]
impl Passwords for Program {
    async fn password(&self) -> Result<Secret, String> {
        let said = nightshift_exec::ask(&self.argv, &self.environment, PASSWORD_WITHIN).await;
        said.map(Secret::new)
            .map_err(|why| format!("remote.storage.password_command: {why}"))
    }
}

/// What this server is called.
fn name(storage: &Storage) -> String {
    if let Some(name) = &storage.replica {
        return name.clone();
    }
    let machine = nix::unistd::gethostname().ok();
    let machine = machine.and_then(|name| name.into_string().ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let machine = machine.filter(|name| !name.is_empty() && name.len() <= 63);
    let machine = machine.filter(|name| name.chars().all(plain));
    machine.unwrap_or_else(|| "nightshift".to_owned())
}

/// The same in every life on this data directory: what an earlier life held can be given up at
/// once.
fn identity(storage: &Storage, data_dir: &Path, ids: &dyn Ids) -> anyhow::Result<String> {
    let own = private(data_dir, "replica.id", || {
        hex::encode(&ids.entropy()[..4]).into_bytes()
    })?;
    let own = String::from_utf8_lossy(&own);
    Ok(format!("{}-{}", name(storage), own.trim()))
}

/// Signs page sessions; made at the first start, so that a session survives a restart. All servers
/// on a database have one, so that each knows the sessions of the others.
pub(super) async fn page_key(
    data_dir: &Path,
    shared: Option<&Shared>,
    ids: &dyn Ids,
) -> anyhow::Result<[u8; 32]> {
    let fresh = || [ids.entropy(), ids.entropy()].concat();
    let key = match shared {
        None => private(data_dir, "page.key", fresh)?,
        Some(shared) => {
            let proposal = hex::encode(fresh());
            let kept = shared.replicas.shared_value("page.key", &proposal).await?;
            hex::decode(kept)?
        }
    };
    <[u8; 32]>::try_from(key.as_slice()).context("the key of the page's sessions is damaged")
}

/// A small file of the data directory, made when it is missing.
fn private(dir: &Path, name: &str, fresh: impl FnOnce() -> Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let path = dir.join(name);
    if let Ok(bytes) = std::fs::read(&path)
        && !bytes.is_empty()
    {
        return Ok(bytes);
    }
    let bytes = fresh();
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create(true).truncate(true), 0o600);
    std::io::Write::write_all(&mut options.open(&path)?, &bytes)?;
    Ok(bytes)
}
