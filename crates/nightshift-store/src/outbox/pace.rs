//! What the platforms' budgets and blocks allow now, and what one claim spends of them.

use std::collections::BTreeMap;
use std::time::Duration;

use nightshift_core::chat::budget::{Act, Budget, Budgets, Scope};
use nightshift_core::id::Platform;
use serde_json::json;

use super::bucket::Bucket;
use crate::engine::connection::Conn;
use crate::error::Result;
use crate::row::{self, Columns};
use crate::sql;
use crate::statement::{query, scalar};
use crate::transaction::Tx;

/// How long spent tokens are kept one by one: some times the longest window of a platform.
const KEEP_SPENT: Duration = Duration::from_secs(600);

/// One call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) platform: &'a Platform,
    pub(super) workspace: &'a str,
    pub(super) channel: &'a str,
    pub(super) conversation: i64,
    pub(super) act: Act,
}

/// What a check is about: all lanes of a gate, one lane, or one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Gate,
    Lane,
    Message,
}

fn level(budget: &Budget) -> Level {
    match budget.scope {
        Scope::Platform | Scope::Workspace if budget.channels.is_empty() => Level::Gate,
        Scope::Platform | Scope::Workspace | Scope::Channel => Level::Lane,
        Scope::Conversation => Level::Message,
    }
}

