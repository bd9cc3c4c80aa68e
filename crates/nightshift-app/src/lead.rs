//! Which work this server does for all that use the same database: it leads it for some seconds,
//! and goes on while it is there.
//!
//! Leadership saves work and keeps an order: one acts on a platform's deliveries and sends its
//! messages, one holds its connection, one sweeps. What must not happen twice does not depend on it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::chat::Conversation;
use nightshift_core::id::Platform;
use nightshift_core::port::StoreError;
use nightshift_core::port::replicas::{Appeared, Hints, Seen, Sender, Term, sending};
use nightshift_core::time::Timestamp;
use tokio::sync::watch;

use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use crate::{App, Shared};

/// Without a word from its leader, work is led by another one after this.
pub const TERM: Duration = Duration::from_secs(6);

/// A leader stops so long before its term ends: its clock and the others' differ a little, and what
/// it has just begun takes a moment.
const MARGIN: Duration = Duration::from_secs(1);

/// Between two comparisons of our time with the database's.
const COMPARE: u32 = 5;

/// An answer that took longer says too little about the time.
const PROMPT_MS: i64 = 500;

/// The work of expiring, reminding and removing.
pub(crate) const SWEEPING: &str = "sweep";

pub(crate) fn acting_on(platform: &Platform) -> String {
    format!("converse:{platform}")
}

/// The work of holding a platform's connection.
pub fn listening(source: &str) -> String {
    format!("listen:{source}")
}

/// What is led, and until when.
#[derive(Debug, Clone)]
struct Led {
    terms: Vec<Term>,
    until: Timestamp,
}

impl Led {
    fn nothing() -> Self {
        Self {
            terms: Vec::new(),
            until: Timestamp::from_millis(0),
        }
    }
}

/// The standing of this server among those on its database.
pub struct Leadership {
    /// `None` where it is alone: it leads everything, always.
    shared: Option<Shared>,
    led: watch::Sender<Led>,
    /// A younger life has taken our place.
    superseded: watch::Sender<bool>,
    /// Sources that must be held by one.
    sources: Mutex<BTreeSet<String>>,
}

impl Leadership {
    pub(crate) fn new(shared: Option<Shared>) -> Self {
        Self {
            shared,
            led: watch::Sender::new(Led::nothing()),
            superseded: watch::Sender::default(),
            sources: Mutex::default(),
        }
    }

    /// Whether this server does this work now.
    pub fn leads(&self, work: &str, now: Timestamp) -> bool {
        if self.shared.is_none() {
            return true;
        }
        let led = self.led.borrow();
        now < led.until && led.terms.iter().any(|term| term.work == work)
    }

    /// As whom messages are claimed; `None` while nothing is ours to send.
    pub(crate) fn sender(&self, now: Timestamp) -> Option<Sender> {
        let Some(shared) = &self.shared else {
            return Some(Sender::alone());
        };
        let led = self.led.borrow();
        let terms: Vec<Term> = led
            .terms
            .iter()
            .filter(|term| now < led.until && term.work.starts_with("send:"))
            .cloned()
            .collect();
        (!terms.is_empty()).then(|| Sender {
            holder: shared.me.holder(),
            terms: Some(terms),
        })
    }

    /// All that is led now, for those who look at a server.
    pub fn led(&self, now: Timestamp) -> Vec<Term> {
        let led = self.led.borrow();
        if now < led.until {
            led.terms.clone()
        } else {
            Vec::new()
        }
    }

    /// Resolves whenever something else is led.
    pub async fn changes(&self) {
        let mut led = self.led.subscribe();
        // We hold the sender: it cannot be gone.
        let _ = led.changed().await;
    }

    /// Resolves when this server must end, because a younger life has its place.
    pub async fn superseded(&self) {
        let mut superseded = self.superseded.subscribe();
        let _ = superseded.wait_for(|gone| *gone).await;
    }

    /// A connection that one server holds for all.
    pub fn wants(&self, source: &str) {
        self.sources().insert(listening(source));
    }

