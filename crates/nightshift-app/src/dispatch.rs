//! From queued to running: leases, heartbeats, and one job per attempt.

mod attempt;

mod hold;
pub(crate) mod outcome;
mod together;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::replicas::Hints;
use nightshift_core::port::store::{LeaseTerms, LeaseWord, Leased};
use nightshift_core::port::{Executor, Signal};
use nightshift_core::time::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::crew::Crew;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use hold::{Hold, Renewals};
use together::Ledger;

/// What is told to the job that holds an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Signal(Signal),
    /// The service stops: stop the program and hand the task back.
    HandBack,
}

struct Held {
    orders: mpsc::Sender<Order>,
    hold: Arc<Hold>,
    /// Cancelled when nothing of it is left.
    gone: CancellationToken,
}

/// Attempts of this server. A task may have two for a moment: one that was given up and does not
/// know it yet, and the next.
#[derive(Default)]
struct Board {
    held: BTreeMap<(TaskId, Fence), Held>,
    renewed_at: Option<Timestamp>,
    closing: bool,
}

/// The place of one attempt on the board; left whatever happens to it.
struct Place {
    board: Arc<Mutex<Board>>,
    key: (TaskId, Fence),
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = locked(&self.board).held.remove(&self.key);
        if let Some(held) = left {
            held.gone.cancel();
        }
    }
}

