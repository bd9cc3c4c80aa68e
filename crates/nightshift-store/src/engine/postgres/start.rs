//! What must hold of a server before anything is stored in it, and is asked again at each check.

use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, ConnectOptions, Connection, Row};

use super::{Address, explain, migrate};
use crate::engine::connection::Conn;
use crate::engine::{OpenError, OpenKind};
use crate::error::{Error, Result};
use crate::statement::{Sql, query};

/// The oldest version whose statements are tested.
const OLDEST: i64 = 150_000;

/// A server that does not answer is not waited for longer.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The settings that durability needs, and what the server is.
const SETTINGS: &str = "SELECT cast(current_setting('server_version_num') AS BIGINT) AS version, \
      current_setting('server_version') AS name, current_setting('fsync') AS fsync, \
      current_setting('full_page_writes') AS full_page_writes, \
      current_setting('synchronous_commit') AS synchronous_commit, \
      current_setting('server_encoding') AS encoding, \
      CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' \
        THEN 1 ELSE 0 END AS read_only, \
      CASE WHEN has_schema_privilege(current_schema(), 'CREATE') THEN 1 ELSE 0 END AS may_create";

/// Another replica that brings the tables up to date is waited for.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0";

/// Refuses what a server must not work on; then brings the tables up to date. All or nothing.
pub(super) async fn check_and_migrate(address: &Address) -> Result<(), OpenError> {
    let options = address.options().await?;
    let connecting = tokio::time::timeout(CONNECT_WITHIN, options.connect());
    let connected = connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let failed = |error| explain::not_opened(address, error);
    let mut conn = connected.map_err(failed)?;
    let mut tx = conn.begin_with(BEGIN).await.map_err(failed)?;
    let found = settings(&mut tx).await.map_err(failed)?;
    found.refuse(address)?;
    migrate::run(address, &mut tx).await?;
    tx.commit().await.map_err(failed)?;
    // What is not in the pool is of no more use; how it ends does not matter.
    conn.close().await.or(Ok(()))
}

/// Whether a server could be started on it, as a line for people; nothing is made or changed.
pub(super) async fn look(address: &Address) -> Result<String, OpenError> {
    let options = address.options().await?;
    let connecting = tokio::time::timeout(CONNECT_WITHIN, options.connect());
    let connected = connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let failed = |error| explain::not_opened(address, error);
    let mut conn = connected.map_err(failed)?;
    let found = settings(&mut conn).await.map_err(failed)?;
    found.refuse(address)?;
    let version = migrate::version(&mut conn, address.shown()).await?;
    conn.close().await.or(Ok::<(), sqlx::Error>(())).ok();
    let newest = migrate::newest_known();
    let schema = match version {
        0 => "empty: the first start makes the tables".to_owned(),
        version if version < newest => {
            format!("schema {version}: the next start brings it to {newest}")
        }
        version => format!("schema {version}"),
    };
    let (name, shown) = (&found.name, address.shown());
    Ok(format!("PostgreSQL {name}, {shown}, {schema}"))
}

/// What a server says of itself.
struct Settings {
    version: i64,
    name: String,
    encoding: String,
    read_only: bool,
    may_create: bool,
    durable: Result<(), String>,
}

async fn settings(conn: &mut AnyConnection) -> Result<Settings, sqlx::Error> {
    let row = sqlx::query(SETTINGS)
        .persistent(false)
        .fetch_one(conn)
        .await?;
    Ok(Settings {
        version: row.try_get("version")?,
        name: row.try_get("name")?,
        encoding: row.try_get("encoding")?,
        read_only: row.try_get::<i64, _>("read_only")? != 0,
        may_create: row.try_get::<i64, _>("may_create")? != 0,
        durable: is_durable(&row)?,
    })
}

/// A commit must be on the server's disk before it is acknowledged.
fn is_durable(row: &AnyRow) -> Result<Result<(), String>, sqlx::Error> {
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value: String = row.try_get(name)?;
        if value == "off" {
            return Ok(Err(format!("{name} = off")));
        }
    }
    Ok(Ok(()))
}

impl Settings {
    fn refuse(&self, address: &Address) -> Result<(), OpenError> {
        let refused = |kind, why: String| {
            let shown = address.shown();
            let message = format!("remote.storage.url {shown}: {why}");
            Err(OpenError::new(kind, Path::new(shown), message))
        };
        if self.version < OLDEST {
            let why = format!(
                "the server is PostgreSQL {}; version 15 or newer is needed: upgrade it",
                self.name
            );
            return refused(OpenKind::Settings, why);
        }
        if self.encoding != "UTF8" {
            let why = format!(
                "the database is encoded in {}: make one with `createdb -E UTF8 -T template0`",
                self.encoding
            );
            return refused(OpenKind::Settings, why);
        }
        if self.read_only {
            let why = "this is a standby or a read-only database: name the primary".to_owned();
            return refused(OpenKind::NotWritable, why);
        }
        if let Err(setting) = &self.durable {
            let why = format!(
                "a power cut would take what was acknowledged ({setting}): set it to on for this \
                 server, database and user"
            );
            return refused(OpenKind::Settings, why);
        }
        if !self.may_create {
            let why = "this user may not make tables: give it the right with GRANT ALL ON SCHEMA \
                       public TO this user"
                .to_owned();
            return refused(OpenKind::Denied, why);
        }
        Ok(())
    }
}

/// Asked again while we run: settings can be changed under a running server.
pub(super) async fn durable(conn: &mut Conn) -> Result<()> {
    const ASKED: Sql = Sql {
        sqlite: SETTINGS,
        postgres: SETTINGS,
    };
    let row = query(ASKED).fetch_one(conn).await?;
    is_durable(&row)?.map_err(|setting| {
        Error::Untrusted(format!(
            "the database would lose what it acknowledged in a power cut ({setting}): set it to on"
        ))
    })
}
