//! Whose turn it is: the first open message of each conversation waits in a lane, the others wait
//! for it.
//!
//! A lane is a channel and an act, a gate all lanes of a workspace and an act. What is busy or
//! blocked is skipped as a whole, so that claiming costs the same however much waits. A sender that
//! owns some workspaces only would look at their gates only.

use std::collections::{BTreeMap, BTreeSet};

use nightshift_core::chat::budget::Act;
use nightshift_core::time::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::queue;
use crate::error::Result;
use crate::row::{self, Columns};
use crate::statement::{query, run, scalar};
use crate::transaction::Tx;
use crate::{lock, sql};

/// Gives the conversation's first open message its place, after anything of the conversation was
/// queued, settled or moved.
pub(crate) async fn seat(tx: &mut Tx<'_>, conversation: i64) -> Result<()> {
    queue::flush(tx).await?;
    seat_all(tx, &[conversation].into(), BTreeSet::new()).await
}

/// What gets a place.
#[derive(Serialize)]
struct Seat {
    id: i64,
    lane: i64,
    due: i64,
}

/// The first open message of a conversation, which has no place yet.
struct First {
    id: i64,
    due: i64,
    lane: Lane,
}

/// What waits for the same channel and act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Lane {
    platform: String,
    workspace: String,
    act: &'static str,
    channel: String,
}

/// The same for several conversations; what waits in `lanes` has changed as well.
pub(super) async fn seat_all(
    tx: &mut Tx<'_>,
    conversations: &BTreeSet<i64>,
    mut lanes: BTreeSet<i64>,
) -> Result<()> {
    let (mut left, mut firsts) = (Vec::new(), Vec::new());
    for row in first_open(tx, conversations).await? {
        let row = Columns::of(&row, "conversation");
        if row.maybe_int("due_at")?.is_some() {
            continue;
        }
        if let Some(seated) = row.maybe_int("seated")? {
            left.push(seated);
            lanes.insert(row.int("seated_lane")?);
        }
        if row.maybe_text("state")?.as_deref() == Some("pending") {
            firsts.push(first(&row, tx.now)?);
        }
    }
    let mut known = known_lanes(tx, &firsts).await?;
    let mut seats = Vec::with_capacity(firsts.len());
    for First { id, due, lane } in firsts {
        let lane = match known.get(&lane) {
            Some(lane) => *lane,
            None => open(tx, &mut known, lane).await?,
        };
        lanes.insert(lane);
        seats.push(Seat { id, lane, due });
    }
    if lanes.is_empty() {
        return Ok(());
    }
    lock::lanes(tx, &lanes).await?;
    run(&sql::send::SEAT_ALL)
        .batch(row::list(&left))
        .batch(row::list(&seats))
        .batch(row::list(&lanes))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn first_open(tx: &mut Tx<'_>, conversations: &BTreeSet<i64>) -> Result<Vec<AnyRow>> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let rows = query(sql::send::FIRST_OPEN)
        .bind(row::list(conversations))
        .fetch_all(tx.conn())
        .await?;
    Ok(rows)
}

fn first(row: &Columns<'_>, now: Timestamp) -> Result<First> {
    Ok(First {
        id: row.int("outbox_id")?,
        // Behind those that wait already: conversations take turns.
        due: row.int("next_at")?.max(now.millis()),
        lane: Lane {
            platform: row.text("platform")?,
            workspace: row.text("workspace")?,
            act: act(row)?.word(),
            channel: row.text("channel")?,
        },
    })
}

/// Takes the conversation's place away, for a change of what is first in it.
pub(crate) async fn unseat(tx: &mut Tx<'_>, conversation: i64) -> Result<()> {
    let row = query(sql::send::SEATED)
        .bind(conversation)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let seated = Columns::of(&row, "outbox");
    let lane = seated.int("lane_id")?;
    lock::lanes(tx, &[lane].into()).await?;
    query(sql::send::UNSEAT)
        .bind(seated.int("outbox_id")?)
        .execute(tx.conn())
        .await?;
    refresh(tx, lane).await
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

async fn known_lanes(tx: &mut Tx<'_>, firsts: &[First]) -> Result<BTreeMap<Lane, i64>> {
    if firsts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted: BTreeSet<&Lane> = firsts.iter().map(|first| &first.lane).collect();
    let rows = query(sql::send::FIND_LANES)
        .bind(row::list(&wanted))
        .fetch_all(tx.conn())
        .await?;
    rows.iter()
        .map(|row| {
            let row = Columns::of(row, "send_lane");
            let lane = Lane {
                platform: row.text("platform")?,
                workspace: row.text("workspace")?,
                act: row.word("act", Act::from_word)?.word(),
                channel: row.text("channel")?,
            };
            Ok((lane, row.int("lane_id")?))
        })
        .collect()
}

async fn open(tx: &mut Tx<'_>, known: &mut BTreeMap<Lane, i64>, lane: Lane) -> Result<i64> {
    query(sql::send::OPEN_GATE)
        .bind(&*lane.platform)
        .bind(&*lane.workspace)
        .bind(lane.act)
        .execute(tx.conn())
        .await?;
    let id = scalar(sql::send::OPEN_LANE)
        .bind(&*lane.platform)
        .bind(&*lane.workspace)
        .bind(lane.act)
        .bind(&*lane.channel)
        .fetch_one(tx.conn())
        .await?;
    known.insert(lane, id);
    Ok(id)
}

pub(crate) async fn refresh(tx: &mut Tx<'_>, lane: i64) -> Result<()> {
    query(sql::send::REFRESH_LANE)
        .bind(lane)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The channel allows nothing before `open_at`.
pub(super) async fn hold(tx: &mut Tx<'_>, lane: i64, open_at: i64) -> Result<()> {
    query(sql::send::HOLD_LANE)
        .bind(lane)
        .bind(open_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}
