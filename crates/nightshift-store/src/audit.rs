//! Who did what, with which outcome.

use nightshift_core::id::TaskId;

use crate::error::Result;
use crate::sql;
use crate::transaction::Tx;

pub(crate) struct Entry<'a> {
    pub(crate) who: &'a str,
    pub(crate) action: &'a str,
    pub(crate) outcome: &'a str,
    pub(crate) why: Option<&'a str>,
    pub(crate) task: Option<&'a TaskId>,
}

pub(crate) async fn write(tx: &mut Tx<'_>, entry: Entry<'_>) -> Result<()> {
    let at = tx.now.millis();
    sqlx::query(sql::event::AUDIT)
        .bind(at)
        .bind(entry.who)
        .bind(entry.action)
        .bind(entry.outcome)
        .bind(entry.why)
        .bind(entry.task.map(TaskId::as_str))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Something that was done to a task.
pub(crate) async fn done(
    tx: &mut Tx<'_>,
    who: &str,
    action: &str,
    outcome: &str,
    task: &TaskId,
) -> Result<()> {
    let entry = Entry {
        who,
        action,
        outcome,
        why: None,
        task: Some(task),
    };
    write(tx, entry).await
}