    fn sources(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platforms whose sending is led in a term that was not known before.
    fn taken_over(&self, terms: &[Term]) -> Vec<Platform> {
        let before = self.led.borrow();
        let fresh = terms.iter().filter(|term| !before.terms.contains(term));
        fresh
            .filter_map(|term| term.work.strip_prefix("send:").map(Platform::new))
            .collect()
    }

    fn publish(&self, now_led: Led) {
        self.led.send_if_modified(|led| {
            let changed = led.terms != now_led.terms;
            *led = now_led;
            changed
        });
    }
}

/// Keeps this server's place and its leaderships.
pub struct Lead {
    app: Arc<App>,
    rounds: Mutex<u32>,
}

impl Lead {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            rounds: Mutex::new(0),
        }
    }

    fn is_to_compare(&self) -> bool {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        *rounds = rounds.wrapping_add(1);
        rounds.is_multiple_of(COMPARE)
    }
}

#[async_trait]
impl Loop for Lead {
    fn name(&self) -> &'static str {
        "lead"
    }

    async fn tick(&self) -> TickResult {
        let Some(shared) = &self.app.ports.shared else {
            return Ok(Tick::Idle(POLL));
        };
        if self.is_to_compare() {
            self.app.compare_time(shared).await?;
        }
        let here = shared.replicas.appear(&shared.me, false, self.app.now());
        if here.await? == Appeared::Superseded {
            self.app.leadership.superseded.send_replace(true);
            return Ok(Tick::Idle(POLL));
        }
        self.app.lead(shared).await?;
        Ok(Tick::Idle(POLL))
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}

impl App {
    /// Everything that one server does for all.
    fn work_for_all(&self) -> Vec<String> {
        let operators = Conversation::operators().platform;
        let platforms = self.ports.platforms.keys();
        let mut work: Vec<String> = platforms
            .clone()
            .map(acting_on)
            .chain(platforms.chain([&operators]).map(sending))
            .chain(self.leadership.sources().iter().cloned())
            .collect();
        work.push(SWEEPING.to_owned());
        work
    }

    async fn lead(&self, shared: &Shared) -> Result<(), StoreError> {
        let now = self.now();
        let holder = shared.me.holder();
        let work = self.work_for_all();
        let terms = shared
            .replicas
            .lead(&holder, &work, now.after(TERM), now)
            .await?;
        for platform in self.leadership.taken_over(&terms) {
            // Before anything else goes there: what was on its way may have arrived.
            let replicas = &shared.replicas;
            replicas.doubt_sends(&platform, &holder, now).await?;
            tracing::info!(chat.platform = %platform, "Sending to a platform is this server's now.");
        }
        let until = now.after(TERM).before(MARGIN);
        self.leadership.publish(Led { terms, until });
        Ok(())
    }

    /// Draws our time near to the database's: all servers have one.
    async fn compare_time(&self, shared: &Shared) -> Result<(), StoreError> {
        let clock = &self.ports.clock;
        let asked = clock.wall().millis();
        let there = shared.replicas.server_time().await?.millis();
        let answered = clock.wall().millis();
        if (0..=PROMPT_MS).contains(&(answered - asked)) {
            clock.refer(there - i64::midpoint(asked, answered));
        }
        Ok(())
    }

    /// Others need not wait for the end of our terms.
    pub async fn step_down(&self) {
        let Some(shared) = &self.ports.shared else {
            return;
        };
        self.leadership.publish(Led::nothing());
        if let Err(error) = shared.replicas.step_down(&shared.me.holder()).await {
            tracing::debug!(%error, "the leaderships were left to end by themselves");
        }
    }

    /// The servers on this database that were seen lately; none where there is only one.
    pub async fn servers(&self) -> Result<Vec<Seen>, StoreError> {
        match &self.ports.shared {
            None => Ok(Vec::new()),
            Some(shared) => shared.replicas.seen(self.now().before(TERM)).await,
        }
    }
}

/// Hears what the other servers tell.
pub struct Hear {
    app: Arc<App>,
    heard: Mutex<Hints>,
}

impl Hear {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            heard: Mutex::new(Hints::NONE),
        }
    }

    fn heard(&self) -> MutexGuard<'_, Hints> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Loop for Hear {
    fn name(&self) -> &'static str {
        "hear"
    }

    async fn tick(&self) -> TickResult {
        let heard = std::mem::replace(&mut *self.heard(), Hints::NONE);
        self.app.wake.wake(heard);
        Ok(Tick::Idle(POLL))
    }

    async fn woken(&self) {
        let Some(shared) = &self.app.ports.shared else {
            return std::future::pending().await;
        };
        let what = shared.replicas.hinted().await;
        let mut heard = self.heard();
        *heard = heard.and(what);
    }
}
