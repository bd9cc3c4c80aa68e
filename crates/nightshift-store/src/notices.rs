//! What moves say to the conversation a task came from, and how any message is queued.

use nightshift_core::chat::Conversation;
use nightshift_core::id::{MessageKey, TaskId};
use nightshift_core::notice::{Notice, TaskNotice};
use nightshift_core::port::store::{Outgoing, Whisper};
use nightshift_core::time::Timestamp;
use serde_json::json;

use crate::error::Result;
use crate::moves::TaskRow;
use crate::outbox::turn;
use crate::transaction::Tx;
use crate::{conversations, events, row, sql};

/// A planning card is shown only when the plan takes longer than this.
const SHOW_PLANNING_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// Queues the messages of a move. A task without an origin has nobody to tell.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    before: &TaskRow,
    after: &TaskRow,
    notices: &[TaskNotice],
) -> Result<()> {
    let task = &after.id;
    if notices.contains(&TaskNotice::GivenUp) {
        given_up(tx, task).await?;
    }
    let Some(conversation) = after.conversation else {
        return Ok(());
    };
    let fence = before.running_fence().0;
    let now = tx.now;
    for notice in notices {
        match notice {
            // A move that starts the next plan speaks of the card of the plan before.
            TaskNotice::Card | TaskNotice::SupersededCard => {
                card(tx, conversation, task, before.plan_no, now).await?;
            }
            TaskNotice::PlanningCard => {
                let show_at = now.after(SHOW_PLANNING_AFTER);
                card(tx, conversation, task, after.plan_no, show_at).await?;
            }
            TaskNotice::Final => {
                let task = task.clone();
                post(tx, conversation, &Notice::Final { task, fence }).await?;
            }
            TaskNotice::LostAttempt => {
                let task = task.clone();
                post(tx, conversation, &Notice::LostAttempt { task, fence }).await?;
            }
            // Said above: its place is not the task's.
            TaskNotice::GivenUp => {}
        }
    }
    Ok(())
}

/// Tells the operators, where the configuration says they are when it is sent.
pub(crate) async fn given_up(tx: &mut Tx<'_>, task: &TaskId) -> Result<()> {
    let operators = conversations::shared(tx, &Conversation::operators()).await?;
    let task = task.clone();
    post(tx, operators, &Notice::GivenUp { task }).await
}

/// Brings a card up to date: a revision that waits already will render the newest row.
pub(crate) async fn card(
    tx: &mut Tx<'_>,
    conversation: i64,
    task: &TaskId,
    plan_no: u32,
    show_at: Timestamp,
) -> Result<()> {
    let key = card_key(task, plan_no);
    if touch(tx, &key, show_at).await? {
        return Ok(());
    }
    let task = task.clone();
    let notice = Notice::TaskCard { task, plan_no };
    insert(tx, conversation, &notice, Some(&key), None, show_at).await
}

/// Whether a revision of the card waited. The change of a card that is there already goes behind
/// what was queued since: an answer does not wait for it.
async fn touch(tx: &mut Tx<'_>, key: &MessageKey, show_at: Timestamp) -> Result<bool> {
    let row = sqlx::query(sql::outbox::PENDING_CARD)
        .bind(key.as_str())
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else {
        return Ok(false);
    };
    let row = row::Columns::of(&row, "outbox");
    let (id, conversation) = (row.int("outbox_id")?, row.int("conversation_id")?);
    sqlx::query(sql::outbox::TOUCH_CARD)
        .bind(id)
        .bind(show_at.millis())
        .execute(tx.conn())
        .await?;
    let is_there = row.maybe_text("remote_id")?.is_some();
    let lane = row.maybe_int("lane_id")?;
    if is_there && row.int("seq")? < row.int("next_seq")? {
        if lane.is_some() {
            turn::unseat(tx, conversation).await?;
        }
        let seq = conversations::next_seq(tx, conversation).await?;
        sqlx::query(sql::outbox::TO_THE_END)
            .bind(id)
            .bind(seq)
            .execute(tx.conn())
            .await?;
        turn::seat(tx, conversation).await?;
    } else if let Some(lane) = lane {
        turn::refresh(tx, lane).await?;
    }
    Ok(true)
}

