//! Several servers on one database: who is there, who leads, what they share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::id::{Fence, Platform, TaskId};
use nightshift_core::port::replicas::{Appeared, Files, Hints, Replica, Replicas, Seen, Term};
use nightshift_core::port::store::StoreError;
use nightshift_core::time::Timestamp;

use crate::engine::database::Database;
use crate::error::Result;
use crate::row::{self, Columns};
use crate::statement::{query, scalar};
use crate::{SqlStore, outbox, sql};

/// A server that has not been seen for so long is of no more interest.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// A server that was seen within this time tells what the time of all is.
const PRESENT: Duration = Duration::from_secs(15);

impl SqlStore {
    /// What servers on the same database need of each other; `None` where there can be only one.
    pub fn replicas(self: &Arc<Self>) -> Option<Arc<dyn Replicas>> {
        self.is_shared().then(|| self.clone() as Arc<dyn Replicas>)
    }

    /// Where result files are kept for all servers; `None` where the disk of this one is enough.
    pub fn files(self: &Arc<Self>) -> Option<Arc<dyn Files>> {
        self.is_shared().then(|| self.clone() as Arc<dyn Files>)
    }

    fn is_shared(&self) -> bool {
        matches!(self.engine, Database::Postgres(_))
    }

    async fn time(&self) -> Result<Timestamp> {
        let mut conn = self.engine.read().await?;
        let millis: i64 = scalar(sql::replicas::SERVER_TIME)
            .fetch_one(&mut conn)
            .await?;
        Ok(Timestamp::from_millis(millis))
    }

    async fn offset(&self) -> Result<Option<i64>> {
        let mut conn = self.engine.read().await?;
        let offset = scalar(sql::replicas::OFFSET)
            .bind(PRESENT.as_millis() as i64)
            .fetch_one(&mut conn)
            .await?;
        Ok(offset)
    }

    async fn is_here(&self, me: &Replica, first: bool, now: Timestamp) -> Result<Appeared> {
        let mut tx = self.engine.write("appear").await?;
        let here = if first {
            query(sql::replicas::FORGET)
                .bind(now.before(FORGOTTEN).millis())
                .execute(&mut tx)
                .await?;
            query(sql::replicas::IN_SERVICE).execute(&mut tx).await?;
            query(sql::replicas::APPEAR)
                .bind(&*me.id)
                .bind(&*me.life)
                .bind(&*me.name)
                .bind(now.millis())
        } else {
            query(sql::replicas::STILL_HERE)
                .bind(&*me.id)
                .bind(&*me.life)
                .bind(now.millis())
        };
        let here = here.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(if here.rows_affected() == 1 {
            Appeared::Here
        } else {
            Appeared::Superseded
        })
    }

    async fn those_seen(&self, since: Timestamp) -> Result<Vec<Seen>> {
        let mut conn = self.engine.read().await?;
        let rows = query(sql::replicas::SEEN)
            .bind(since.millis())
            .fetch_all(&mut conn)
            .await?;
        rows.iter()
            .map(|row| {
                let row = Columns::of(row, "replica");
                Ok(Seen {
                    replica: Replica {
                        id: row.text("replica_id")?,
                        life: row.text("life")?,
                        name: row.text("name")?,
                    },
                    started_at: row.time("started_at")?,
                    seen_at: row.time("seen_at")?,
                })
            })
            .collect()
    }

