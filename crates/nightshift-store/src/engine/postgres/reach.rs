//! A server that is away or hangs: nobody waits long for it, and whoever asks while it is known to
//! be away is answered at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AnyConnection, AnyPool, Connection};

use super::explain;
use crate::error::{Error, Result};

/// Longer than the server itself waits for a lock: what takes longer hangs, or its machine is gone
/// without a word.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// While it is away, one in this time asks; all others are told so.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A server that began something for somebody so lately is there.
const SERVES: Duration = Duration::from_secs(2);

/// A connection that does not answer then is closed.
const PING_WITHIN: Duration = Duration::from_secs(2);

/// What is known of the server's being there.
#[derive(Default)]
pub(crate) struct Reach {
    away: Mutex<Option<Instant>>,
    /// When it was there last.
    there: Mutex<Option<Instant>>,
    /// Something was not answered: connections are asked before they are used again.
    doubtful: AtomicBool,
}

impl Reach {
    /// An error while the server is known to be away; now and then somebody must try.
    pub(super) fn check(&self) -> Result<()> {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match *away {
            Some(since) if since.elapsed() < ASK_AGAIN => Err(Error::Away),
            Some(_) => {
                *away = Some(Instant::now());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Looks at why no connection could be had. That all are in use is no sign of anything, nor is a
    /// slow login while others are served.
    pub(super) fn note(&self, pool: &AnyPool, error: &sqlx::Error) {
        let most = pool.options().get_max_connections();
        let there = *self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let serves = there.is_some_and(|there| there.elapsed() < SERVES);
        let unreachable = match error {
            sqlx::Error::PoolTimedOut => pool.size() < most && !serves,
            other => explain::is_lost(other),
        };
        if unreachable {
            let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
            away.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn found(&self) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        *away = None;
        *self.there.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Something was not answered in time.
    pub(crate) fn doubt(&self) {
        self.doubtful.store(true, Ordering::Release);
    }

    /// Before a connection goes back: one that was left in the middle of an answer would be waited
    /// for, without end where the server hangs.
    pub(super) async fn still_answers(&self, conn: &mut AnyConnection) -> sqlx::Result<bool> {
        if !self.doubtful.load(Ordering::Acquire) {
            return Ok(true);
        }
        match tokio::time::timeout(PING_WITHIN, conn.ping()).await {
            Ok(answered) => {
                answered?;
                self.doubtful.store(false, Ordering::Release);
                Ok(true)
            }
            Err(_) => Err(unanswered()),
        }
    }
}

/// Waits for an answer as long as one may take.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let answered = tokio::time::timeout(limit, answer).await;
    answered.unwrap_or_else(|_| Err(unanswered()))
}

fn unanswered() -> sqlx::Error {
    let why = "it does not answer";
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
}

/// Whether it is [`within`] that gave up.
pub(crate) fn is_unanswered(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_it_is_away_one_asks_and_the_others_are_told() {
        let reach = Reach::default();
        assert!(reach.check().is_ok());
        *reach.away.lock().unwrap() = Some(Instant::now());
        assert!(matches!(reach.check(), Err(Error::Away)));
        *reach.away.lock().unwrap() = Instant::now().checked_sub(ASK_AGAIN);
        assert!(reach.check().is_ok());
        assert!(matches!(reach.check(), Err(Error::Away)));
        reach.found();
        assert!(reach.check().is_ok());
    }
}
