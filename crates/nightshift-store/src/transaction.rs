//! One change in progress: the connection, the time, who caused it, and new identifiers.

mod collected;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use nightshift_core::authorise::Permit;
use nightshift_core::backoff::Backoff;
use nightshift_core::id::{DeliveryId, Entropy, UserId};
use nightshift_core::port::clock::Ids;
use nightshift_core::port::store::Cause;
use nightshift_core::time::Timestamp;

use crate::engine::connection::Conn;
use crate::engine::turns::Rank;
use crate::engine::write::Write;
use crate::error::Result;
use crate::low_water::LowWater;
use crate::outbox::queue;
use crate::statement::query;
use crate::{SqlStore, lock, sql};

pub(crate) use collected::{AuditRow, Collected, Lease, Place};

/// A writing transaction. Dropped before [`Tx::commit`], nothing of it happened.
///
/// What is [`Collected`] is written by [`Tx::flush`], at the latest before the commit. Who reads
/// some of it back flushes first.
pub(crate) struct Tx<'s> {
    inner: Write<'s>,
    pub(crate) collected: Collected,
    /// Tasks whose rows nobody else can change meanwhile.
    held: BTreeSet<String>,
    ids: &'s dyn Ids,
    pub(crate) backoff: Backoff,
    newest: &'s AtomicI64,
    /// Where dead rows stay in the way.
    pub(crate) low_water: Option<&'s LowWater>,
    pub(crate) now: Timestamp,
    pub(crate) actor: Option<UserId>,
    pub(crate) delivery: Option<DeliveryId>,
}

/// Whether the delivery behind a change may still be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settling {
    /// Settled by this transaction, or there is no delivery.
    Ours,
    /// Somebody acted on it before.
    Before,
}

impl SqlStore {
    /// A change that NightShift makes by itself. `name` is the store method's.
    pub(crate) async fn change(&self, name: &'static str, now: Timestamp) -> Result<Tx<'_>> {
        self.change_by(name, &Cause::default(), now).await
    }

    pub(crate) async fn change_by(
        &self,
        name: &'static str,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Tx<'_>> {
        self.begin(name, Rank::First, cause, now).await
    }

    /// A change that nobody waits for: it lets others go first.
    pub(crate) async fn upkeep(&self, name: &'static str, now: Timestamp) -> Result<Tx<'_>> {
        self.begin(name, Rank::Later, &Cause::default(), now).await
    }

    async fn begin(
        &self,
        name: &'static str,
        rank: Rank,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Tx<'_>> {
        Ok(Tx {
            inner: self.engine.write_as(name, rank).await?,
            collected: Collected::default(),
            held: BTreeSet::new(),
            ids: self.ids.as_ref(),
            backoff: self.backoff,
            newest: &self.newest,
            low_water: self.engine.keeps_dead_rows().then_some(&self.low_water),
            now,
            actor: cause.actor.clone(),
            delivery: cause.delivery.clone(),
        })
    }
}

impl Tx<'_> {
    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.inner
    }

    /// Who holds the permit caused this, where the cause names nobody.
    pub(crate) fn act_as(&mut self, permit: &Permit) {
        self.actor.get_or_insert_with(|| permit.actor().id());
    }

    /// `now`, but never before what was written down already: what is ordered by time stays so,
    /// whatever a caller takes for the present.
    pub(crate) fn ordered(&self) -> Timestamp {
        let now = self.now.millis();
        Timestamp::from_millis(now.max(self.newest.fetch_max(now, Ordering::AcqRel)))
    }

    pub(crate) fn entropy(&self) -> Entropy {
        self.ids.entropy()
    }

    /// The task's row was read with a lock, or is new.
    pub(crate) fn hold(&mut self, task: impl Into<String>) {
        self.held.insert(task.into());
    }

    pub(crate) fn holds(&self, task: &str) -> bool {
        self.held.contains(task)
    }

    /// Writes what was collected.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        lock::tasks(self, self.collected.tasks()).await?;
        queue::flush(self).await?;
        collected::write(self).await
    }

    /// Nothing of it happened, and what it held is free at once.
    pub(crate) async fn undo(self) {
        self.inner.undo().await;
    }

    pub(crate) async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        self.inner.commit().await
    }

    /// Settles the delivery and forgets its payload, which holds a credential for answering.
    pub(crate) async fn settle(&mut self) -> Result<Settling> {
        let Some(delivery) = self.delivery.clone() else {
            return Ok(Settling::Ours);
        };
        let settled = query(sql::delivery::SETTLE)
            .bind(delivery.as_str())
            .bind(self.now.millis())
            .execute(self.conn())
            .await?;
        Ok(if settled.rows_affected() == 1 {
            Settling::Ours
        } else {
            Settling::Before
        })
    }
}