fn locked(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Dispatch {
    app: Arc<App>,
    crew: Crew,
    board: Arc<Mutex<Board>>,
    renewals: Arc<Renewals>,
    ledger: Arc<Ledger>,
}

impl Dispatch {
    pub fn new(app: Arc<App>) -> Self {
        let crew = Crew::new(app.settings.max_concurrent);
        Self {
            app,
            crew,
            board: Arc::default(),
            renewals: Arc::default(),
            ledger: Arc::default(),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        locked(&self.board)
    }

    /// Renews all leases when it is time, or at once when somebody asked to stop one.
    async fn heartbeat(&self) -> Result<(), nightshift_core::port::StoreError> {
        let now = self.app.now();
        let asked = self.app.wake.take_stop();
        let held: Vec<(TaskId, Fence)> = {
            let board = self.board();
            let due = board
                .renewed_at
                .is_none_or(|at| now.since(at) >= self.app.settings.timers.heartbeat);
            if board.held.is_empty() || !(due || asked) {
                return Ok(());
            }
            board.held.keys().cloned().collect()
        };
        let lease = self.app.settings.timers.lease;
        let until = now.after(lease);
        self.renewals.asking();
        let words = match self
            .app
            .store()
            .renew(&self.app.settings.holder, &held, now, until)
            .await
        {
            Ok(words) => words,
            Err(error) => {
                self.renewals.refused();
                // The request to stop must not be forgotten with this round.
                if asked {
                    self.app.wake.wake(Hints::STOPS);
                }
                return Err(error);
            }
        };
        self.renewals.accepted();
        self.board().renewed_at = Some(now);
        for (key, word) in held.iter().zip(words) {
            if word != LeaseWord::Fenced
                && let Some(held) = self.board().held.get(key)
            {
                held.hold.renewed(now, lease);
            }
            match word {
                LeaseWord::Keep => {}
                LeaseWord::Stop => self.order(key, Order::Signal(Signal::Stop)),
                LeaseWord::Fenced => self.order(key, Order::Signal(Signal::Kill)),
            }
        }
        Ok(())
    }

    fn order(&self, key: &(TaskId, Fence), order: Order) {
        if let Some(held) = self.board().held.get(key) {
            // Full means that orders wait already: the same ones, repeated by each heartbeat.
            let _ = held.orders.try_send(order);
        }
    }

    fn start(&self, executor: &str, leased: Leased, asked_at: Timestamp) {
        let (orders, received) = mpsc::channel(8);
        let key = (leased.task.id.clone(), leased.fence);
        let lease = self.app.settings.timers.lease;
        let hold = Arc::new(Hold::new(self.renewals.clone(), asked_at, lease));
        let entry = Held {
            orders,
            hold: hold.clone(),
            gone: CancellationToken::new(),
        };
        let before = self.former(&key.0);
        self.board().held.insert(key.clone(), entry);
        let place = Place {
            board: self.board.clone(),
            key,
        };
        let (app, ledger) = (self.app.clone(), self.ledger.clone());
        let executor = self.app.ports.executors[executor].clone();
        self.crew.start(async move {
            if !before.is_empty() {
                all_gone(before).await;
                if !is_still_ours(&app, &place.key).await {
                    return;
                }
            }
            contained(app, ledger, executor, leased, (hold, received)).await;
            drop(place);
        });
    }

    /// What is still here of earlier attempts of a task: killed, and waited for. The next one
    /// never runs beside them.
    fn former(&self, task: &TaskId) -> Vec<CancellationToken> {
        let board = self.board();
        let mut former = Vec::new();
        for held in board.held.iter().filter(|(key, _)| key.0 == *task) {
            let _ = held.1.orders.try_send(Order::Signal(Signal::Kill));
            former.push(held.1.gone.clone());
        }
        former
    }
}

async fn all_gone(former: Vec<CancellationToken>) {
    for one in former {
        one.cancelled().await;
    }
}

/// Whether a lease that had to wait may still begin; who cannot ask does not begin, and the lease
/// returns by itself.
async fn is_still_ours(app: &App, key: &(TaskId, Fence)) -> bool {
    let now = app.now();
    let until = now.after(app.settings.timers.lease);
    let holder = &app.settings.holder;
    let words = app
        .store()
        .renew(holder, std::slice::from_ref(key), now, until)
        .await;
    words.is_ok_and(|words| words.first() == Some(&LeaseWord::Keep))
}

/// Runs an attempt; a panic in it costs that attempt and no more, and is counted as a loss.
async fn contained(
    app: Arc<App>,
    ledger: Arc<Ledger>,
    executor: Arc<dyn Executor>,
    leased: Leased,
    (hold, orders): (Arc<Hold>, mpsc::Receiver<Order>),
) {
    let (task, fence) = (leased.task.id.clone(), leased.fence);
    let work = attempt::run(
        app.clone(),
        ledger.clone(),
        executor,
        leased,
        (hold, orders),
    );
    let ended = JoinSet::from_iter([work]).join_next().await;
    if let Some(Err(error)) = ended
        && error.is_panic()
    {
        tracing::error!(task.id = %task, %error, "An attempt panicked; it is counted as lost.");
        outcome::lose(&app, &ledger, task, fence, "what ran it broke down.").await;
    }
}

#[async_trait]
impl Loop for Dispatch {
    fn name(&self) -> &'static str {
        "dispatch"
    }

    async fn tick(&self) -> TickResult {
        self.heartbeat().await?;
        let mut started = false;
        for executor in self.app.ports.executors.keys() {
            let free = self.crew.free();
            if free == 0 || self.board().closing {
                break;
            }
            let now = self.app.now();
            let timers = &self.app.settings.timers;
            let terms = LeaseTerms {
                until: now.after(timers.lease),
                start_by: now.after(timers.start_within),
            };
            let holder = &self.app.settings.holder;
            let leased = self
                .app
                .store()
                .lease(executor, holder, terms, free, now)
                .await?;
            for leased in leased {
                self.app.wake.messages();
                self.start(executor, leased, now);
                started = true;
            }
        }
        Ok(if started {
            Tick::Worked
        } else {
            Tick::Idle(POLL)
        })
    }

    async fn woken(&self) {
        tokio::select! {
            () = self.app.wake.attempts.notified() => {}
            () = self.crew.done.notified() => {}
        }
    }

    fn busy(&self) -> bool {
        self.crew.busy()
    }

    /// Stops what runs here and hands it back: the next life of this server runs it again.
    async fn drain(&self) {
        let held: Vec<(TaskId, Fence)> = {
            let mut board = self.board();
            board.closing = true;
            board.held.keys().cloned().collect()
        };
        for key in &held {
            self.order(key, Order::HandBack);
        }
        self.crew.finish().await;
    }
}
