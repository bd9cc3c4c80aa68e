//! From queued to running: leases, heartbeats, and one job per attempt.

mod attempt;
pub(crate) mod outcome;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::port::Signal;
use nightshift_core::port::store::{LeaseWord, Leased};
use nightshift_core::time::Timestamp;
use tokio::sync::mpsc;

use crate::App;
use crate::crew::Crew;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};

/// What is told to the job that holds an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Signal(Signal),
    /// The service stops: stop the program and hand the task back.
    HandBack,
}

struct Held {
    fence: Fence,
    orders: mpsc::Sender<Order>,
}

/// Attempts of this server.
#[derive(Default)]
struct Board {
    held: HashMap<TaskId, Held>,
    renewed_at: Option<Timestamp>,
    closing: bool,
}

pub struct Dispatch {
    app: Arc<App>,
    crew: Crew,
    board: Arc<Mutex<Board>>,
}

impl Dispatch {
    pub fn new(app: Arc<App>) -> Self {
        let crew = Crew::new(app.settings.max_concurrent);
        Self {
            app,
            crew,
            board: Arc::default(),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews all leases when it is time, or at once when somebody asked to stop one.
    async fn heartbeat(&self) -> Result<(), nightshift_core::port::StoreError> {
        let now = self.app.now();
        let asked = self.app.wake.stops.swap(false, Ordering::AcqRel);
        let held: Vec<(TaskId, Fence)> = {
            let board = self.board();
            let due = board
                .renewed_at
                .is_none_or(|at| now.since(at) >= self.app.settings.timers.heartbeat);
            if board.held.is_empty() || !(due || asked) {
                return Ok(());
            }
            board
                .held
                .iter()
                .map(|(task, held)| (task.clone(), held.fence))
                .collect()
        };
        let until = now.after(self.app.settings.timers.lease);
        let words = match self
            .app
            .store()
            .renew(&self.app.settings.holder, &held, now, until)
            .await
        {
            Ok(words) => words,
            Err(error) => {
                // The request to stop must not be forgotten with this round.
                self.app.wake.stops.fetch_or(asked, Ordering::AcqRel);
                return Err(error);
            }
        };
        self.board().renewed_at = Some(now);
        for ((task, _), word) in held.iter().zip(words) {
            match word {
                LeaseWord::Keep => {}
                LeaseWord::Stop => self.order(task, Order::Signal(Signal::Stop)),
                LeaseWord::Fenced => self.order(task, Order::Signal(Signal::Kill)),
            }
        }
        Ok(())
    }

    fn order(&self, task: &TaskId, order: Order) {
        if let Some(held) = self.board().held.get(task) {
            // Full means that orders wait already: the same ones, repeated by each heartbeat.
            let _ = held.orders.try_send(order);
        }
    }

    fn start(&self, executor: &str, leased: Leased) {
        let (orders, received) = mpsc::channel(8);
        let task = leased.task.id.clone();
        self.board().held.insert(
            task.clone(),
            Held {
                fence: leased.fence,
                orders,
            },
        );
        let app = self.app.clone();
        let board = self.board.clone();
        let executor = self.app.ports.executors[executor].clone();
        self.crew.start(async move {
            attempt::run(app, executor, leased, received).await;
            board
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .held
                .remove(&task);
        });
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
            while self.crew.free() > 0 && !self.board().closing {
                let now = self.app.now();
                let until = now.after(self.app.settings.timers.lease);
                let holder = &self.app.settings.holder;
                let Some(leased) = self
                    .app
                    .store()
                    .lease_next(executor, holder, now, until)
                    .await?
                else {
                    break;
                };
                self.app.wake.outbox.notify_one();
                self.app.wake.changed();
                self.start(executor, leased);
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
        let tasks: Vec<TaskId> = {
            let mut board = self.board();
            board.closing = true;
            board.held.keys().cloned().collect()
        };
        for task in &tasks {
            self.order(task, Order::HandBack);
        }
        self.crew.finish().await;
    }
}
