//! Tables of PostgreSQL, brought up to date by whichever replica starts first.
//!
//! The library's own way locks for a session, which a pooler does not know; here the lock ends with
//! the transaction that everything happens in.

use std::path::Path;

use sqlx::AnyConnection;
use sqlx::migrate::{Migration, Migrator};

use super::{Address, explain};
use crate::engine::{OpenError, OpenKind};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Names the lock of those who start; "night" in ASCII.
const LOCK: &str = "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(474148136564)) l";

/// As the library makes it.
const MADE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
    description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
    success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";

const IS_MADE: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() \
    AND tablename = '_sqlx_migrations'";

/// A table of ours that we did not make.
const TAKEN: &str = "SELECT cast(tablename AS TEXT) FROM pg_tables \
    WHERE schemaname = current_schema() AND tablename IN ('task', 'inbox', 'outbox', 'event') \
    ORDER BY tablename LIMIT 1";

const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";

const APPLY: &str = "INSERT INTO _sqlx_migrations \
    (version, description, success, checksum, execution_time) VALUES ($1, $2, true, $3, 0)";

/// Inside the caller's transaction.
pub(super) async fn run(address: &Address, conn: &mut AnyConnection) -> Result<(), OpenError> {
    let found = |error| explain::not_opened(address, error);
    one(conn, LOCK).await.map_err(found)?;
    let applied = applied(conn).await.map_err(found)?;
    let todo = todo(&applied).map_err(|refused| refused.because_of(address))?;
    if applied.is_empty()
        && let Some(table) = taken(conn).await.map_err(found)?
    {
        return Err(Refused::Taken(table).because_of(address));
    }
    for migration in todo {
        apply(conn, migration).await.map_err(found)?;
    }
    Ok(())
}

/// The newest schema that this version knows.
pub(crate) fn newest_known() -> i64 {
    MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
}

/// The schema of a database that may be of any age; 0 where nothing of ours is in it.
pub(crate) async fn version(conn: &mut AnyConnection, shown: &str) -> Result<i64, OpenError> {
    let applied = applied(conn).await.map_err(|error| {
        let message = format!("{shown}: it cannot be read ({error}): see the server's log");
        OpenError::new(OpenKind::Failed, Path::new(shown), message).because(error)
    })?;
    match todo(&applied) {
        Ok(_) => Ok(applied.last().map_or(0, |(version, _)| *version)),
        Err(refused) => Err(refused.of(shown)),
    }
}

enum Refused {
    Newer,
    Foreign,
    Taken(String),
}

impl Refused {
    fn because_of(self, address: &Address) -> OpenError {
        self.of(address.shown())
    }

    fn of(self, shown: &str) -> OpenError {
        let (kind, why) = match self {
            Self::Newer => (
                OpenKind::Newer,
                "the database was written by a newer NightShift: start that version, or restore \
                 a backup made before it"
                    .to_owned(),
            ),
            Self::Foreign => (
                OpenKind::Foreign,
                "the database belongs to another program; it was left as it is: name another one"
                    .to_owned(),
            ),
            Self::Taken(table) => (
                OpenKind::Foreign,
                format!(
                    "the database has a table `{table}` of another program; it was left as it is: \
                     name another database"
                ),
            ),
        };
        let message = format!("remote.storage.url {shown}: {why}");
        OpenError::new(kind, Path::new(shown), message)
    }
}

/// Version and checksum of each.
type Applied = Vec<(i64, Vec<u8>)>;

/// What is still to be done.
fn todo(applied: &Applied) -> Result<impl Iterator<Item = &'static Migration> + use<>, Refused> {
    let mut known = MIGRATIONS.iter();
    for (at, (version, checksum)) in applied.iter().enumerate() {
        match known.next() {
            Some(one) if one.version == *version && *one.checksum == **checksum => {}
            // Ours begins with our first migration.
            Some(_) if at == 0 => return Err(Refused::Foreign),
            _ => return Err(Refused::Newer),
        }
    }
    Ok(known)
}

async fn applied(conn: &mut AnyConnection) -> Result<Applied, sqlx::Error> {
    if one(conn, IS_MADE).await? == 0 {
        return Ok(Applied::new());
    }
    sqlx::query_as(APPLIED)
        .persistent(false)
        .fetch_all(conn)
        .await
}

async fn taken(conn: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(TAKEN)
        .persistent(false)
        .fetch_optional(conn)
        .await
}

async fn one(conn: &mut AnyConnection, what: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(what)
        .persistent(false)
        .fetch_one(conn)
        .await
}

async fn apply(conn: &mut AnyConnection, migration: &Migration) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(MADE).execute(&mut *conn).await?;
    sqlx::raw_sql(migration.sql.clone())
        .execute(&mut *conn)
        .await?;
    sqlx::query(APPLY)
        .bind(migration.version)
        .bind(migration.description.as_ref())
        .bind(migration.checksum.as_ref())
        .persistent(false)
        .execute(conn)
        .await?;
    Ok(())
}
