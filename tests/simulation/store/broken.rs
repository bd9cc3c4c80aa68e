//! A store with one rule broken: what watches over it must notice.

use std::sync::atomic::Ordering;

use nightshift_core::chat::MessageRef;
use nightshift_core::chat::budget::Budgets;
use nightshift_core::id::Fence;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Accepted, Attempts, Deliveries, Finish, FinishOutcome, MoveOutcome, NewDelivery, Outbox,
    OutboxItem, PlanRecord, StoreError, Swept, Tasks,
};
use nightshift_core::task::TaskEvent;
use nightshift_core::time::Timestamp;

use super::InTurn;

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// A delivery is acknowledged before it is durable.
    AcknowledgedEarly,
    /// A repeated delivery is not recognised.
    NoDeduplication,
    /// Plans are let through that somebody must approve.
    NoApproval,
    /// A finish counts whatever fence it shows.
    NoFence,
    /// A message is marked as sent before it is.
    SentEarly,
    /// After a crash a message in flight is sent again as if it had never left.
    NoDoubt,
    /// What is found of an earlier try is taken for the newest.
    FoundIsNew,
    /// A start forgets what the life before held.
    NoRecovery,
}

impl Break {
    pub(crate) const ALL: [Self; 8] = [
        Self::AcknowledgedEarly,
        Self::NoDeduplication,
        Self::NoApproval,
        Self::NoFence,
        Self::SentEarly,
        Self::NoDoubt,
        Self::FoundIsNew,
        Self::NoRecovery,
    ];

    /// A seed that has noticed it: tried first, because others take their time.
    pub(crate) const fn hint(self) -> u64 {
        match self {
            Self::NoFence => 9,
            Self::FoundIsNew => 30,
            _ => 1,
        }
    }
}

impl InTurn {
    fn is(&self, broken: Break) -> bool {
        self.broken == Some(broken)
    }

    pub(super) async fn accept_perhaps(
        &self,
        batch: &[NewDelivery],
    ) -> Result<Vec<Accepted>, StoreError> {
        if !self.is(Break::NoDeduplication) {
            return self.inner.accept(batch).await;
        }
        let mut batch = batch.to_vec();
        for new in &mut batch {
            let call = self.calls.fetch_add(1, Ordering::SeqCst);
            for key in &mut new.keys {
                key.push_str(&format!("-{call}"));
            }
        }
        self.inner.accept(&batch).await
    }

    pub(super) async fn record_perhaps(
        &self,
        record: &PlanRecord,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError> {
        let mut record = record.clone();
        if self.is(Break::NoApproval) {
            record.need = None;
        }
        self.inner.record_plan(&record, now).await
    }

    pub(super) async fn finish_seen(
        &self,
        ends: &[Finish],
        now: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError> {
        let mut outcomes = Vec::new();
        for finish in ends {
            outcomes.push(self.finish_one(finish, now).await?);
        }
        Ok(outcomes)
    }

    async fn finish_one(
        &self,
        finish: &Finish,
        now: Timestamp,
    ) -> Result<FinishOutcome, StoreError> {
        let mut shown = finish.clone();
        if self.is(Break::NoFence)
            && let Some(task) = self.inner.task(&finish.task).await?
        {
            shown.fence = task.fence;
            shown.event = under(finish.event.clone(), task.fence);
        }
        let outcome = self.inner.finish(&shown, now).await?;
        if matches!(outcome, FinishOutcome::Finished(_)) {
            let kind = match finish.event {
                TaskEvent::Lost { .. } => "attempt.lost",
                _ => "attempt.finished",
            };
            let key = (finish.task.clone(), finish.fence, kind);
            *self
                .endings
                .lock()
                .expect("endings")
                .entry(key)
                .or_default() += 1;
        }
        Ok(outcome)
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
            if self.is(Break::NoDoubt) {
                item.unsure = false;
            }
            if self.is(Break::SentEarly) {
                self.inner.sent(item, None, now).await?;
            }
        }
        Ok(items)
    }

    pub(super) async fn sent_perhaps(
        &self,
        item: &OutboxItem,
        message: Option<&MessageRef>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = item.clone();
        item.unsure &= !self.is(Break::FoundIsNew);
        self.inner.sent(&item, message, now).await
    }

    pub(super) async fn recover_perhaps(
        &self,
        holder: &str,
        grace: Timestamp,
        now: Timestamp,
    ) -> Result<Swept, StoreError> {
        if self.is(Break::NoRecovery) {
            return Ok(Swept::default());
        }
        self.inner.recover(holder, grace, now).await
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
