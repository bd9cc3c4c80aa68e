//! The durable memory: the Store port over sqlx, one implementation for all engines.
//!
//! [`open`] checks the data directory, takes its lock and brings the tables up to date. Each
//! method of the port is one transaction in the file of its aggregate; every move of a task goes
//! through `moves::apply`. SQL is in `sql/`, what differs between engines in `dialect.rs`.

mod attempts;
mod audit;
mod backup;
mod clock;
mod conversations;
mod deliveries;
mod dialect;
mod engine;
mod error;
mod events;
mod examine;
mod horizon;
mod invariants;
mod leases;
mod lock;
mod logs;
mod low_water;
mod moves;
mod moving;
mod notices;
mod outbox;
mod pages;
mod people;
mod plans;
mod replicas;
mod retention;
mod row;
mod sql;
mod statement;
mod tasks;
mod timed;
mod transaction;
mod views;
mod votes;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::backoff::Backoff;
use nightshift_core::port::clock::Ids;
use nightshift_core::port::store::{ClockMark, KeptClock, Measures, Store, StoreError};

pub use backup::{Backup, BackupError, back_up};
use engine::database::Database;
use engine::directory::DataDir;
use engine::postgres::Postgres;
pub use engine::postgres::{Login, Passwords, Server, look_at};
use engine::sqlite::Engine;
pub use engine::{CommitWatch, Conditions, OpenError, OpenKind, Synchronous};
pub use examine::{Check, Examined, Finding, examine, examine_server};
use low_water::LowWater;
pub use moving::{Moved, move_to};

/// What `open` needs.
pub struct OpenOptions {
    /// Holds the database; made with mode 0700 when missing.
    pub data_dir: PathBuf,
    /// The source of identifiers.
    pub ids: Arc<dyn Ids>,
    /// Before a task is tried again that was lost, or failed in a way that may pass.
    pub retry_backoff: Duration,
}

/// What [`connect`] needs.
pub struct ConnectOptions {
    /// Locked, so that no two servers use it for their results and sockets; `None` for whoever has
    /// none.
    pub data_dir: Option<PathBuf>,
    pub server: Server,
    /// The source of identifiers.
    pub ids: Arc<dyn Ids>,
    /// As in [`OpenOptions`].
    pub retry_backoff: Duration,
}

/// The longest wait before another try.
const LONGEST_BACKOFF: Duration = Duration::from_mins(5);

/// The store of this process; the only one on its data directory.
pub struct SqlStore {
    engine: Database,
    ids: Arc<dyn Ids>,
    backoff: Backoff,
    /// The time of the newest event.
    newest: AtomicI64,
    low_water: LowWater,
}

/// Opens the database `nightshift.sqlite` in the data directory, creating it when missing.
///
/// - A refusal leaves the file as it was.
/// - A second store on the same directory is refused until the first is dropped or closed.
pub async fn open(options: OpenOptions) -> Result<Arc<SqlStore>, OpenError> {
    open_with(options, Conditions::default()).await
}

/// [`open`] under other conditions than a service's: no configuration leads here.
pub async fn open_with(
    options: OpenOptions,
    conditions: Conditions,
) -> Result<Arc<SqlStore>, OpenError> {
    let engine = Engine::open(&options.data_dir, conditions).await?;
    let engine = Database::Sqlite(Box::new(engine));
    Ok(store(engine, options.ids, options.retry_backoff))
}

/// Opens the database of a PostgreSQL server, which any number of stores may use at once. Makes
/// the tables when they are missing, and brings them up to date.
///
/// - A refusal leaves the database as it was.
pub async fn connect(
    options: ConnectOptions,
    conditions: Conditions,
) -> Result<Arc<SqlStore>, OpenError> {
    let dir = options.data_dir.as_deref().map(DataDir::take);
    let origin = hex::encode(&options.ids.entropy()[..8]);
    let engine = Postgres::open(options.server, origin, conditions).await?;
    engine.keep(dir.transpose()?);
    let engine = Database::Postgres(Box::new(engine));
    Ok(store(engine, options.ids, options.retry_backoff))
}

fn store(engine: Database, ids: Arc<dyn Ids>, retry_backoff: Duration) -> Arc<SqlStore> {
    Arc::new(SqlStore {
        engine,
        ids,
        backoff: Backoff {
            first: retry_backoff,
            longest: LONGEST_BACKOFF,
        },
        newest: AtomicI64::new(i64::MIN),
        low_water: LowWater::default(),
    })
}

#[async_trait]
impl Store for SqlStore {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(self.engine.check().await?)
    }

    async fn kept_clock(&self) -> Result<KeptClock, StoreError> {
        Ok(clock::kept(self).await?)
    }

    async fn keep_clock(&self, mark: ClockMark) -> Result<(), StoreError> {
        let tx = self.change("keep_clock", mark.at).await?;
        Ok(clock::keep(tx, mark).await?)
    }

    async fn broken(&self) -> String {
        self.engine.broken().await
    }

    fn measures(&self) -> Measures {
        self.engine.measures()
    }

    async fn broken_invariants(&self) -> Result<Vec<String>, StoreError> {
        self.check_invariants().await
    }

    async fn close(&self) {
        self.engine.close().await;
    }
}
