//! Who did what, with which outcome.

use nightshift_core::id::TaskId;

use crate::transaction::{AuditRow, Tx};

pub(crate) struct Entry<'a> {
    pub(crate) who: &'a str,
    pub(crate) action: &'a str,
    pub(crate) outcome: &'a str,
    pub(crate) why: Option<&'a str>,
    pub(crate) task: Option<&'a TaskId>,
}

/// Collected: written with the others of the transaction, in the order of the calls.
pub(crate) fn write(tx: &mut Tx<'_>, entry: &Entry<'_>) {
    let row = AuditRow {
        at: tx.now.millis(),
        who: entry.who.to_owned(),
        action: entry.action.to_owned(),
        outcome: entry.outcome.to_owned(),
        why: entry.why.map(str::to_owned),
        task: entry.task.map(ToString::to_string),
    };
    tx.collected.audit(row);
}

/// Something that was done to a task.
pub(crate) fn done(tx: &mut Tx<'_>, who: &str, action: &str, outcome: &str, task: &TaskId) {
    let entry = Entry {
        who,
        action,
        outcome,
        why: None,
        task: Some(task),
    };
    write(tx, &entry);
}
