//! From a verified delivery to a durable one: many wait, one commit answers them all.

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_core::chat::Delivery;
use nightshift_core::id::Platform;
use nightshift_core::port::chat::StoreRefused;
use nightshift_core::port::store::{Accepted, NewDelivery};
use nightshift_core::time::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::App;
use crate::lifecycle::{Loop, Tick, TickResult};

/// Deliveries that may wait for a commit; more are refused and delivered again by the platform.
const WAITING: usize = 8192;
/// Deliveries of one commit. The fsync of one batch is the gathering time of the next.
const BATCH: usize = 512;

struct Waiting {
    delivery: NewDelivery,
    answer: oneshot::Sender<Accepted>,
}

/// Where deliveries enter.
pub struct Gate(mpsc::Sender<Waiting>);
/// Where the loop takes them.
pub struct Arrivals(mpsc::Receiver<Waiting>);

pub fn gate() -> (Gate, Arrivals) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Gate(sender), Arrivals(receiver))
}

impl App {
    /// Returns only after the delivery is durable. An error means it is not: answer 503.
    pub async fn accept(
        &self,
        platform: &Platform,
        delivery: Delivery,
    ) -> Result<Accepted, StoreRefused> {
        let delivery = NewDelivery::new(platform.clone(), self.scrubbed(delivery), self.now());
        let (answer, accepted) = oneshot::channel();
        self.intake
            .0
            .try_send(Waiting { delivery, answer })
            .map_err(|_| StoreRefused)?;
        self.wake.arrivals.notify_one();
        accepted.await.map_err(|_| StoreRefused)
    }

    /// A live secret that somebody pastes into a chat goes no further.
    fn scrubbed(&self, mut delivery: Delivery) -> Delivery {
        use nightshift_core::chat::Gesture;
        match &mut delivery.inbound.gesture {
            Gesture::Say { text } | Gesture::Submit { text, .. } => {
                *text = self.settings.scrubber.text(text);
            }
            Gesture::Press { .. } => {}
        }
        delivery
    }
}

#[async_trait]
impl nightshift_core::port::Intake for App {
    async fn deliver(&self, platform: &Platform, delivery: Delivery) -> Result<(), StoreRefused> {
        match self.accept(platform, delivery).await? {
            Accepted::New => {}
            Accepted::Duplicate => {
                tracing::debug!(chat.platform = %platform, "A delivery came again.");
            }
            // Answered like the first one: whoever forged it learns nothing.
            Accepted::Conflict => {
                tracing::warn!(chat.platform = %platform, "A known delivery came with another body.");
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.intake.0.capacity() > 0
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// Commits what waits, batch by batch.
pub struct Intake {
    app: Arc<App>,
    arrivals: Mutex<Arrivals>,
}

impl Intake {
    pub fn new(app: Arc<App>, arrivals: Arrivals) -> Self {
        Self {
            app,
            arrivals: Mutex::new(arrivals),
        }
    }

    async fn commit(&self, waiting: Vec<Waiting>) -> TickResult {
        let (batch, answers): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|one| (one.delivery, one.answer))
            .unzip();
        // On an error the answers are dropped: every caller answers 503.
        let outcomes = self.app.store().accept(&batch).await?;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // A caller that is gone has closed its connection: the platform delivers again.
            let _ = answer.send(outcome);
        }
        self.app.wake.delivered();
        Ok(Tick::Worked)
    }
}

#[async_trait]
impl Loop for Intake {
    fn name(&self) -> &'static str {
        "intake"
    }

    async fn tick(&self) -> TickResult {
        let mut arrivals = self.arrivals.lock().await;
        let mut waiting = Vec::new();
        while waiting.len() < BATCH
            && let Ok(one) = arrivals.0.try_recv()
        {
            waiting.push(one);
        }
        if waiting.is_empty() {
            return Ok(Tick::Idle(crate::lifecycle::POLL));
        }
        self.commit(waiting).await
    }

    async fn woken(&self) {
        self.app.wake.arrivals.notified().await;
    }

    /// Commits what still waits: their requests are being answered.
    async fn drain(&self) {
        while let Ok(Tick::Worked) = self.tick().await {}
    }
}
