//! A rush of messages through the real outbox, store and delivery loop against a platform that
//! enforces its limits and fails at random, on a clock that jumps from one due time to the next.

mod limits;
mod platform;
mod report;

use std::sync::Arc;
use std::time::Duration;

use nightshift_app::deliver::Delivery;
use nightshift_app::{App, Loop, Ports, Tick};
use nightshift_core::card::Card;
use nightshift_core::chat::budget::Budget;
use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::id::{Platform, TaskId, UserId};
use nightshift_core::notice::Notice;
use nightshift_core::port::Store;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{Cause, Created, NewTask, Outgoing, Whisper};
use nightshift_core::task::{TaskKind, Wishes};
use nightshift_store::{OpenOptions, SqlStore};
use tempfile::TempDir;

pub use platform::Faults;
pub use report::Report;

use crate::setup::configured;
use crate::{ManualClock, ScriptedPlanner, SeededIds, Setup};
use platform::{NAME, RatedPlatform, WORKSPACE};

/// What is to be sent, and what goes wrong meanwhile.
#[derive(Debug, Clone)]
pub struct Rush {
    pub seed: u64,
    pub channels: usize,
    pub conversations: usize,
    /// Messages of each conversation.
    pub messages: usize,
    /// Between one message of each conversation and the next; zero: all at once.
    pub every: Duration,
    /// One message in this many is for one person alone; 0: none.
    pub whisper_every: usize,
    /// Conversations with a task's card, which changes after every other message there.
    pub cards: usize,
    pub faults: Faults,
    /// Times at which the process dies in the middle of its sends.
    pub crashes: usize,
    /// What the adapter declares.
    pub budgets: &'static [Budget],
    /// What the platform permits.
    pub limits: &'static [Budget],
}

/// Enough for some calls to reach the platform.
const STEPS_BEFORE_DEATH: usize = 200;
/// Longest virtual time that a rush may take.
const PATIENCE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Sends it all, and reports what arrived and how fast.
pub async fn rush(rush: &Rush) -> Report {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let platform = Arc::new(RatedPlatform::new(
        clock.clone(),
        rush.budgets,
        rush.limits,
        rush.faults,
        rush.seed,
    ));
    let begun = clock.timestamp();
    let mut life = Life::begin(&dir, &clock, &platform, 1).await;
    let mut cards = life.make_cards(rush).await;
    let (mut rounds, mut crashed) = (0, 0);
    loop {
        let queued_until = begun.after(rush.every * rounds as u32);
        if rounds < rush.messages && queued_until <= clock.timestamp() {
            // While others of the same conversations are on their way.
            platform.hold(true);
            life.delivery.tick().await.expect("a tick");
            life.queue(rush, rounds, &mut cards).await;
            life.delivery.tick().await.expect("a tick");
            platform.hold(false);
            life.delivery.drain().await;
            rounds += 1;
            continue;
        }
        // Each death comes when another part of the messages is there.
        let part = rush.conversations * rush.messages * (crashed + 1) / (rush.crashes + 1);
        if crashed < rush.crashes && platform.state().shown.len() >= part {
            crashed += 1;
            platform.freeze(true);
            life.die_sending().await;
            platform.freeze(false);
            life = Life::begin(&dir, &clock, &platform, crashed as u64 + 1).await;
        }
        life.send_what_is_due().await;
        let next_round = (rounds < rush.messages).then(|| begun.after(rush.every * rounds as u32));
        let due = life
            .store()
            .next_due(&Sender::alone(), clock.timestamp())
            .await;
        let next = due.expect("the outbox").into_iter().chain(next_round).min();
        let Some(next) = next else { break };
        let wait = next.since(clock.timestamp());
        clock.advance(wait.max(Duration::from_millis(1)));
        assert!(clock.timestamp().since(begun) < PATIENCE, "it never ends");
    }
    let broken = life.store.check_invariants().await.expect("the invariants");
    life.store().close().await;
    report::of(rush, &platform, begun, &cards, broken)
}

/// A process with its own memory, on a directory that outlives it.
struct Life {
    store: Arc<SqlStore>,
    delivery: Delivery,
    clock: Arc<ManualClock>,
}

