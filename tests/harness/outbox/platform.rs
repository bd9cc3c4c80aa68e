//! A chat platform without a network that refuses whoever is too fast, and counts it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::card::{Attachment, Card, Form};
use nightshift_core::chat::budget::{Act, Budget, Limit, Scope};
use nightshift_core::chat::{Capabilities, Conversation, Identity, MessageRef, TextUnit};
use nightshift_core::error::Retry;
use nightshift_core::id::Platform;
use nightshift_core::port::chat::Probe;
use nightshift_core::port::{
    ChatError, ChatKind, ChatPlatform, Marker, Received, Refused, WebhookRequest,
};
use tokio::sync::watch;

use super::limits::Limits;
use crate::ManualClock;

/// How often something goes wrong, in calls of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// 429 with a `Retry-After` of one to `retry_after_s` seconds.
    pub too_fast: u32,
    pub retry_after_s: u32,
    /// 5xx, and nothing was done.
    pub server_error: u32,
    /// It was done, and the answer was lost.
    pub lost_answer: u32,
    /// Nothing was done, and nobody can tell.
    pub lost_call: u32,
    /// Our messages cannot be looked for.
    pub blind: bool,
}

/// A message as the platform has it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// As it was when it arrived.
    pub(super) text: String,
    /// Arrived or edited last.
    pub(super) at: i64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// In the order of their arrival.
    pub(super) shown: Vec<Shown>,
    pub(super) violations: Vec<String>,
    /// Calls that were permitted, whatever became of them: time and channel.
    pub(super) permitted: Vec<(i64, Act, String)>,
    /// Calls whose outcome we hid.
    pub(super) ambiguous: usize,
    /// From when until when the app was told to wait, and for what.
    pub(super) told: Vec<(i64, i64, Act, Option<String>)>,
    limits: Limits,
    by_marker: BTreeMap<String, usize>,
    /// From now on no call returns: the caller is about to be killed.
    frozen: bool,
    dice: u64,
}

pub(super) struct RatedPlatform {
    clock: Arc<ManualClock>,
    budgets: &'static [Budget],
    faults: Faults,
    state: Mutex<State>,
    /// While true no call is answered.
    held: watch::Sender<bool>,
}

pub(super) const NAME: &str = "rated";
pub(super) const WORKSPACE: &str = "W1";

enum Fate {
    Fine,
    Lost,
}

impl RatedPlatform {
    /// Declares `budgets`, and permits exactly `limits`.
    pub(super) fn new(
        clock: Arc<ManualClock>,
        budgets: &'static [Budget],
        limits: &'static [Budget],
        faults: Faults,
        seed: u64,
    ) -> Self {
        let state = State {
            dice: seed,
            limits: Limits::new(limits),
            ..State::default()
        };
        Self {
            clock,
            budgets,
            faults,
            state: Mutex::new(state),
            held: watch::Sender::new(false),
        }
    }

    /// Keeps all callers waiting for their answers, or lets them go on.
    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn freeze(&self, frozen: bool) {
        self.state().frozen = frozen;
    }

    /// Whether the call is let through, and what will be said of it.
    fn enter(&self, act: Act, channel: &str) -> Result<Fate, ChatError> {
        let now = self.clock.millis();
        let mut state = self.state();
        // Calls of the same instant cross the answer that tells to wait.
        let told = state.told.iter().any(|(from, until, what, place)| {
            *what == act
                && *from < now
                && now < *until
                && place.as_ref().is_none_or(|place| place == channel)
        });
        if told {
            let word = format!("{act:?} in {channel} before Retry-After was over");
            state.violations.push(word);
        }
        if let Err(wait) = state.limits.take(act, channel, now) {
            let word = format!("{act:?} in {channel} is {wait} ms too early");
            state.violations.push(word);
            return Err(too_fast(Duration::from_millis(wait as u64), act, None));
        }
        let (roll, wait) = (state.roll(1000), state.roll(u64::from(u32::MAX)));
        let faults = self.faults;
        let mut edge = faults.too_fast;
        if roll < u64::from(edge) {
            return Err(self.refuse(&mut state, act, channel, wait));
        }
        state.permitted.push((now, act, channel.to_owned()));
        edge += faults.server_error;
        if roll < u64::from(edge) {
            return Err(error(ChatKind::Unavailable, "503"));
        }
        edge += faults.lost_call;
        if roll < u64::from(edge) && act != Act::Find {
            return Err(error(ChatKind::Ambiguous, "no answer"));
        }
        edge += faults.lost_answer;
        if roll < u64::from(edge) && act != Act::Find {
            state.ambiguous += 1;
            return Ok(Fate::Lost);
        }
        Ok(Fate::Fine)
    }

