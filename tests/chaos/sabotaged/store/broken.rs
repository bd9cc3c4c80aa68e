//! What a broken rule does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nightshift_core::authorise::Permit;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, Cause, Created, Finish, FinishOutcome, LeaseWord, MoveOutcome, NewDelivery, NewTask,
    OutboxItem, StoreError, VoteCast, VoteOutcome,
};
use nightshift_core::task::TaskEvent;
use nightshift_core::time::Timestamp;

use super::Faulty;
use crate::fault::Rule;

/// A vote that was answered already waits this long for its commit.
const LATE: Duration = Duration::from_millis(150);

impl Faulty {
    fn is(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    pub(super) async fn accept_perhaps(
        &self,
        batch: &[NewDelivery],
    ) -> Result<Vec<Accepted>, StoreError> {
        let mut batch = batch.to_vec();
        if self.is(Rule::NoDedup) {
            for key in batch.iter_mut().flat_map(|new| &mut new.keys) {
                let call = self.calls.fetch_add(1, Ordering::SeqCst);
                key.push_str(&format!("-{call}"));
            }
        }
        self.inner.accept(&batch).await
    }

    pub(super) async fn create_perhaps(
        &self,
        new: &NewTask,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        let mut new = new.clone();
        if self.is(Rule::NoDedup) {
            new.idempotency = None;
        }
        let cause = self.settled_perhaps(cause, now).await?;
        self.inner.create_task(&new, &cause, now).await
    }

    pub(super) async fn cancel_perhaps(
        &self,
        task: &TaskId,
        permit: &Permit,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let cause = self.settled_perhaps(cause, now).await?;
        self.inner.cancel(task, permit, &cause, now).await
    }

    /// The cause of what is done next; where the rule is broken, its delivery is settled already.
    async fn settled_perhaps(&self, cause: &Cause, now: Timestamp) -> Result<Cause, StoreError> {
        let mut cause = cause.clone();
        if self.is(Rule::SettleFirst) {
            self.inner.answer(&cause, &[], None, now).await?;
            cause.delivery = None;
        }
        Ok(cause)
    }

    pub(super) async fn vote_perhaps(
        &self,
        vote: &VoteCast,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<VoteOutcome, StoreError> {
        let task = if self.is(Rule::EarlyVote) {
            self.inner.task(&vote.task).await?
        } else {
            None
        };
        // What is refused is refused as always.
        let Some(task) = task.filter(|task| task.state.name() == "staged") else {
            return self.inner.cast_vote(vote, cause, now).await;
        };
        let (store, vote, cause) = (self.inner.clone(), vote.clone(), cause.clone());
        #[expect(clippy::disallowed_methods, reason = "the fault itself")]
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            let _ = store.cast_vote(&vote, &cause, now).await;
        });
        Ok(VoteOutcome::Granted(Box::new(task)))
    }

    pub(super) async fn claim_perhaps(
        &self,
        sender: &Sender,
        limit: u32,
        budgets: &Budgets,
        now: Timestamp,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let mut items = self.inner.claim_outbox(sender, limit, budgets, now).await?;
        for item in &mut items {
            item.unsure &= !self.is(Rule::NoDoubt);
            if self.is(Rule::SentEarly) {
                self.inner.sent(item, None, now).await?;
            }
        }
        Ok(items)
    }

    pub(super) async fn renew_perhaps(
        &self,
        holder: &str,
        held: &[(TaskId, Fence)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError> {
        let (mut words, mut renewed) = (vec![LeaseWord::Keep; held.len()], Vec::new());
        for (index, key) in held.iter().enumerate() {
            if !self.is_kept_for_ever(key) {
                renewed.push((index, key.clone()));
            }
        }
        let asked: Vec<_> = renewed.iter().map(|(_, key)| key.clone()).collect();
        let answers = self.inner.renew(holder, &asked, now, until).await?;
        for ((index, _), word) in renewed.into_iter().zip(answers) {
            words[index] = word;
        }
        Ok(words)
    }

    /// Those that go on without a lease: the first of each task.
    fn is_kept_for_ever(&self, (task, fence): &(TaskId, Fence)) -> bool {
        let mut first = self.first.lock().expect("no panic");
        self.is(Rule::KeptForEver) && first.entry(task.clone()).or_insert(*fence) == fence
    }

    pub(super) async fn finish_perhaps(
        &self,
        ends: &[Finish],
        now: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError> {
        let mut ends = ends.to_vec();
        for end in &mut ends {
            if self.is(Rule::AnyFence)
                && let Some(task) = self.inner.task(&end.task).await?
            {
                end.fence = task.fence;
                end.event = under(end.event.clone(), task.fence);
            }
        }
        self.inner.finish_all(&ends, now).await
    }
}

/// The same ending under another fence.
fn under(event: TaskEvent, fence: Fence) -> TaskEvent {
    match event {
        TaskEvent::Completed { .. } => TaskEvent::Completed { fence },
        TaskEvent::Failed { reason, .. } => TaskEvent::Failed { fence, reason },
        TaskEvent::Retryable { .. } => TaskEvent::Retryable { fence },
        TaskEvent::StopConfirmed { .. } => TaskEvent::StopConfirmed { fence },
        TaskEvent::LeaseReturned { .. } => TaskEvent::LeaseReturned { fence },
        TaskEvent::Lost { last, .. } => TaskEvent::Lost { fence, last },
        other => other,
    }
}
