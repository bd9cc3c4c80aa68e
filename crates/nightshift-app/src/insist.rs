//! Writing down what has happened outside: it cannot be undone, so it must be recorded.

use std::time::Duration;

use nightshift_core::port::StoreError;

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(500);

/// Writes until the store has it: a full disk must not lose an outcome. The caller's place stays
/// taken meanwhile, and its lease decides if it takes too long.
pub(crate) async fn insist<T, F>(mut write: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut failures = 0_u64;
    loop {
        match write().await {
            Ok(done) => return done,
            Err(error) => {
                failures += 1;
                // Told ever more seldom.
                if failures.is_power_of_two() {
                    tracing::warn!(%error, failures, "The store does not take what has happened; trying again.");
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
