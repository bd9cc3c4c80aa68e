//! PostgreSQL: several replicas on one server, with a pool of connections for each.
//!
//! Nothing lives in a session: settings are made inside each transaction, locks end with it. So a
//! pooler between us and the server may give every transaction another server process.

mod address;
pub(crate) mod explain;
mod hints;
mod migrate;
pub(crate) mod reach;
mod start;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Executor as _, Transaction};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use address::Address;
pub use address::{Login, Passwords, Server};
use hints::Hints;
use reach::{ANSWER_WITHIN, Reach, within};

use super::batch::Ran;
use super::connection::Conn;
use super::directory::DataDir;
use super::measure::Meter;
use super::turns::Rank;
use super::{CommitWatch, Conditions, OpenError};
use crate::error::{Error, Result, is_taken};
use crate::sql;
use crate::statement::{Dialect, Query, scalar};

/// Enough that commits share a sync, few enough for three replicas on a small server.
const WRITERS: u32 = 16;
const READERS: u32 = 8;
/// Of the writing connections, so many are used by upkeep at most.
const FOR_UPKEEP: usize = 4;

/// Whoever is made to wait longer for a connection is told to come again: platforms give up after
/// three seconds.
const WAIT_AT_MOST: Duration = Duration::from_secs(2);

/// The same for a batch of deliveries, which waits for no lock.
const ACCEPT_WITHIN: Duration = Duration::from_secs(3);

/// A connection that nobody used for so long is closed: poolers and firewalls forget such.
const IDLE: Duration = Duration::from_mins(5);

/// A secret that is read anew now and then is good for a quarter of an hour at least.
const LOG_IN_ANEW: Duration = Duration::from_mins(5);

/// Read committed: each statement of ours that decides something checks it in its condition, and
/// locks the row before. Nobody waits for ever: not for a lock, not for a statement, and not for
/// a replica that went away in the middle: what it holds locked is free after five seconds, or another one
/// could not take over. Joins are made [`AS_WRITTEN`].
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '60s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL join_collapse_limit = 1";

/// The planner takes longer to try all orders of a task's view than the rest of the task's life
/// takes, and then takes the written one.
const AS_WRITTEN: &str = "SET join_collapse_limit = 1";

/// Several reads that see the same moment; joined in whatever order the planner finds best, for the
/// invariants are checked here.
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL statement_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '5s'; \
    SET LOCAL join_collapse_limit = 8";

/// One read, where it needs a transaction at all.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; \
    SET LOCAL statement_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '5s'; \
    SET LOCAL join_collapse_limit = 1";

pub(crate) struct Postgres {
    address: Arc<Address>,
    writer: AnyPool,
    reader: AnyPool,
    watch: Option<Arc<dyn CommitWatch>>,
    pub(crate) meter: Arc<Meter>,
    upkeep: Arc<Semaphore>,
    pub(crate) hints: Arc<Hints>,
    reach: Arc<Reach>,
    begins: TaskTracker,
    /// Nobody else uses it meanwhile.
    dir: std::sync::Mutex<Option<DataDir>>,
    /// Keeps the secret fresh that new connections log in with; tells and hears hints.
    beside: std::sync::Mutex<JoinSet<()>>,
}

impl Postgres {
    /// `origin` names this process among those that use the database.
    pub(crate) async fn open(
        server: Server,
        origin: String,
        conditions: Conditions,
    ) -> Result<Self, OpenError> {
        install_default_drivers();
        let address = Arc::new(Address::of(server)?);
        start::check_and_migrate(&address).await?;
        // A transaction that cannot begin begins on another connection; a read is not begun.
        let reach = Arc::new(Reach::default());
        let writer = pool(&address, &reach, WRITERS, false).await?;
        let reader = pool(&address, &reach, READERS, true).await?;
        let engine = Self {
            writer,
            reader,
            watch: conditions.watch,
            meter: Arc::default(),
            upkeep: Arc::new(Semaphore::new(FOR_UPKEEP)),
            reach,
            begins: TaskTracker::new(),
            hints: Arc::new(Hints::of(origin)),
            dir: std::sync::Mutex::default(),
            beside: std::sync::Mutex::default(),
            address,
        };
        engine.keep_fresh();
        engine.exchange_hints();
        Ok(engine)
    }

    /// Held until this is closed.
    pub(crate) fn keep(&self, dir: Option<DataDir>) {
        *self.dir() = dir;
    }

    fn dir(&self) -> std::sync::MutexGuard<'_, Option<DataDir>> {
        self.dir
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn exchange_hints(&self) {
        let mut beside = self.beside();
        beside.spawn(self.hints.clone().speak(self.writer.clone()));
        // A pooler in transaction mode forgets who listens.
        if self.address.can_hear() {
            beside.spawn(self.hints.clone().listen(self.address.clone()));
        }
    }