/// A card, and when it last had to change.
struct CardOf {
    task: TaskId,
    changed_at: i64,
}

impl Life {
    async fn begin(
        dir: &TempDir,
        clock: &Arc<ManualClock>,
        platform: &Arc<RatedPlatform>,
        life: u64,
    ) -> Self {
        let ids = Arc::new(SeededIds::of_life(life));
        let setup = Setup::default();
        let data_dir = dir.path().join("data");
        let options = OpenOptions {
            data_dir: data_dir.clone(),
            retry_backoff: setup.retry_backoff,
            ids: ids.clone(),
        };
        let store = nightshift_store::open(options).await.expect("a store");
        let settings = configured::settings(&setup, &data_dir, &[], life);
        let ports = Ports {
            store: store.clone(),
            platforms: [(Platform::new(NAME), platform.clone() as _)].into(),
            planner: Arc::new(ScriptedPlanner::default()),
            executors: std::collections::BTreeMap::new(),
            clock: clock.clone(),
            ids,
            shared: None,
        };
        let holder = settings.holder.clone();
        let (app, _) = App::new(ports, settings);
        let now = clock.timestamp();
        let recovered = app.store().recover(&holder, now, now).await;
        recovered.expect("recovery");
        Self {
            store,
            delivery: Delivery::new(app),
            clock: clock.clone(),
        }
    }

    fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Everything that may go at this time has gone.
    async fn send_what_is_due(&self) {
        while let Tick::Worked = self.delivery.tick().await.expect("a tick") {
            self.delivery.drain().await;
        }
    }

    /// Claims, sends some of it, and is gone.
    async fn die_sending(self) {
        self.delivery.tick().await.expect("a tick");
        for _ in 0..STEPS_BEFORE_DEATH {
            tokio::task::yield_now().await;
        }
        drop(self.delivery);
        Store::close(self.store.as_ref()).await;
    }

    async fn make_cards(&self, rush: &Rush) -> Vec<CardOf> {
        let mut cards = Vec::new();
        for n in 0..rush.cards {
            let new = NewTask {
                kind: TaskKind::Agent,
                description: format!("the card of {n}"),
                wishes: Wishes::default(),
                owner: UserId::new("user_ana"),
                origin: Some(place(rush, n)),
                asker: None,
                idempotency: None,
                show_planning_at: self.clock.timestamp(),
            };
            let made = self
                .store()
                .create_task(&new, &Cause::default(), self.clock.timestamp())
                .await;
            let Ok(Created::New(task)) = made else {
                panic!("no task: {made:?}")
            };
            cards.push(CardOf {
                task: task.id.clone(),
                changed_at: self.clock.millis(),
            });
        }
        cards
    }

    /// One message for each conversation, and a change for each card.
    async fn queue(&self, rush: &Rush, round: usize, cards: &mut [CardOf]) {
        let mut all: Vec<Outgoing> = (0..rush.conversations)
            .map(|n| Outgoing {
                to: place(rush, n),
                notice: Notice::Say {
                    card: Card::say(format!("c{n} {round}")),
                },
                whisper: whisper(rush, n + round),
            })
            .collect();
        for (n, card) in cards.iter_mut().enumerate() {
            card.changed_at = self.clock.millis();
            all.push(Outgoing {
                to: place(rush, n),
                notice: Notice::TaskCard {
                    task: card.task.clone(),
                    plan_no: 1,
                },
                whisper: None,
            });
        }
        let now = self.clock.timestamp();
        self.store().enqueue(&all, now).await.expect("queued");
    }
}

fn whisper(rush: &Rush, n: usize) -> Option<Whisper> {
    let whispered = rush.whisper_every > 0 && n.is_multiple_of(rush.whisper_every);
    whispered.then(|| Whisper {
        person: Identity {
            platform: Platform::new(NAME),
            id: "U1".to_owned(),
        },
        handle: None,
    })
}

/// Conversation `n` is a thread of one of the channels.
fn place(rush: &Rush, n: usize) -> Conversation {
    Conversation {
        platform: Platform::new(NAME),
        workspace: WORKSPACE.to_owned(),
        channel: format!("C{}", n % rush.channels),
        thread: Some(format!("t{n}")),
    }
}
