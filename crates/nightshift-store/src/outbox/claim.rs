//! The claim: from each lane that is awake its first message, as far as the budgets reach.

use nightshift_core::chat::Identity;
use nightshift_core::chat::budget::{Act, Budgets};
use nightshift_core::chat::{Conversation, MessageRef};
use nightshift_core::id::Platform;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{OutboxItem, Whisper};
use nightshift_core::time::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;

use super::pace::{Call, Level, Pace, blocks};
use super::{bucket, settle, turn};
use crate::engine::connection::Conn;
use crate::error::{Error, Result};
use crate::row::Columns;
use crate::statement::query;
use crate::transaction::Tx;
use crate::{SqlStore, conversations, events, lock, replicas, sql};

/// Lanes looked at for each message that may be claimed. Each look that finds nothing puts its
/// lane off, so what is not reached now is reached by the next claim.
const LOOKS: i64 = 4;

struct Gate {
    id: i64,
    platform: Platform,
    workspace: String,
    act: Act,
    wake_at: i64,
}

impl Gate {
    fn call(&self) -> Call<'_> {
        Call {
            platform: &self.platform,
            workspace: &self.workspace,
            channel: "",
            conversation: 0,
            act: self.act,
        }
    }
}

pub(super) async fn run(
    store: &SqlStore,
    sender: &Sender,
    limit: u32,
    budgets: &Budgets,
    now: Timestamp,
) -> Result<Vec<OutboxItem>> {
    let mut awake = gates(&mut *store.engine.read().await?).await?;
    awake.retain(|gate| gate.wake_at <= now.millis() && sender.sends(&gate.platform));
    if awake.is_empty() {
        return Ok(Vec::new());
    }
    awake.sort_by_key(|gate| (gate.act, gate.wake_at));
    let mut tx = store.change("claim_outbox", now).await?;
    // Who was stopped for a while may lead no more.
    if let Some(terms) = &sender.terms {
        let work: Vec<&str> = terms.iter().map(|term| &*term.work).collect();
        if !replicas::still_leads(tx.conn(), &sender.holder, &work, now).await? {
            return Ok(Vec::new());
        }
    }
    // What was spent of a budget is read once, and written in the end.
    lock::named(tx.conn(), super::BUDGETS).await?;
    let mut claim = Claim {
        sender: &sender.holder,
        pace: Pace::load(&mut tx, budgets).await?,
        items: Vec::new(),
        left: i64::from(limit),
        looks: i64::from(limit) * LOOKS,
    };
    for gate in &awake {
        claim.pass(&mut tx, gate).await?;
    }
    claim.pace.store(&mut tx).await?;
    tx.commit().await?;
    Ok(claim.items)
}

async fn gates(conn: &mut Conn) -> Result<Vec<Gate>> {
    let rows = query(sql::send::GATES).fetch_all(conn).await?;
    let mut gates = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Columns::of(row, "send_gate");
        let Some(wake_at) = row.maybe_int("wake_at")? else {
            continue;
        };
        gates.push(Gate {
            id: row.int("gate_id")?,
            platform: Platform::new(row.text("platform")?),
            workspace: row.text("workspace")?,
            act: row.word("act", Act::from_word)?,
            wake_at,
        });
    }
    Ok(gates)
}

struct Claim<'b> {
    sender: &'b str,
    pace: Pace<'b>,
    items: Vec<OutboxItem>,
    left: i64,
    looks: i64,
}

impl Claim<'_> {
    /// Takes what the gate allows, from each of its lanes in turn.
    async fn pass(&mut self, tx: &mut Tx<'_>, gate: &Gate) -> Result<()> {
        loop {
            let room = self.pace.room(tx, &gate.call()).await?;
            let most = room.min(self.left).min(self.looks);
            if most <= 0 {
                return Ok(());
            }
            let heads = query(sql::send::HEADS)
                .bind(gate.id)
                .bind(tx.now.millis())
                .bind(most)
                .fetch_all(tx.conn())
                .await?;
            if heads.is_empty() {
                return Ok(());
            }
            for head in &heads {
                self.looks -= 1;
                self.look(tx, gate, head).await?;
            }
        }
    }

    /// Claims the lane's next message, or puts off the lane or the message: what was looked at is
    /// not found again at this time without having gone.
    async fn look(&mut self, tx: &mut Tx<'_>, gate: &Gate, head: &AnyRow) -> Result<()> {
        let row = Columns::of(head, "outbox");
        let lane = row.int("lane_id")?;
        let now = tx.now.millis();
        let Some(id) = row.maybe_int("outbox_id")? else {
            return turn::refresh(tx, lane).await;
        };
        let channel = row.text("lane_channel")?;
        let call = Call {
            channel: &channel,
            conversation: row.int("conversation_id")?,
            ..gate.call()
        };
        let open_at = self.pace.ready_at(tx, &call, Level::Lane).await?;
        if open_at > now {
            return turn::hold(tx, lane, open_at).await;
        }
        let find = finds(&row, call)?;
        let due = self.due(tx, &row, &call, find.as_ref()).await?;
        if due > now {
            query(sql::send::DEFER)
                .bind(id)
                .bind(due)
                .execute(tx.conn())
                .await?;
            return turn::refresh(tx, lane).await;
        }
        match read(head) {
            Ok(item) => self.take(tx, &call, find.as_ref(), item).await?,
            // One that nobody can read must not hold up all others.
            Err(error) => set_aside(tx, id, call.conversation, &error).await?,
        }
        let next = self.pace.ready_at(tx, &call, Level::Lane).await?;
        turn::hold(tx, lane, next.max(now)).await
    }

    /// When this one message may go, its lane being open.
    async fn due(
        &mut self,
        tx: &mut Tx<'_>,
        row: &Columns<'_>,
        call: &Call<'_>,
        find: Option<&Call<'_>>,
    ) -> Result<i64> {
        let own = self.pace.ready_at(tx, call, Level::Message).await?;
        let found = match find {
            Some(find) => self.pace.allowed_at(tx, find).await?,
            None => 0,
        };
        Ok(row.int("due_at")?.max(own).max(found))
    }

    async fn take(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call<'_>,
        find: Option<&Call<'_>>,
        item: OutboxItem,
    ) -> Result<()> {
        let taken = query(sql::send::SENDING)
            .bind(item.id)
            .bind(self.sender)
            .execute(tx.conn())
            .await?;
        // Changed since it was looked at: it will be looked at again.
        if taken.rows_affected() == 0 {
            return Ok(());
        }
        self.pace.spend(tx, call, item.id).await?;
        if let Some(find) = find {
            self.pace.spend(tx, find, item.id).await?;
        }
        self.left -= 1;
        self.items.push(OutboxItem {
            sender: self.sender.to_owned(),
            ..item
        });
        Ok(())
    }
}

