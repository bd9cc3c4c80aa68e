//! Up to where all events are there to be read.
//!
//! PostgreSQL gives out numbers before the commit: a reader that has seen number 6 would never see
//! number 5 of a transaction that commits later. So whoever writes events holds, from before their
//! numbers are given out until after they can be seen, a shared lock that names the number before
//! (`numbered!` in `dialect.rs`). A reader takes, in this order, the last number, the oldest lock,
//! and then the events: what is not above both is committed, or never will be.
//!
//! Foreign transactions, however long, hold up nobody.

use crate::engine::connection::Conn;
use crate::error::Result;
use crate::sql;
use crate::statement::{Dialect, scalar};

/// The last number up to which nothing can appear any more.
pub(crate) async fn read(conn: &mut Conn) -> Result<i64> {
    if conn.dialect() == Dialect::Sqlite {
        // One writer: numbers are in the order of the commits.
        return Ok(i64::MAX);
    }
    let last: i64 = scalar(sql::event::LAST_NUMBER).fetch_one(conn).await?;
    let oldest: Option<i64> = scalar(sql::event::OLDEST_MARK).fetch_one(conn).await?;
    Ok(oldest.map_or(last, |oldest| oldest.min(last)))
}
