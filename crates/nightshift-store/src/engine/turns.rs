//! Whose turn it is to write: one at a time, and what somebody waits for before upkeep.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How long a change may be put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Somebody waits for it: deliveries, votes, starts, finishes.
    First,
    /// Nobody notices a moment: heartbeats, logs, upkeep.
    Later,
}

/// Upkeep that waits lets so many others go before it: enough to be out of their way, and soon
/// over, for a commit takes a millisecond or some.
const LETS_PASS: u32 = 16;

/// Cheap to clone: all clones are one line.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    taken: bool,
    first: VecDeque<oneshot::Sender<Turn>>,
    later: VecDeque<oneshot::Sender<Turn>>,
    let_pass: u32,
}

/// The right to write. Dropped, it goes to the next in line.
pub(crate) struct Turn(Turns);

impl Turns {
    /// Waits for the turn; who gives up waiting holds up nobody.
    pub(crate) async fn take(&self, rank: Rank) -> Turn {
        let coming = {
            let mut line = self.line();
            if !line.taken {
                line.taken = true;
                return Turn(self.clone());
            }
            let (given, coming) = oneshot::channel();
            match rank {
                Rank::First => line.first.push_back(given),
                Rank::Later => line.later.push_back(given),
            }
            coming
        };
        coming
            .await
            .expect("invariant: the line is in every turn, and a turn goes to the next")
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let overdue = !self.later.is_empty() && self.let_pass >= LETS_PASS;
        if !overdue && let Some(next) = self.first.pop_front() {
            self.let_pass = if self.later.is_empty() {
                0
            } else {
                self.let_pass + 1
            };
            return Some(next);
        }
        self.let_pass = 0;
        self.later.pop_front()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut line = self.0.line();
            let next = line.next();
            line.taken = next.is_some();
            next
        };
        if let Some(next) = next {
            // Whoever gave up drops the turn unread, and so passes it on.
            drop(next.send(Turn(self.0.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::{join, join_all};

    use super::*;

    /// The order in which those who wait get their turn, after the one who holds it now.
    async fn order(line: &[(&'static str, Rank)]) -> Vec<&'static str> {
        let turns = Turns::default();
        let held = turns.take(Rank::First).await;
        let order = Mutex::new(Vec::new());
        let waiting = line.iter().map(|(name, rank)| async {
            let _turn = turns.take(*rank).await;
            order.lock().unwrap().push(*name);
        });
        // All stand in line before the first turn is given away.
        join(join_all(waiting), async { drop(held) }).await;
        order.into_inner().unwrap()
    }

    #[tokio::test]
    async fn what_somebody_waits_for_goes_before_upkeep() {
        let line = [
            ("heartbeat", Rank::Later),
            ("log", Rank::Later),
            ("delivery", Rank::First),
            ("vote", Rank::First),
        ];
        assert_eq!(order(&line).await, ["delivery", "vote", "heartbeat", "log"]);
    }

    #[tokio::test]
    async fn upkeep_gets_its_turn_under_endless_load() {
        let mut line = vec![("heartbeat", Rank::Later)];
        line.extend(vec![("delivery", Rank::First); 40]);
        let place = order(&line)
            .await
            .iter()
            .position(|one| *one == "heartbeat");
        assert_eq!(place, Some(LETS_PASS as usize));
    }

    #[tokio::test]
    async fn who_gives_up_waiting_holds_up_nobody() {
        let turns = Turns::default();
        let held = turns.take(Rank::First).await;
        let mut gone = Box::pin(turns.take(Rank::First));
        let mut late = Box::pin(turns.take(Rank::First));
        assert!(futures_util::poll!(&mut gone).is_pending());
        assert!(futures_util::poll!(&mut late).is_pending());
        drop(gone);
        drop(held);
        drop(late.await);
        drop(turns.take(Rank::Later).await);
    }

    #[tokio::test]
    async fn a_turn_that_nobody_came_for_goes_on() {
        let turns = Turns::default();
        let held = turns.take(Rank::First).await;
        let mut gone = Box::pin(turns.take(Rank::First));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(held);
        // Given, but not yet picked up.
        drop(gone);
        drop(turns.take(Rank::Later).await);
    }
}