    /// Asks before it writes: who leads nothing leaves nothing behind.
    async fn leads(
        &self,
        holder: &str,
        work: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Term>> {
        let mut conn = self.engine.read().await?;
        let rows = query(sql::replicas::LEADERS).fetch_all(&mut conn).await?;
        drop(conn);
        let mut of_others = Vec::new();
        for row in &rows {
            let row = Columns::of(row, "leader");
            if row.text("holder")? != holder && row.time("until_at")? > now {
                of_others.push(row.text("work")?);
            }
        }
        let mut free: Vec<&String> = work.iter().filter(|w| !of_others.contains(w)).collect();
        if free.is_empty() {
            return Ok(Vec::new());
        }
        // In one order, so that no two wait for each other.
        free.sort_unstable();
        let mut tx = self.engine.write("lead").await?;
        let mut terms = Vec::with_capacity(free.len());
        for work in free {
            let epoch: Option<i64> = scalar(sql::replicas::LEAD)
                .bind(&**work)
                .bind(holder)
                .bind(until.millis())
                .bind(now.millis())
                .fetch_optional(&mut tx)
                .await?;
            terms.extend(epoch.map(|epoch| Term {
                work: work.clone(),
                epoch,
            }));
        }
        tx.commit().await?;
        Ok(terms)
    }

    async fn leads_nothing(&self, holder: &str) -> Result<()> {
        let mut tx = self.engine.write("step_down").await?;
        query(sql::replicas::STEP_DOWN)
            .bind(holder)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    async fn doubt(&self, platform: &Platform, holder: &str, now: Timestamp) -> Result<()> {
        let mut conn = self.engine.read().await?;
        let rows = query(sql::replicas::SENT_BY_OTHERS)
            .bind(platform.as_str())
            .bind(holder)
            .fetch_all(&mut conn)
            .await?;
        drop(conn);
        // Each for itself: whoever was sending it may come back at this moment and settle it.
        for row in &rows {
            let id = Columns::of(row, "outbox").int("outbox_id")?;
            let tx = self.change("doubt_sends", now).await?;
            outbox::doubt_one(tx, id).await?;
        }
        Ok(())
    }

    async fn value(&self, name: &str, proposal: &str) -> Result<String> {
        let mut tx = self.engine.write("shared_value").await?;
        query(sql::replicas::SHARE)
            .bind(name)
            .bind(proposal)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        let mut conn = self.engine.read().await?;
        Ok(scalar(sql::replicas::SHARED)
            .bind(name)
            .fetch_one(&mut conn)
            .await?)
    }
}

/// Whether `holder` still leads all of `work`, and goes on doing so until the transaction ends.
pub(crate) async fn still_leads(
    conn: &mut crate::engine::connection::Conn,
    holder: &str,
    work: &[&str],
    now: Timestamp,
) -> Result<bool> {
    let led: Vec<String> = scalar(sql::replicas::LED)
        .bind(holder)
        .bind(now.millis())
        .bind(row::list(&work))
        .fetch_all(conn)
        .await?;
    Ok(work.iter().all(|one| led.iter().any(|led| led == one)))
}

#[async_trait]
impl Replicas for SqlStore {
    async fn server_time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.time().await?)
    }

    async fn shared_offset(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.offset().await?)
    }

    async fn appear(
        &self,
        me: &Replica,
        first: bool,
        now: Timestamp,
    ) -> Result<Appeared, StoreError> {
        Ok(self.is_here(me, first, now).await?)
    }

    async fn seen(&self, since: Timestamp) -> Result<Vec<Seen>, StoreError> {
        Ok(self.those_seen(since).await?)
    }

    async fn lead(
        &self,
        holder: &str,
        work: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Term>, StoreError> {
        Ok(self.leads(holder, work, until, now).await?)
    }

    async fn step_down(&self, holder: &str) -> Result<(), StoreError> {
        Ok(self.leads_nothing(holder).await?)
    }

    async fn doubt_sends(
        &self,
        platform: &Platform,
        holder: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        Ok(self.doubt(platform, holder, now).await?)
    }

    async fn shared_value(&self, name: &str, proposal: &str) -> Result<String, StoreError> {
        Ok(self.value(name, proposal).await?)
    }

    fn hint(&self, what: Hints) {
        if let Database::Postgres(engine) = &self.engine {
            engine.hints.tell(what);
        }
    }

    async fn hinted(&self) -> Hints {
        match &self.engine {
            Database::Postgres(engine) => engine.hints.heard().await,
            Database::Sqlite(_) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Files for SqlStore {
    async fn keep_file(
        &self,
        task: &TaskId,
        fence: Fence,
        path: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let mut tx = self.engine.write("keep_file").await?;
        let kept = query(sql::replicas::KEEP_FILE)
            .bind(task.as_str())
            .bind(fence.0)
            .bind(path)
            .bind(offset as i64)
            .bind(bytes)
            .execute(&mut tx)
            .await;
        kept.map_err(crate::error::Error::from)?;
        Ok(tx.commit().await?)
    }

    async fn read_file(
        &self,
        task: &TaskId,
        fence: Fence,
        path: &str,
        offset: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = self.engine.read().await?;
        let row = query(sql::replicas::READ_FILE)
            .bind(task.as_str())
            .bind(fence.0)
            .bind(path)
            .bind(offset as i64)
            .fetch_optional(&mut conn)
            .await
            .map_err(crate::error::Error::from)?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(Columns::of(&row, "result_chunk").bytes("data")?))
    }
}
