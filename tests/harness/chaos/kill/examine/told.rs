//! What people see of a task at its end.

use nightshift_fakes::slack::Message;
use serde_json::Value;

use super::super::Killed;
use super::super::load::Ends;
use super::of_kind;
use crate::process::{Server, Thread};

const DUPLICATE: &str = "sent again, may be a duplicate";

/// The conversation shows one card that is true, one final message of each end, and every loss.
pub(super) async fn told(
    thread: &Thread<'_>,
    server: &Server,
    (task, ends): (&Value, Ends),
    events: &[Value],
    total: &mut Killed,
) {
    let mut wrong = Vec::new();
    if !ends.fits(task) {
        let (status, reason) = (&task["status"], &task["reason"]);
        wrong.push(format!("it ended as {status} {reason} and not as {ends:?}"));
    }
    // The canceller sees the card; what never ran has no answer to wait for.
    if ends != Ends::Cancelled {
        thread.ends().await;
    }
    thread.shows_the_truth(server).await;
    let over = ["completed", "failed", "cancelled", "expired"];
    let over = over.map(|state| of_kind(events, &format!("task.{state}")).count());
    let (finals, cards) = (thread.finals(), thread.cards());
    if unmarked(&finals) > over.iter().sum() || cards.len() != 1 {
        wrong.push(format!("{} finals and {} cards", finals.len(), cards.len()));
    }
    // Each loss but the one that ended the task was said; a word that may be a copy says so.
    let lost = of_kind(events, "attempt.lost").count();
    let again = lost - usize::from(lost > 0 && task["status"] != "completed");
    let said = thread.saying("was lost");
    if unmarked(&said) > lost || said.len() < again {
        wrong.push(format!("{lost} losses were told {} times", said.len()));
    }
    if !wrong.is_empty() {
        total.misfits += 1;
        total.found(format!("{}: {}", thread.task, wrong.join("; ")));
    }
}

fn unmarked(messages: &[Message]) -> usize {
    let plain = messages.iter();
    plain
        .filter(|message| !message.visible().contains(DUPLICATE))
        .count()
}
