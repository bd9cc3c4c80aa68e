//! What must not happen twice at once. SQLite's one writer sees to all of it; on PostgreSQL the rows
//! are locked, in this order: tasks, messages, conversations, lanes. What has no row yet has a name.

use std::collections::BTreeSet;

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::statement::{Dialect, query};
use crate::transaction::Tx;
use crate::{row, sql};

/// Until the end of the transaction nobody else has the name.
pub(crate) async fn named(conn: &mut Conn, name: &str) -> Result<()> {
    if conn.dialect() == Dialect::Postgres {
        query(sql::lock::NAME).bind(name).fetch_one(conn).await?;
    }
    Ok(())
}

/// What is written of a task, such as the number of its next event, depends on what was.
pub(crate) async fn tasks(tx: &mut Tx<'_>, tasks: BTreeSet<String>) -> Result<()> {
    if tx.conn().dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let wanted: Vec<&String> = tasks.iter().filter(|id| !tx.holds(id)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    query(sql::lock::TASKS)
        .bind(row::list(&wanted))
        .fetch_all(tx.conn())
        .await?;
    for task in tasks {
        tx.hold(task);
    }
    Ok(())
}

/// Before what waits in them changes: when a lane wakes is read off all that waits in it.
pub(crate) async fn lanes(tx: &mut Tx<'_>, lanes: &BTreeSet<i64>) -> Result<()> {
    if tx.conn().dialect() == Dialect::Postgres {
        query(sql::lock::LANES)
            .bind(row::list(lanes))
            .fetch_all(tx.conn())
            .await?;
    }
    Ok(())
}