    fn beside(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.beside
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep_fresh(&self) {
        if !self.address.changes() {
            return;
        }
        let (address, pools) = (
            self.address.clone(),
            [self.writer.clone(), self.reader.clone()],
        );
        self.beside().spawn(async move {
            loop {
                tokio::time::sleep(LOG_IN_ANEW).await;
                match address.options().await {
                    Ok(options) => {
                        for pool in &pools {
                            pool.set_connect_options(options.clone());
                        }
                    }
                    Err(error) => tracing::warn!(%error, "The database's password could not be read anew; connections are made with the last one."),
                }
            }
        });
    }

    pub(super) async fn begin(&self, rank: Rank) -> Result<(Conn, Option<Permit>)> {
        let began = Instant::now();
        let permit = match rank {
            Rank::First => None,
            Rank::Later => Some(
                self.upkeep
                    .clone()
                    .acquire_owned()
                    .await
                    .expect("invariant: it is never closed"),
            ),
        };
        let tx = self.transaction(&self.writer, BEGIN_WRITE).await?;
        self.meter.waited(began.elapsed());
        Ok((self.conn(tx), permit))
    }

    /// Begins on a connection that works.
    async fn transaction(
        &self,
        pool: &AnyPool,
        how: &'static str,
    ) -> Result<Transaction<'static, Any>> {
        self.reach.check()?;
        match self.begun(pool, how).await {
            Ok(tx) => {
                self.reach.found();
                Ok(tx)
            }
            Err(error) => {
                self.unanswered(&error);
                self.reach.note(pool, &error);
                Err(error.into())
            }
        }
    }

    /// Begins beside the caller: one who gives up waiting in the middle would leave a connection
    /// that is inside a transaction and does not know it. What nobody came for is rolled back.
    async fn begun(
        &self,
        pool: &AnyPool,
        how: &'static str,
    ) -> sqlx::Result<Transaction<'static, Any>> {
        let (tell, told) = oneshot::channel();
        let pool = pool.clone();
        self.begins.spawn(async move {
            // Dropped where nobody waits any more, and with it the transaction.
            drop(tell.send(begin(&pool, how).await));
        });
        told.await.unwrap_or(Err(sqlx::Error::PoolClosed))
    }

    fn unanswered(&self, error: &sqlx::Error) {
        if reach::is_unanswered(error) {
            self.reach.doubt();
        }
    }

    fn conn(&self, tx: Transaction<'static, Any>) -> Conn {
        let conn = Conn::whole(tx, Dialect::Postgres).answering(self.reach.clone());
        if self.address.pooled() {
            conn.without_names()
        } else {
            conn
        }
    }

    pub(crate) async fn snapshot(&self) -> Result<Conn> {
        let tx = self.transaction(&self.reader, BEGIN_SNAPSHOT).await?;
        Ok(self.conn(tx))
    }

    pub(crate) async fn read(&self) -> Result<Conn> {
        if self.address.pooled() {
            // A statement is parsed and run in two steps, which must reach the same process.
            let tx = self.transaction(&self.reader, BEGIN_READ).await?;
            return Ok(self.conn(tx));
        }
        self.single(&self.reader).await
    }

    async fn single(&self, pool: &AnyPool) -> Result<Conn> {
        self.reach.check()?;
        match pool.acquire().await {
            Ok(conn) => {
                self.reach.found();
                let conn = Conn::single(conn, Dialect::Postgres);
                Ok(conn.answering(self.reach.clone()))
            }
            Err(error) => {
                self.reach.note(pool, &error);
                Err(error.into())
            }
        }
    }

    /// Reads back what it has just written, durably.
    pub(crate) async fn check(&self) -> Result<()> {
        let (mut conn, _permit) = self.begin(Rank::First).await?;
        conn.hurry(ACCEPT_WITHIN);
        start::durable(&mut conn).await?;
        let written: i64 = scalar(sql::meta::COUNT_CHECK).fetch_one(&mut conn).await?;
        self.commit(conn).await?;
        let mut conn = self.read().await?;
        let read: i64 = scalar(sql::meta::READ_CHECK).fetch_one(&mut conn).await?;
        if read < written {
            return Err(Error::Raced("meta.check".to_owned()));
        }
        Ok(())
    }

    /// An error leaves it open whether anything happened, unless the server itself said no.
    pub(super) async fn commit(&self, conn: Conn) -> Result<()> {
        if conn.has_failed() {
            return Err(Error::Aborted);
        }
        match within(ANSWER_WITHIN, conn.commit()).await {
            Ok(()) => Ok(()),
            // A server that goes away while it commits may say so after it has.
            Err(error @ sqlx::Error::Database(_)) if !explain::is_lost(&error) => {
                Err(Error::Sql(error))
            }
            Err(error) => {
                self.unanswered(&error);
                Err(Error::Unknown(error))
            }
        }
    }

    /// Runs one statement whose end is its commit. An error means that nothing of it happened,
    /// but for a lost connection.
    pub(crate) async fn at_once(&self, change: &'static str, query: Query) -> Result<Ran> {
        let began = Instant::now();
        let mut conn = if self.address.pooled() {
            self.conn(self.transaction(&self.writer, BEGIN_WRITE).await?)
        } else {
            self.single(&self.writer).await?
        };
        conn.hurry(ACCEPT_WITHIN);
        self.meter.waited(began.elapsed());
        self.commits(change);
        let began = Instant::now();
        match query.execute(&mut conn).await {
            Ok(_) => self.commit(conn).await?,
            Err(error) if is_taken(&error) => return Ok(Ran::Taken),
            Err(error @ sqlx::Error::Database(_)) if !explain::is_lost(&error) => {
                return Err(Error::Sql(error));
            }
            Err(error) => return Err(Error::Unknown(error)),
        }
        self.has_committed(change, began.elapsed());
        Ok(Ran::Committed)
    }

    pub(super) fn commits(&self, change: &'static str) {
        if let Some(watch) = &self.watch {
            watch.before(change);
        }
    }

    pub(super) fn has_committed(&self, change: &'static str, took: Duration) {
        if let Some(watch) = &self.watch {
            watch.after(change, took);
        }
        self.meter.committed(took);
    }

    pub(crate) async fn close(&self) {
        self.beside().abort_all();
        self.begins.close();
        self.reader.close().await;
        self.writer.close().await;
        self.dir().take();
    }
}

