//! Hints between replicas: one notification for all that was told in 20 ms, outside every
//! transaction of ours.
//!
//! `NOTIFY` takes a lock of the whole cluster until its transaction has committed: inside those of
//! the intake it would make commits wait for each other. A hint that is lost costs a second: who
//! waits for one looks by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use nightshift_core::port::replicas::Hints as What;
use sqlx::postgres::PgListener;
use sqlx::{AnyPool, AssertSqlSafe};
use tokio::sync::Notify;

use super::address::Address;

const CHANNEL: &str = "nightshift";

/// Between two notifications.
const PAUSE: Duration = Duration::from_millis(20);

/// Before another try to hear.
const AGAIN: Duration = Duration::from_secs(1);

/// Silence after which the connection is asked whether it is still there: a server that vanished
/// says no word.
const SILENCE: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct Hints {
    /// Names this process: what it told itself is no news to it.
    origin: String,
    to_tell: Bell,
    heard: Bell,
}

/// Bits that add up until somebody takes them.
#[derive(Default)]
struct Bell {
    bits: AtomicU8,
    rings: Notify,
}

impl Bell {
    fn ring(&self, what: What) {
        self.bits.fetch_or(what.bits(), Ordering::AcqRel);
        self.rings.notify_one();
    }

    async fn taken(&self) -> What {
        loop {
            let bits = self.bits.swap(0, Ordering::AcqRel);
            if bits != 0 {
                return What::from_bits(bits);
            }
            self.rings.notified().await;
        }
    }
}

impl Hints {
    pub(super) fn of(origin: String) -> Self {
        Self {
            origin,
            ..Self::default()
        }
    }

    pub(crate) fn tell(&self, what: What) {
        self.to_tell.ring(what);
    }

    pub(crate) async fn heard(&self) -> What {
        self.heard.taken().await
    }

    /// Tells what there is to tell, until it is dropped.
    pub(super) async fn speak(self: Arc<Self>, pool: AnyPool) {
        loop {
            let what = self.to_tell.taken().await;
            // One message without a prepared statement, which a pooler would not find again; what is
            // in it are our own digits.
            let tell = format!("NOTIFY {CHANNEL}, '{}:{}'", self.origin, what.bits());
            let told = sqlx::raw_sql(AssertSqlSafe(tell)).execute(&pool).await;
            if let Err(error) = told {
                tracing::debug!(%error, "a hint was not told; the others look by themselves");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Hears what others tell, until it is dropped.
    pub(super) async fn listen(self: Arc<Self>, address: Arc<Address>) {
        let mut deaf = false;
        loop {
            match self.hear(&address).await {
                Ok(()) => deaf = false,
                // Told once: the loops look each second, so nothing waits long.
                Err(error) if !deaf => {
                    deaf = true;
                    tracing::warn!(%error, "Hints of the other servers are not heard; looking once a second meanwhile.");
                }
                Err(error) => tracing::debug!(%error, "hints are still not heard"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Until the connection is lost.
    async fn hear(&self, address: &Address) -> Result<(), sqlx::Error> {
        let url = address.to_hear().await?;
        let mut listener = PgListener::connect(url.as_str()).await?;
        listener.listen(CHANNEL).await?;
        // What was told while nobody listened.
        self.heard.ring(What::from_bits(u8::MAX));
        loop {
            match tokio::time::timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(told))) => self.note(told.payload()),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    let asked = sqlx::raw_sql("SELECT 1").execute(&mut listener);
                    let answered = tokio::time::timeout(ANSWER_WITHIN, asked).await;
                    answered.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
            }
        }
    }

    fn note(&self, payload: &str) {
        let Some((origin, bits)) = payload.split_once(':') else {
            return;
        };
        if origin != self.origin
            && let Ok(bits) = bits.parse()
        {
            self.heard.ring(What::from_bits(bits));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_told_itself_is_no_news_and_hints_add_up() {
        let hints = Hints::of("me".into());
        hints.note("me:1");
        hints.note("nonsense");
        hints.note("other:4");
        hints.note("other:16");
        let heard = hints.heard().await;
        assert_eq!(heard, What::ATTEMPTS.and(What::OUTBOX));
    }
}
