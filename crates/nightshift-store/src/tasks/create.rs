//! A new task, with its card and buttons.

use nightshift_core::id::{ActionToken, TaskId};
use nightshift_core::port::store::{CardVerb, Created, Idempotency, KEEP_IDEMPOTENCY, NewTask};
use serde_json::json;

use crate::error::Result;
use crate::row::{self, Columns};
use crate::statement::{query, scalar};
use crate::transaction::{Settling, Tx};
use crate::{audit, conversations, events, lock, notices, sql, views};

const FIRST_PLAN: u32 = 1;

pub(crate) async fn run(mut tx: Tx<'_>, new: &NewTask) -> Result<Created> {
    if tx.settle().await? == Settling::Before {
        return Ok(Created::Settled);
    }
    if let Some(key) = &new.idempotency {
        lock::named(tx.conn(), &format!("key {} {}", new.owner, key.key)).await?;
    }
    if let Some(key) = &new.idempotency
        && let Some(earlier) = replay(&mut tx, new, key).await?
    {
        return Ok(earlier);
    }
    let id = insert(&mut tx, new).await?;
    if let Some(key) = &new.idempotency {
        remember(&mut tx, new, key, &id).await?;
    }
    make_actions(&mut tx, &id, FIRST_PLAN);
    let mut data = json!({ "kind": new.kind.name(), "owner": new.owner, "plan_no": FIRST_PLAN });
    if let Some(delivery) = &tx.delivery {
        data["delivery"] = delivery.as_str().into();
    }
    events::record(&mut tx, "task.planning", Some(&id), &data);
    tell(&mut tx, new, &id).await?;
    audit::done(&mut tx, new.owner.as_str(), "create", "done", &id);
    let view = views::present(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(Created::New(view))
}

async fn replay(tx: &mut Tx<'_>, new: &NewTask, key: &Idempotency) -> Result<Option<Created>> {
    let since = tx.now.before(KEEP_IDEMPOTENCY);
    let row = query(sql::task::REPLAY)
        .bind(new.owner.as_str())
        .bind(&*key.key)
        .bind(since.millis())
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = Columns::of(&row, "idempotency");
    if row.text("body_hash")? != hex::encode(key.body_hash) {
        return Ok(Some(Created::KeyReused));
    }
    let id: TaskId = row.word("task_id", |text| text.parse().ok())?;
    Ok(Some(Created::Replayed(views::present(tx, &id).await?)))
}

async fn remember(tx: &mut Tx<'_>, new: &NewTask, key: &Idempotency, id: &TaskId) -> Result<()> {
    let now = tx.now.millis();
    query(sql::task::REMEMBER_KEY)
        .bind(new.owner.as_str())
        .bind(&*key.key)
        .bind(hex::encode(key.body_hash))
        .bind(id.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn insert(tx: &mut Tx<'_>, new: &NewTask) -> Result<TaskId> {
    let id = free_id(tx).await?;
    let conversation = match &new.origin {
        None => None,
        Some(at) => Some(conversations::for_task(tx, at).await?),
    };
    let now = tx.now.millis();
    query(sql::task::CREATE)
        .bind(id.as_str())
        .bind(new.kind.name())
        .bind(new.owner.as_str())
        .bind(conversation)
        .bind(new.asker.as_ref().map(|asker| asker.platform.as_str()))
        .bind(new.asker.as_ref().map(|asker| asker.id.as_str()))
        .bind(now)
        .execute(tx.conn())
        .await?;
    tx.hold(id.as_str());
    query(sql::task::CREATE_TEXT)
        .bind(id.as_str())
        .bind(&*new.description)
        .bind(row::json(&new.wishes))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Ids are short enough to be typed, so a new one may be taken.
async fn free_id(tx: &mut Tx<'_>) -> Result<TaskId> {
    loop {
        let id = TaskId::from_entropy(tx.entropy());
        let taken: i64 = scalar(sql::task::EXISTS)
            .bind(id.as_str())
            .fetch_one(tx.conn())
            .await?;
        if taken == 0 {
            return Ok(id);
        }
    }
}

async fn tell(tx: &mut Tx<'_>, new: &NewTask, id: &TaskId) -> Result<()> {
    if let Some(at) = notices::conversation_of(tx, id).await? {
        notices::card(tx, at, id, FIRST_PLAN, new.show_planning_at);
    }
    Ok(())
}

/// Each plan has buttons of its own, so that a click says which plan it means.
pub(crate) fn make_actions(tx: &mut Tx<'_>, task: &TaskId, plan_no: u32) {
    for verb in CardVerb::ALL {
        let token = ActionToken::from_entropy(tx.entropy());
        tx.collected.action(token, task, plan_no, verb);
    }
}
