//! Ends of attempts that come at once are written in one commit: what ends while a commit is on
//! its way waits for the next one, and nothing waits for a clock.

use std::sync::{Mutex, PoisonError};

use nightshift_core::error::Retry;
use nightshift_core::port::store::{Attempts, Finish, StoreError, StoreKind};
use nightshift_core::time::Timestamp;
use tokio::sync::{Mutex as Turn, oneshot};

struct Waiting {
    finish: Finish,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// Who has the turn writes for all who wait.
#[derive(Default)]
pub(super) struct Ends {
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

impl Ends {
    /// Returns when this end is written. An error is its own, not its neighbours'.
    pub(super) async fn write<S>(
        &self,
        store: &S,
        finish: &Finish,
        now: impl Fn() -> Timestamp + Send + Sync,
    ) -> Result<(), StoreError>
    where
        S: Attempts + ?Sized,
    {
        let (answer, mut answered) = oneshot::channel();
        let finish = finish.clone();
        self.waiting().push(Waiting { finish, answer });
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

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_all<S>(store: &S, batch: Vec<Waiting>, now: Timestamp)
where
    S: Attempts + ?Sized,
{
    let (ends, answers): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .map(|one| (one.finish, one.answer))
        .unzip();
    let together = store.finish_all(&ends, now).await;
    let alone = ends.len() > 1 && together.is_err();
    let mut error = together.err();
    for (finish, answer) in ends.iter().zip(answers) {
        // One that cannot be written must not keep the others from it.
        let written = if alone {
            store.finish(finish, now).await.map(drop)
        } else {
            error.take().map_or(Ok(()), Err)
        };
        // Who is gone asks no more.
        let _ = answer.send(written);
    }
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
