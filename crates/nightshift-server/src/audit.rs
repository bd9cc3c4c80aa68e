//! Every refusal of this door is audited, but nobody can fill the disk by being refused.

use std::sync::{Mutex, PoisonError};

use nightshift_app::App;
use nightshift_core::id::UserId;
use nightshift_core::port::store::{Cause, RefusedAct};
use nightshift_core::time::Timestamp;

/// Entries a minute for people we know. An entry is some hundred bytes.
const OF_USERS: u32 = 600;
/// Entries a minute for everybody else together.
const OF_STRANGERS: u32 = 120;
const MINUTE: i64 = 60_000;

/// The budgets of the current minute.
#[derive(Default)]
pub(crate) struct Audit {
    users: Mutex<Window>,
    strangers: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    minute: i64,
    recorded: u32,
    /// Refusals that were only counted; told by the next entry.
    counted: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Write it, and say how many were not written before it.
    Record {
        counted: u64,
    },
    /// The first beyond the budget: worth a line in the log.
    LastDrop,
    Count,
}

impl Window {
    fn admit(&mut self, now: Timestamp, budget: u32) -> Verdict {
        let minute = now.millis().div_euclid(MINUTE);
        if minute != self.minute {
            self.minute = minute;
            self.recorded = 0;
        }
        if self.recorded < budget {
            self.recorded += 1;
            return Verdict::Record {
                counted: std::mem::take(&mut self.counted),
            };
        }
        self.counted += 1;
        if self.counted == 1 {
            Verdict::LastDrop
        } else {
            Verdict::Count
        }
    }
}

impl Audit {
    /// Writes an `auth.refused` event and its audit entry, within the budget.
    pub(crate) async fn refused(&self, app: &App, known: Option<UserId>, mut act: RefusedAct) {
        let now = app.now();
        let (window, budget) = match known {
            Some(_) => (&self.users, OF_USERS),
            None => (&self.strangers, OF_STRANGERS),
        };
        let verdict = window
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .admit(now, budget);
        match verdict {
            Verdict::Record { counted } => {
                if counted > 0 {
                    act.why = format!("{} ({counted} more were only counted)", act.why);
                }
                let cause = Cause {
                    actor: known,
                    delivery: None,
                };
                if let Err(error) = app.store().answer(&cause, &[], Some(&act), now).await {
                    tracing::error!(%error, "A refusal could not be audited.");
                }
                app.wake.changed();
            }
            Verdict::LastDrop => {
                tracing::warn!("Many refusals in this minute; the rest is only counted.");
            }
            Verdict::Count => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_budget_refusals_are_counted_and_the_next_entry_tells() {
        let mut window = Window::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert_eq!(window.admit(at(60), 2), Verdict::Record { counted: 0 });
        assert_eq!(window.admit(at(61), 2), Verdict::Record { counted: 0 });
        assert_eq!(window.admit(at(62), 2), Verdict::LastDrop);
        assert_eq!(window.admit(at(63), 2), Verdict::Count);
        assert_eq!(window.admit(at(120), 2), Verdict::Record { counted: 2 });
        assert_eq!(window.admit(at(121), 2), Verdict::Record { counted: 0 });
    }
}
