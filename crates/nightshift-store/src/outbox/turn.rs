//! Whose turn it is: the first open message of each conversation waits in a lane, the others wait
//! for it.
//!
//! A lane is a channel and an act, a gate all lanes of a workspace and an act. What is busy or
//! blocked is skipped as a whole, so that claiming costs the same however much waits. A sender that
//! owns some workspaces only would look at their gates only.

use nightshift_core::chat::budget::Act;

use crate::error::Result;
use crate::row::Columns;
use crate::sql;
use crate::transaction::Tx;

/// Gives the conversation's first open message its place, after anything of the conversation was
/// queued, settled or moved.
pub(crate) async fn seat(tx: &mut Tx<'_>, conversation: i64) -> Result<()> {
    let row = sqlx::query(sql::send::FIRST_OPEN)
        .bind(conversation)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return unseat(tx, conversation).await;
    };
    let first = Columns::of(&row, "outbox");
    if first.maybe_int("due_at")?.is_some() {
        return Ok(());
    }
    unseat(tx, conversation).await?;
    if first.text("state")? != "pending" {
        return Ok(());
    }
    // Behind those that wait already: conversations take turns.
    let due = first.int("next_at")?.max(tx.now.millis());
    let lane = lane(tx, &first).await?;
    sqlx::query(sql::send::SEAT)
        .bind(first.int("outbox_id")?)
        .bind(lane)
        .bind(due)
        .execute(tx.conn())
        .await?;
    refresh(tx, lane).await
}

/// Takes the conversation's place away, for a change of what is first in it.
pub(crate) async fn unseat(tx: &mut Tx<'_>, conversation: i64) -> Result<()> {
    let row = sqlx::query(sql::send::SEATED)
        .bind(conversation)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let seated = Columns::of(&row, "outbox");
    sqlx::query(sql::send::UNSEAT)
        .bind(seated.int("outbox_id")?)
        .execute(tx.conn())
        .await?;
    refresh(tx, seated.int("lane_id")?).await
}

/// What sending it means for the platform's limits.
fn act(first: &Columns<'_>) -> Result<Act> {
    Ok(if first.maybe_text("whisper_to")?.is_some() {
        Act::Whisper
    } else if first.flag("carries_file")? {
        Act::File
    } else if first.maybe_text("remote_id")?.is_some() {
        Act::Edit
    } else {
        Act::Post
    })
}

async fn lane(tx: &mut Tx<'_>, first: &Columns<'_>) -> Result<i64> {
    let (platform, workspace) = (first.text("platform")?, first.text("workspace")?);
    let (act, channel) = (act(first)?.word(), first.text("channel")?);
    let found: Option<i64> = sqlx::query_scalar(sql::send::FIND_LANE)
        .bind(&*platform)
        .bind(&*workspace)
        .bind(act)
        .bind(&*channel)
        .fetch_optional(tx.conn())
        .await?;
    if let Some(lane) = found {
        return Ok(lane);
    }
    sqlx::query(sql::send::OPEN_GATE)
        .bind(&*platform)
        .bind(&*workspace)
        .bind(act)
        .execute(tx.conn())
        .await?;
    let lane = sqlx::query_scalar(sql::send::OPEN_LANE)
        .bind(&*platform)
        .bind(&*workspace)
        .bind(act)
        .bind(&*channel)
        .fetch_one(tx.conn())
        .await?;
    Ok(lane)
}

pub(crate) async fn refresh(tx: &mut Tx<'_>, lane: i64) -> Result<()> {
    sqlx::query(sql::send::REFRESH_LANE)
        .bind(lane)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The channel allows nothing before `open_at`.
pub(super) async fn hold(tx: &mut Tx<'_>, lane: i64, open_at: i64) -> Result<()> {
    sqlx::query(sql::send::HOLD_LANE)
        .bind(lane)
        .bind(open_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}
