//! Starts and ends of attempts that come at once are written in one commit: what comes while a
//! commit is on its way waits for the next one, and nothing waits for a clock.

use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use nightshift_core::error::Retry;
use nightshift_core::port::store::{
    Attempts, Finish, FinishOutcome, LeaseWord, Start, StoreError, StoreKind,
};
use nightshift_core::time::Timestamp;
use tokio::sync::{Mutex as Turn, oneshot};

/// What the store writes many of at once.
pub(super) trait Batched: Clone + Send + Sync + Sized {
    type Answer: Send;

    /// The answers are in the order of the batch.
    fn write<S>(
        store: &S,
        batch: &[Self],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send
    where
        S: Attempts + ?Sized;
}

impl Batched for Start {
    type Answer = LeaseWord;

    async fn write<S>(
        store: &S,
        batch: &[Self],
        now: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError>
    where
        S: Attempts + ?Sized,
    {
        store.start_all(batch, now).await
    }
}

impl Batched for Finish {
    type Answer = FinishOutcome;

    async fn write<S>(
        store: &S,
        batch: &[Self],
        now: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError>
    where
        S: Attempts + ?Sized,
    {
        store.finish_all(batch, now).await
    }
}

struct Waiting<W: Batched> {
    what: W,
    answer: oneshot::Sender<Result<W::Answer, StoreError>>,
}

/// Who has the turn writes for all who wait.
pub(super) struct Together<W: Batched> {
    waiting: Mutex<Vec<Waiting<W>>>,
    turn: Turn<()>,
}

impl<W: Batched> Default for Together<W> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turn: Turn::default(),
        }
    }
}

/// The two kinds.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) starts: Together<Start>,
    pub(super) ends: Together<Finish>,
}

impl<W: Batched> Together<W> {
    /// Returns when this one is written. An error is its own, not its neighbours'.
    pub(super) async fn write<S>(
        &self,
        store: &S,
        what: &W,
        now: impl Fn() -> Timestamp + Send + Sync,
    ) -> Result<W::Answer, StoreError>
    where
        S: Attempts + ?Sized,
    {
        let (answer, mut answered) = oneshot::channel();
        let what = what.clone();
        self.waiting().push(Waiting { what, answer });
        let _turn = tokio::select! {
            biased;
            written = &mut answered => return written.unwrap_or_else(|_| Err(dropped())),
            turn = self.turn.lock() => turn,
        };
        let batch = std::mem::take(&mut *self.waiting());
        if !batch.is_empty() {
            write_all(store, batch, now()).await;
        }
        answered.await.unwrap_or_else(|_| Err(dropped()))
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting<W>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_all<W, S>(store: &S, batch: Vec<Waiting<W>>, now: Timestamp)
where
    W: Batched,
    S: Attempts + ?Sized,
{
    let (batch, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|one| (one.what, one.answer)).unzip();
    match W::write(store, &batch, now).await {
        Ok(written) => {
            for (written, answer) in written.into_iter().zip(answers) {
                // Who is gone asks no more.
                let _ = answer.send(Ok(written));
            }
        }
        Err(error) => {
            let mut its_own = Some(error).filter(|_| batch.len() == 1);
            // One that cannot be written must not keep the others from it, nor waiting for it.
            let each = batch.iter().zip(answers).map(|(what, answer)| {
                let its_own = its_own.take();
                async move {
                    let written = match its_own {
                        Some(error) => Err(error),
                        None => alone(store, what, now).await,
                    };
                    let _ = answer.send(written);
                }
            });
            join_all(each).await;
        }
    }
}

async fn alone<W, S>(store: &S, what: &W, now: Timestamp) -> Result<W::Answer, StoreError>
where
    W: Batched,
    S: Attempts + ?Sized,
{
    let written = W::write(store, std::slice::from_ref(what), now).await?;
    written.into_iter().next().ok_or_else(dropped)
}

/// Who wrote for us was given up in the middle: it may be written, and is written again.
fn dropped() -> StoreError {
    StoreError {
        kind: StoreKind::Busy,
        retry: Retry::Soon,
        message: "the write was given up".to_owned(),
        source: None,
    }
}

#[cfg(test)]
mod tests;
