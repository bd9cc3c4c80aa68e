//! What moves say to the conversation a task came from, and how any message is queued.

use nightshift_core::chat::Conversation;
use nightshift_core::id::{MessageKey, TaskId};
use nightshift_core::notice::{Notice, TaskNotice};
use nightshift_core::port::store::{Outgoing, Whisper};
use nightshift_core::time::Timestamp;

use crate::error::Result;
use crate::moves::TaskRow;
use crate::outbox::queue::Message;
use crate::statement::query;
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
                card(tx, conversation, task, before.plan_no, now);
            }
            TaskNotice::PlanningCard => {
                let show_at = now.after(SHOW_PLANNING_AFTER);
                card(tx, conversation, task, after.plan_no, show_at);
            }
            TaskNotice::Final => {
                let task = task.clone();
                post(tx, conversation, Notice::Final { task, fence });
            }
            TaskNotice::LostAttempt => {
                let task = task.clone();
                post(tx, conversation, Notice::LostAttempt { task, fence });
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
    post(tx, operators, Notice::GivenUp { task });
    Ok(())
}

/// Brings a card up to date: a revision that waits already will render the newest row.
pub(crate) fn card(
    tx: &mut Tx<'_>,
    conversation: i64,
    task: &TaskId,
    plan_no: u32,
    show_at: Timestamp,
) {
    let key = card_key(task, plan_no);
    let task = task.clone();
    let notice = Notice::TaskCard { task, plan_no };
    collect(tx, conversation, notice, Some(key), None, show_at);
}

pub(crate) fn post(tx: &mut Tx<'_>, conversation: i64, notice: Notice) {
    let now = tx.now;
    collect(tx, conversation, notice, None, None, now);
}

/// Queued with the others of the transaction, in the order of the calls.
fn collect(
    tx: &mut Tx<'_>,
    conversation: i64,
    notice: Notice,
    key: Option<MessageKey>,
    whisper: Option<Whisper>,
    next_at: Timestamp,
) {
    let told = events::reserve(tx, "message.queued", task_of(&notice));
    tx.collected.messages.push(Message {
        conversation,
        notice,
        key,
        whisper,
        next_at,
        told,
    });
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
            card(tx, at, task, *plan_no, now);
        } else {
            let at = conversations::shared(tx, &message.to).await?;
            let (notice, whisper) = (message.notice.clone(), message.whisper.clone());
            collect(tx, at, notice, None, whisper, now);
        }
    }
    Ok(())
}

pub(crate) async fn conversation_of(tx: &mut Tx<'_>, task: &TaskId) -> Result<Option<i64>> {
    let row = query(sql::outbox::CONVERSATION_OF_TASK)
        .bind(task.as_str())
        .fetch_optional(tx.conn())
        .await?;
    match row {
        None => Ok(None),
        Some(row) => row::Columns::of(&row, "task").maybe_int("conversation_id"),
    }
}

pub(crate) fn card_key(task: &TaskId, plan_no: u32) -> MessageKey {
    MessageKey::new(format!("card:{task}:{plan_no}"))
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