/// A connection of its own to a server whose tables are up to date, and the database's name for
/// people.
pub(crate) async fn reachable(server: Server) -> Result<(AnyConnection, String), OpenError> {
    install_default_drivers();
    let address = Address::of(server)?;
    start::check_and_migrate(&address).await?;
    let conn = address.options().await?.connect().await;
    let conn = conn.map_err(|error| explain::not_opened(&address, error))?;
    Ok((conn, address.shown().to_owned()))
}

/// Whether a server could be started on this database, as a line for people; nothing is changed.
pub async fn look_at(server: Server) -> Result<String, OpenError> {
    install_default_drivers();
    start::look(&Address::of(server)?).await
}

/// A connection to a database as it is; nothing is made or brought up to date.
pub(crate) async fn existing(server: Server) -> Result<(AnyConnection, String), OpenError> {
    let address = Address::of(server)?;
    let conn = address.options().await?.connect().await;
    let conn = conn.map_err(|error| explain::not_opened(&address, error))?;
    Ok((conn, address.shown().to_owned()))
}

pub(crate) use migrate::{newest_known, version};

/// For a look at all rows, which takes long.
pub(crate) const BEGIN_EXAMINE: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";

/// Held by upkeep while it writes.
pub(super) type Permit = tokio::sync::OwnedSemaphorePermit;

async fn pool(
    address: &Address,
    reach: &Arc<Reach>,
    connections: u32,
    ask: bool,
) -> Result<AnyPool, OpenError> {
    let options = address.options().await?;
    let reach = reach.clone();
    // Behind a pooler a session is not ours to set.
    let settings = (!address.pooled()).then_some(AS_WRITTEN);
    Ok(AnyPoolOptions::new()
        .after_connect(move |conn, _| {
            Box::pin(async move {
                if let Some(settings) = settings {
                    conn.execute(settings).await?;
                }
                Ok(())
            })
        })
        .after_release(move |conn, _| {
            let reach = reach.clone();
            Box::pin(async move { reach.still_answers(conn).await })
        })
        .max_connections(connections)
        .acquire_timeout(WAIT_AT_MOST)
        .idle_timeout(IDLE)
        // A round trip each time.
        .test_before_acquire(ask)
        .connect_lazy_with(options))
}

/// After a fail-over every connection of the pool is gone: nothing has happened yet on any, so
/// the next one is taken until one works.
async fn begin(pool: &AnyPool, how: &'static str) -> sqlx::Result<Transaction<'static, Any>> {
    let mut left = pool.options().get_max_connections() + 1;
    loop {
        match within(WAIT_AT_MOST * 2, pool.begin_with(how)).await {
            Ok(tx) => return Ok(tx),
            // Whoever waited has waited long enough.
            Err(error) if reach::is_unanswered(&error) => return Err(error),
            Err(error) if left > 0 && explain::is_lost(&error) => left -= 1,
            Err(error) => return Err(error),
        }
    }
}