/// Workspace, place and name: with the platform's budgets at hand these name a bucket.
type Key = (Platform, String, String, &'static str);

fn key(call: &Call<'_>, budget: &Budget) -> Key {
    let everywhere = match budget.channels {
        "" => String::new(),
        some => format!("{some}*"),
    };
    let (workspace, place) = match budget.scope {
        Scope::Platform => ("", everywhere),
        Scope::Workspace => (call.workspace, everywhere),
        Scope::Channel => (call.workspace, call.channel.to_owned()),
        Scope::Conversation => (call.workspace, call.conversation.to_string()),
    };
    (
        call.platform.clone(),
        workspace.to_owned(),
        place,
        budget.name,
    )
}

pub(super) struct Pace<'b> {
    budgets: &'b Budgets,
    blocks: Vec<Block>,
    buckets: BTreeMap<Key, (&'static Budget, Bucket)>,
    /// Bucket, number of the token, message.
    spent: Vec<(Key, i64, i64)>,
}

impl<'b> Pace<'b> {
    pub(super) async fn load(tx: &mut Tx<'_>, budgets: &'b Budgets) -> Result<Self> {
        let now = tx.now.millis();
        Ok(Self {
            budgets,
            blocks: blocks(tx.conn(), now).await?,
            buckets: BTreeMap::new(),
            spent: Vec::new(),
        })
    }

    /// Calls that the gate's own budgets allow at once.
    pub(super) async fn room(&mut self, tx: &mut Tx<'_>, call: &Call<'_>) -> Result<i64> {
        let now = tx.now.millis();
        if self.blocked_until(call, Level::Gate) > now {
            return Ok(0);
        }
        let mut room = i64::MAX;
        for budget in self.counting(call, Level::Gate) {
            room = room.min(self.bucket(tx, call, budget).await?.tokens(now));
        }
        Ok(room)
    }

    /// When `level` allows the call.
    pub(super) async fn ready_at(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        level: Level,
    ) -> Result<i64> {
        let mut ready = self.blocked_until(call, level);
        for budget in self.counting(call, level) {
            ready = ready.max(self.bucket(tx, call, budget).await?.ready_at());
        }
        Ok(ready)
    }

    /// The same for every level at once.
    pub(super) async fn allowed_at(&mut self, tx: &mut Tx<'_>, call: &Call<'_>) -> Result<i64> {
        let mut ready = 0;
        for level in [Level::Gate, Level::Lane, Level::Message] {
            ready = ready.max(self.ready_at(tx, call, level).await?);
        }
        Ok(ready)
    }

    /// Takes a token of every budget that counts the call.
    pub(super) async fn spend(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        message: i64,
    ) -> Result<()> {
        let now = tx.now.millis();
        for level in [Level::Gate, Level::Lane, Level::Message] {
            for budget in self.counting(call, level) {
                let bucket = self.bucket(tx, call, budget).await?;
                bucket.spend(now);
                let n = bucket.spent;
                self.spent.push((key(call, budget), n, message));
            }
        }
        Ok(())
    }

    fn counting(&self, call: &Call<'_>, at: Level) -> Vec<&'static Budget> {
        let budgets = self.budgets.of(call.platform).iter();
        budgets
            .filter(|budget| level(budget) == at && budget.counts(call.act, call.channel))
            .collect()
    }

    fn blocked_until(&self, call: &Call<'_>, level: Level) -> i64 {
        let blocks = self.blocks.iter();
        blocks
            .filter(|block| block.level() == level && block.holds(call))
            .map(|block| block.until)
            .max()
            .unwrap_or(0)
    }

    async fn bucket(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        budget: &'static Budget,
    ) -> Result<&mut Bucket> {
        let key = key(call, budget);
        if !self.buckets.contains_key(&key) {
            let bucket = load(tx, &key, budget).await?;
            self.buckets.insert(key.clone(), (budget, bucket));
        }
        let (_, bucket) = self
            .buckets
            .get_mut(&key)
            .expect("invariant: it was just put there");
        Ok(bucket)
    }

    /// Writes what was spent, and forgets what is of no more use.
    pub(super) async fn store(mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.spent.is_empty() {
            return Ok(());
        }
        for (key, (budget, bucket)) in &mut self.buckets {
            if bucket.changed {
                write(tx, key, budget, bucket).await?;
            }
        }
        let rows: Vec<serde_json::Value> = self
            .spent
            .iter()
            .map(|(key, n, message)| {
                json!({ "bucket": self.buckets[key].1.id, "n": n, "message": message })
            })
            .collect();
        let now = tx.now;
        query(sql::send::SPEND)
            .bind(row::list(&rows))
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        let old = now.before(KEEP_SPENT).millis();
        for (statement, before) in [
            (sql::send::FORGET_SPENT, old),
            (sql::send::FORGET_FULL, old),
            (sql::send::FORGET_BLOCKS, now.millis()),
        ] {
            query(statement).bind(before).execute(tx.conn()).await?;
        }
        Ok(())
    }
}

async fn load(tx: &mut Tx<'_>, key: &Key, budget: &Budget) -> Result<Bucket> {
    let (every, burst) = (budget.every_ms(), i64::from(budget.burst.max(1)));
    let (platform, workspace, place, name) = key;
    let row = query(sql::send::BUCKET)
        .bind(platform.as_str())
        .bind(&**workspace)
        .bind(&**place)
        .bind(*name)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(Bucket::full(every, burst));
    };
    let row = Columns::of(&row, "send_bucket");
    let mut bucket = Bucket {
        id: Some(row.int("bucket_id")?),
        every,
        burst,
        full_at: row.int("full_at")?,
        spent_at: row.int("spent_at")?,
        spent: row.int("spent")?,
        changed: false,
    };
    let now = tx.now.millis();
    let other_rate = (row.int("every_ms")?, row.int("burst")?) != (every, burst);
    if bucket.is_from_the_future(now) {
        (bucket.full_at, bucket.spent_at) = (now, now);
    } else if !other_rate {
        return Ok(bucket);
    }
    bucket.changed = true;
    query(sql::send::FORGET_BUCKET)
        .bind(bucket.id)
        .execute(tx.conn())
        .await?;
    Ok(bucket)
}

async fn write(tx: &mut Tx<'_>, key: &Key, budget: &Budget, bucket: &mut Bucket) -> Result<()> {
    let words: Vec<&str> = budget.acts.iter().map(|act| act.word()).collect();
    let acts = format!(",{},", words.join(","));
    let query = match bucket.id {
        Some(id) => scalar(sql::send::SET_BUCKET).bind(id),
        None => scalar(sql::send::OPEN_BUCKET)
            .bind(key.0.as_str())
            .bind(&*key.1)
            .bind(&*key.2)
            .bind(key.3),
    };
    let id: Option<i64> = query
        .bind(&*acts)
        .bind(bucket.every)
        .bind(bucket.burst)
        .bind(bucket.full_at)
        .bind(bucket.spent_at)
        .bind(bucket.spent)
        .fetch_optional(tx.conn())
        .await?;
    bucket.id = id.or(bucket.id);
    Ok(())
}

/// What a platform told us not to call.
#[derive(Debug, Clone)]
pub(super) struct Block {
    platform: Platform,
    workspace: String,
    channel: String,
    act: String,
    pub(super) until: i64,
}

impl Block {
    fn level(&self) -> Level {
        if self.channel.is_empty() {
            Level::Gate
        } else {
            Level::Lane
        }
    }

    fn holds(&self, call: &Call<'_>) -> bool {
        self.holds_gate(call.platform, call.workspace, call.act)
            && (self.channel.is_empty() || self.channel == call.channel)
    }

    fn holds_gate(&self, platform: &Platform, workspace: &str, act: Act) -> bool {
        self.platform == *platform
            && (self.workspace.is_empty() || self.workspace == workspace)
            && (self.act.is_empty() || self.act == act.word())
    }

    /// Holds everything of this act in the workspace.
    pub(super) fn shuts(&self, platform: &Platform, workspace: &str, act: Act) -> bool {
        self.level() == Level::Gate && self.holds_gate(platform, workspace, act)
    }
}

pub(super) async fn blocks(conn: &mut Conn, now: i64) -> Result<Vec<Block>> {
    let rows = query(sql::send::BLOCKS).bind(now).fetch_all(conn).await?;
    let read = |row| {
        let row = Columns::of(row, "send_block");
        Ok(Block {
            platform: Platform::new(row.text("platform")?),
            workspace: row.text("workspace")?,
            channel: row.text("channel")?,
            act: row.text("act")?,
            until: row.int("blocked_until")?,
        })
    };
    rows.iter().map(read).collect()
}