    fn refuse(&self, state: &mut State, act: Act, channel: &str, dice: u64) -> ChatError {
        let now = self.clock.millis();
        let seconds = 1 + dice % u64::from(self.faults.retry_after_s.max(1));
        let wait = Duration::from_secs(seconds);
        // Half of them are about one channel, half about the whole workspace.
        let place = (dice / 7).is_multiple_of(2).then(|| channel.to_owned());
        let until = now + wait.as_millis() as i64;
        let scope = place.as_ref().map(|_| Scope::Channel);
        state.limits.untake(act, channel);
        state.told.push((now, until, act, place));
        too_fast(wait, act, scope)
    }

    async fn leave(&self, fate: Fate) -> Result<(), ChatError> {
        let frozen = {
            let mut state = self.state();
            state.ambiguous += usize::from(state.frozen && matches!(fate, Fate::Fine));
            state.frozen
        };
        if frozen {
            std::future::pending::<()>().await;
        }
        let mut held = self.held.subscribe();
        // The sender lives as long as the platform.
        let _ = held.wait_for(|held| !held).await;
        match fate {
            Fate::Fine => Ok(()),
            Fate::Lost => Err(error(ChatKind::Ambiguous, "no answer")),
        }
    }

    fn show(&self, card: &Card) -> usize {
        let shown = Shown {
            text: card.plain(),
            at: self.clock.millis(),
        };
        let mut state = self.state();
        state.shown.push(shown);
        state.shown.len() - 1
    }

    fn find(&self, to: &Conversation, marker: &str) -> Result<Option<usize>, ChatError> {
        if self.faults.blind {
            return Ok(None);
        }
        self.enter(Act::Find, &to.channel)?;
        Ok(self.state().by_marker.get(marker).copied())
    }
}

impl State {
    fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

fn error(kind: ChatKind, word: &str) -> ChatError {
    ChatError {
        kind,
        retry: Retry::Soon,
        limit: None,
        platform: Platform::new(NAME),
        message: word.to_owned(),
        source: None,
    }
}

fn too_fast(wait: Duration, act: Act, scope: Option<Scope>) -> ChatError {
    ChatError {
        retry: Retry::After(wait),
        limit: Some(Limit {
            act,
            scope: scope.unwrap_or(Scope::Workspace),
        }),
        ..error(ChatKind::RateLimited, "429")
    }
}

#[async_trait]
impl ChatPlatform for RatedPlatform {
    fn platform(&self) -> Platform {
        Platform::new(NAME)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            threads: true,
            edit: true,
            forms: false,
            whisper: true,
            direct: false,
            files: false,
            buttons: 5,
            text_limit: 4000,
            text_unit: TextUnit::Chars,
            budgets: self.budgets,
        }
    }

    fn receive(&self, _: &WebhookRequest) -> Result<Received, Refused> {
        Ok(Received::Ignored("nobody speaks here"))
    }

    async fn post(
        &self,
        to: &Conversation,
        card: &Card,
        marker: &Marker,
    ) -> Result<MessageRef, ChatError> {
        if marker.unsure
            && let Some(n) = self.find(to, &marker.key)?
        {
            return Ok(reference(to, n));
        }
        let fate = self.enter(Act::Post, &to.channel)?;
        let n = self.show(card);
        self.state().by_marker.insert(marker.key.clone(), n);
        self.leave(fate).await?;
        Ok(reference(to, n))
    }

    async fn edit(&self, message: &MessageRef, _: &Card) -> Result<(), ChatError> {
        let fate = self.enter(Act::Edit, &message.channel)?;
        {
            let at = self.clock.millis();
            let mut state = self.state();
            let shown = message.id[1..].parse().ok();
            match shown.and_then(|n: usize| state.shown.get_mut(n)) {
                Some(shown) => {
                    shown.at = at;
                }
                None => state.violations.push(format!("no message {}", message.id)),
            }
        }
        self.leave(fate).await
    }

    async fn whisper(
        &self,
        to: &Conversation,
        _: &Identity,
        _: Option<&str>,
        card: &Card,
    ) -> Result<(), ChatError> {
        let fate = self.enter(Act::Whisper, &to.channel)?;
        self.show(card);
        self.leave(fate).await
    }

    async fn open_form(&self, _: &str, _: &Form) -> Result<(), ChatError> {
        Err(error(ChatKind::Invalid, "no forms"))
    }

    async fn upload(&self, _: &Conversation, _: &Attachment) -> Result<(), ChatError> {
        Err(error(ChatKind::NotAllowed, "no files"))
    }

    fn direct(&self, workspace: &str, person: &Identity) -> Conversation {
        Conversation {
            platform: self.platform(),
            workspace: workspace.to_owned(),
            channel: person.id.clone(),
            thread: None,
        }
    }

    async fn probe(&self) -> Result<Probe, ChatError> {
        Ok(Probe {
            workspace: WORKSPACE.to_owned(),
            account: NAME.to_owned(),
        })
    }
}

fn reference(to: &Conversation, n: usize) -> MessageRef {
    MessageRef {
        channel: to.channel.clone(),
        id: format!("m{n}"),
    }
}
