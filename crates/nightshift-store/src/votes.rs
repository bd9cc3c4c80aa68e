//! Votes: one per person and request, and exactly one of them decides.

use nightshift_core::approval::{Decision, RequestState};
use nightshift_core::id::{RequestId, UserId};
use nightshift_core::port::store::{VoteCast, VoteOutcome};
use nightshift_core::task::{TaskEvent, TaskState};
use nightshift_core::time::Timestamp;
use serde_json::json;

use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::moves::{self, TaskRow};
use crate::row::Columns;
use crate::statement::{query, scalar};
use crate::transaction::{Settling, Tx};
use crate::{events, sql, views};

/// The question about the current plan, as it stands.
struct Asked {
    id: RequestId,
    state: RequestState,
    need: i64,
    expires_at: Timestamp,
}

/// What a vote came to, before the answer is read from the row.
enum Count {
    Granted,
    Rejected,
    More,
    Already,
    Decided,
    Stale,
    WrongState,
}

pub(crate) async fn cast(mut tx: Tx<'_>, vote: &VoteCast) -> Result<VoteOutcome> {
    tx.act_as(&vote.permit);
    if tx.settle().await? == Settling::Before {
        return Ok(VoteOutcome::Settled);
    }
    let Some(row) = TaskRow::load(&mut tx, &vote.task).await? else {
        return Ok(VoteOutcome::NotFound);
    };
    let count = count(&mut tx, vote, &row).await?;
    let view = views::present(&mut tx, &vote.task).await?;
    match count {
        Count::More | Count::Granted | Count::Rejected => tx.commit().await?,
        // What changed nothing rolls back, and its delivery stays open for the answer.
        Count::Already | Count::Decided | Count::Stale | Count::WrongState => tx.undo().await,
    }
    Ok(match count {
        Count::Already => VoteOutcome::AlreadyCounted(view),
        Count::Decided => VoteOutcome::Decided(view),
        Count::Stale => VoteOutcome::Stale(view),
        Count::WrongState => VoteOutcome::WrongState(view),
        Count::More => VoteOutcome::Counted(view),
        Count::Granted => VoteOutcome::Granted(view),
        Count::Rejected => VoteOutcome::Rejected(view),
    })
}

async fn count(tx: &mut Tx<'_>, vote: &VoteCast, row: &TaskRow) -> Result<Count> {
    if is_stale(vote, row) {
        return Ok(Count::Stale);
    }
    let who = vote.permit.actor().id();
    let Some(asked) = asked(tx, row).await? else {
        return Ok(Count::WrongState);
    };
    let TaskState::Staged { request } = &row.state else {
        return late(tx, &asked, &who).await;
    };
    if *request != asked.id || asked.state != RequestState::Open {
        return Err(Error::Raced(format!("request {request}")));
    }
    if asked.expires_at <= tx.now {
        return Ok(Count::Decided);
    }
    if !insert(tx, &asked.id, &who, vote.decision).await? {
        return Ok(Count::Already);
    }
    record(tx, vote, &asked.id, &who);
    decide(tx, vote, row, &asked, who).await
}

/// The vote names another plan than the current one.
fn is_stale(vote: &VoteCast, row: &TaskRow) -> bool {
    let other_no = vote.plan_no.is_some_and(|seen| seen != row.plan_no);
    let other_hash = vote
        .plan_hash
        .as_ref()
        .is_some_and(|seen| row.plan_hash.as_deref() != Some(seen.as_str()));
    other_no || other_hash
}

async fn asked(tx: &mut Tx<'_>, row: &TaskRow) -> Result<Option<Asked>> {
    let found = query(sql::approval::REQUEST)
        .bind(row.id.as_str())
        .bind(i64::from(row.plan_no))
        .fetch_optional(tx.conn())
        .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let found = Columns::of(&found, "approval_request");
    Ok(Some(Asked {
        id: RequestId::new(found.text("request_id")?),
        state: found.word("state", RequestState::from_name)?,
        need: found.int("need")?,
        expires_at: found.time("expires_at")?,
    }))
}

/// The question is no longer open: a second click of the same person, or too late.
async fn late(tx: &mut Tx<'_>, asked: &Asked, who: &UserId) -> Result<Count> {
    let voted: i64 = scalar(sql::approval::HAS_VOTED)
        .bind(asked.id.as_str())
        .bind(who.as_str())
        .fetch_one(tx.conn())
        .await?;
    Ok(match asked.state {
        _ if voted > 0 => Count::Already,
        RequestState::Granted | RequestState::Denied | RequestState::Expired => Count::Decided,
        RequestState::Open | RequestState::Superseded => Count::WrongState,
    })
}

async fn insert(
    tx: &mut Tx<'_>,
    request: &RequestId,
    who: &UserId,
    decision: Decision,
) -> Result<bool> {
    let now = tx.now.millis();
    let voted = query(sql::approval::VOTE)
        .bind(request.as_str())
        .bind(who.as_str())
        .bind(decision.name())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(voted.rows_affected() == 1)
}

fn record(tx: &mut Tx<'_>, vote: &VoteCast, request: &RequestId, who: &UserId) {
    let data = json!({ "request_id": request, "user": who, "decision": vote.decision });
    events::record(tx, "approval.voted", Some(&vote.task), &data);
    let entry = Entry {
        who: who.as_str(),
        action: vote.decision.name(),
        outcome: "counted",
        why: vote.why.as_deref(),
        task: Some(&vote.task),
    };
    audit::write(tx, &entry);
}

/// One rejection is enough; approvals must be as many as the request needs.
async fn decide(
    tx: &mut Tx<'_>,
    vote: &VoteCast,
    row: &TaskRow,
    asked: &Asked,
    who: UserId,
) -> Result<Count> {
    let request = asked.id.clone();
    let (event, count) = match vote.decision {
        Decision::Reject => (TaskEvent::Rejected { request, by: who }, Count::Rejected),
        Decision::Approve => {
            let approvals: i64 = scalar(sql::approval::APPROVALS)
                .bind(request.as_str())
                .fetch_one(tx.conn())
                .await?;
            if approvals < asked.need {
                return Ok(Count::More);
            }
            (TaskEvent::Granted { request }, Count::Granted)
        }
    };
    let why = vote
        .why
        .clone()
        .filter(|_| vote.decision == Decision::Reject);
    let adjust = |next: &mut TaskRow| next.detail = why;
    match moves::apply(tx, row, &event, adjust).await? {
        Ok(_) => Ok(count),
        Err(_) => Ok(Count::WrongState),
    }
}