pub(crate) async fn post(tx: &mut Tx<'_>, conversation: i64, notice: &Notice) -> Result<()> {
    let now = tx.now;
    insert(tx, conversation, notice, None, None, now).await
}

/// Queues messages that no move made. A task's card has one place, whatever the caller names.
pub(crate) async fn send(tx: &mut Tx<'_>, outgoing: &[Outgoing]) -> Result<()> {
    for message in outgoing {
        let now = tx.now;
        if let (Notice::TaskCard { task, plan_no }, None) = (&message.notice, &message.whisper) {
            let home = conversation_of(tx, task).await?;
            let at = match home {
                Some(id) => id,
                None => conversations::shared(tx, &message.to).await?,
            };
            card(tx, at, task, *plan_no, now).await?;
        } else {
            let at = conversations::shared(tx, &message.to).await?;
            insert(tx, at, &message.notice, None, message.whisper.as_ref(), now).await?;
        }
    }
    Ok(())
}

pub(crate) async fn conversation_of(tx: &mut Tx<'_>, task: &TaskId) -> Result<Option<i64>> {
    let row = sqlx::query(sql::outbox::CONVERSATION_OF_TASK)
        .bind(task.as_str())
        .fetch_optional(tx.conn())
        .await?;
    match row {
        None => Ok(None),
        Some(row) => row::Columns::of(&row, "task").maybe_int("conversation_id"),
    }
}

/// 96 random bits in 25 characters, the most that a platform's idempotency field holds (Discord).
fn new_marker(tx: &Tx<'_>) -> String {
    format!("n{}", hex::encode(&tx.entropy()[..12]))
}

pub(crate) fn card_key(task: &TaskId, plan_no: u32) -> MessageKey {
    MessageKey::new(format!("card:{task}:{plan_no}"))
}

async fn insert(
    tx: &mut Tx<'_>,
    conversation: i64,
    notice: &Notice,
    key: Option<&MessageKey>,
    whisper: Option<&Whisper>,
    next_at: Timestamp,
) -> Result<()> {
    let seq = conversations::next_seq(tx, conversation).await?;
    let task = task_of(notice);
    let marker = new_marker(tx);
    let now = tx.now.millis();
    sqlx::query(sql::outbox::ENQUEUE)
        .bind(conversation)
        .bind(seq)
        .bind(task.map(TaskId::as_str))
        .bind(key.map(MessageKey::as_str))
        .bind(row::json(notice))
        .bind(i64::from(may_carry_a_file(notice)))
        .bind(whisper.map(|w| w.person.platform.as_str()))
        .bind(whisper.map(|w| w.person.id.as_str()))
        .bind(whisper.and_then(|w| w.handle.as_deref()))
        .bind(next_at.millis())
        .bind(&*marker)
        .bind(now)
        .execute(tx.conn())
        .await?;
    turn::seat(tx, conversation).await?;
    let data = json!({ "marker": marker, "notice": word(notice) });
    events::record(tx, "message.queued", task, data).await
}

/// Long details are a file: which of both they are is known when they are sent.
fn may_carry_a_file(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::File { .. } | Notice::AnswerFile { .. } | Notice::Details { .. }
    )
}

pub(crate) fn task_of(notice: &Notice) -> Option<&TaskId> {
    match notice {
        Notice::TaskCard { task, .. }
        | Notice::Final { task, .. }
        | Notice::Part { task, .. }
        | Notice::LostAttempt { task, .. }
        | Notice::GivenUp { task }
        | Notice::ApprovalReminder { task, .. }
        | Notice::File { task, .. }
        | Notice::Details { task, .. }
        | Notice::AnswerFile { task } => Some(task),
        Notice::Say { .. } => None,
    }
}

/// The kind of message, for events: never its words.
pub(crate) fn word(notice: &Notice) -> &'static str {
    match notice {
        Notice::TaskCard { .. } => "task_card",
        Notice::Final { .. } => "final",
        Notice::Part { .. } => "part",
        Notice::LostAttempt { .. } => "lost_attempt",
        Notice::GivenUp { .. } => "given_up",
        Notice::ApprovalReminder { .. } => "approval_reminder",
        Notice::File { .. } => "file",
        Notice::Say { .. } => "say",
        Notice::Details { .. } => "details",
        Notice::AnswerFile { .. } => "answer_file",
    }
}