/// A post in doubt is looked for first.
fn finds<'a>(row: &Columns<'_>, call: Call<'a>) -> Result<Option<Call<'a>>> {
    let looks = call.act == Act::Post && row.flag("unsure")?;
    Ok(looks.then_some(Call {
        act: Act::Find,
        ..call
    }))
}

async fn set_aside(tx: &mut Tx<'_>, id: i64, conversation: i64, error: &Error) -> Result<()> {
    tracing::error!(message.id = id, %error, "A message cannot be read; it is set aside.");
    let why = "what was stored of it cannot be read";
    settle(tx, id, "dead", Some(why)).await?;
    turn::seat(tx, conversation).await?;
    events::record(tx, "message.failed", None, &json!({ "error": why }));
    Ok(())
}

fn read(row: &AnyRow) -> Result<OutboxItem> {
    let row = Columns::of(row, "outbox");
    let message = match (
        row.maybe_text("sent_channel")?,
        row.maybe_text("remote_id")?,
    ) {
        (Some(channel), Some(id)) => Some(MessageRef { channel, id }),
        _ => None,
    };
    let whisper = account(&row, "whisper_platform", "whisper_to")?;
    let handle = row.maybe_text("whisper_handle")?;
    let to: Conversation = conversations::read(&row)?;
    Ok(OutboxItem {
        id: row.int("outbox_id")?,
        sender: String::new(),
        to,
        notice: row.json("notice")?,
        whisper: whisper.map(|person| Whisper { person, handle }),
        message,
        marker: row.text("marker")?,
        unsure: row.flag("unsure")?,
        attempt: row.count("attempt")?,
        asker: account(&row, "asker_platform", "asker_id")?,
        queued_at: row.time("queued_at")?,
    })
}

fn account(
    row: &Columns<'_>,
    platform: &'static str,
    id: &'static str,
) -> Result<Option<Identity>> {
    Ok(match (row.maybe_text(platform)?, row.maybe_text(id)?) {
        (Some(platform), Some(id)) => Some(Identity {
            platform: Platform::new(platform),
            id,
        }),
        _ => None,
    })
}

/// The earliest time at which a gate lets something through, by what is stored.
pub(super) async fn next_due(
    store: &SqlStore,
    sender: &Sender,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let mut snapshot = store.engine.snapshot().await?;
    let mut gates = gates(&mut snapshot).await?;
    gates.retain(|gate| sender.sends(&gate.platform));
    let blocks = blocks(&mut snapshot, now.millis()).await?;
    let rows = query(sql::send::WIDE_BUCKETS)
        .bind(now.millis())
        .fetch_all(&mut snapshot)
        .await?;
    let mut due: Option<i64> = None;
    for gate in &gates {
        let mut at = gate.wake_at;
        for block in &blocks {
            if block.shuts(&gate.platform, &gate.workspace, gate.act) {
                at = at.max(block.until);
            }
        }
        for row in &rows {
            at = at.max(emptied(&Columns::of(row, "send_bucket"), gate)?);
        }
        due = Some(due.map_or(at, |due| due.min(at)));
    }
    Ok(due.map(Timestamp::from_millis))
}

/// When the bucket has a token for this gate; 0 where it does not count it.
fn emptied(row: &Columns<'_>, gate: &Gate) -> Result<i64> {
    let workspace = row.text("workspace")?;
    let counts = row.text("platform")? == gate.platform.as_str()
        && (workspace.is_empty() || workspace == gate.workspace)
        && row
            .text("acts")?
            .contains(&format!(",{},", gate.act.word()));
    if !counts {
        return Ok(0);
    }
    Ok(bucket::ready_at(
        row.int("full_at")?,
        row.int("every_ms")?,
        row.int("burst")?,
    ))
}
