//! What our time was: kept for the next life, so that it never goes back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nightshift_core::port::store::{ClockMark, KeptClock, Uptime};
use nightshift_core::time::Timestamp;

use crate::SqlStore;
use crate::error::Result;
use crate::sql;
use crate::statement::{query, scalar};
use crate::transaction::Tx;

/// The parts of a mark, in `meta`.
const AT: &str = "clock_at";
const BOOT: &str = "clock_boot";
const UPTIME: &str = "clock_uptime";

/// Stands for a machine whose uptime is unknown.
const NO_BOOT: i64 = 0;

pub(crate) async fn kept(store: &SqlStore) -> Result<KeptClock> {
    let mut conn = store.engine.read().await?;
    let mut parts = [None; 3];
    for (part, name) in parts.iter_mut().zip([AT, BOOT, UPTIME]) {
        *part = scalar::<i64>(sql::meta::READ)
            .bind(name)
            .fetch_optional(&mut conn)
            .await?;
    }
    let newest: Option<i64> = scalar(sql::event::NEWEST).fetch_optional(&mut conn).await?;
    // From here on no event is written with an earlier time.
    if let Some(newest) = newest {
        store.newest.fetch_max(newest, Ordering::AcqRel);
    }
    let [at, boot, uptime] = parts;
    let uptime = match (boot, uptime) {
        (Some(boot), Some(millis)) if boot != NO_BOOT => Some(Uptime {
            boot,
            since: Duration::from_millis(u64::try_from(millis).unwrap_or(0)),
        }),
        _ => None,
    };
    Ok(KeptClock {
        mark: at.map(|at| ClockMark {
            at: Timestamp::from_millis(at),
            uptime,
        }),
        newest_event: newest.map(Timestamp::from_millis),
    })
}

pub(crate) async fn keep(mut tx: Tx<'_>, mark: ClockMark) -> Result<()> {
    let kept = query(sql::meta::KEEP_NEWER)
        .bind(AT)
        .bind(mark.at.millis())
        .execute(tx.conn())
        .await?;
    if kept.rows_affected() == 0 {
        return Ok(());
    }
    let (boot, since) = match mark.uptime {
        Some(uptime) => (uptime.boot, uptime.since.as_millis() as i64),
        None => (NO_BOOT, 0),
    };
    for (name, value) in [(BOOT, boot), (UPTIME, since)] {
        query(sql::meta::KEEP)
            .bind(name)
            .bind(value)
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await
}
