//! From an accepted delivery to what it asks for: exactly once each.

mod gesture;
mod reply;

use std::sync::Arc;

use async_trait::async_trait;
use nightshift_core::authorise::Actor;
use nightshift_core::chat::{Gesture, Inbound};
use nightshift_core::command::{self, Command};
use nightshift_core::port::store::{Cause, RefusedAct, StoredDelivery, Stranger};
use nightshift_core::user::User;
use nightshift_core::wording;

use crate::lead::acting_on;
use crate::lifecycle::{Loop, POLL, Tick, TickResult};
use crate::people::digest;
use crate::{App, Problem};

/// Deliveries looked at in one round.
const ROUND: u32 = 256;

pub struct Converse {
    app: Arc<App>,
}

impl Converse {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[async_trait]
impl Loop for Converse {
    fn name(&self) -> &'static str {
        "converse"
    }

    async fn tick(&self) -> TickResult {
        let mut acted = false;
        // Until a platform has said who we are, nobody there can be told from a stranger: its
        // deliveries wait, those of the others do not.
        for (platform, ours) in self.app.workspaces.known() {
            // In the order in which they came: one server acts on those of a platform.
            let now = self.app.now();
            if !self.app.leadership.leads(&acting_on(&platform), now) {
                continue;
            }
            let open = self
                .app
                .store()
                .open_deliveries(Some(&platform), ROUND)
                .await?;
            for delivery in open {
                self.app.act_or_explain(&delivery, &ours).await?;
                acted = true;
            }
        }
        Ok(if acted {
            Tick::Worked
        } else {
            Tick::Idle(POLL)
        })
    }

    async fn woken(&self) {
        self.app.wake.deliveries.notified().await;
    }
}

impl App {
    /// Acts on a delivery; one that cannot be acted on at all is answered with a reference and
    /// settled, so that it holds up nobody behind it. An error means that the store takes nothing.
    async fn act_or_explain(&self, delivery: &StoredDelivery, ours: &str) -> Result<(), Problem> {
        match self.act_on(delivery, ours).await {
            Ok(()) => Ok(()),
            Err(Problem::Unavailable(error)) => Err(Problem::Unavailable(error)),
            Err(problem) => {
                let cause = Cause {
                    actor: None,
                    delivery: Some(delivery.id.clone()),
                };
                self.give_up(&delivery.inbound, &cause, &problem).await
            }
        }
    }

    /// Acts on a delivery and settles it. An error leaves it open.
    async fn act_on(&self, delivery: &StoredDelivery, ours: &str) -> Result<(), Problem> {
        let inbound = &delivery.inbound;
        let cause = Cause {
            actor: None,
            delivery: Some(delivery.id.clone()),
        };
        let user = if inbound.at.workspace == ours {
            self.person(&inbound.from, inbound.display_name.as_deref())
                .await?
        } else {
            None
        };
        let Some(user) = user else {
            return self.stranger(inbound, &cause, ours).await;
        };
        let cause = Cause {
            actor: Some(user.id.clone()),
            ..cause
        };
        let acted = self.gesture(&user, inbound, &cause).await;
        match acted {
            Ok(()) | Err(Problem::Settled) => Ok(()),
            // Not now: the delivery stays open.
            Err(Problem::Unavailable(error)) => Err(Problem::Unavailable(error)),
            Err(problem) => self.explain(&user, inbound, &cause, problem).await,
        }
    }

    async fn gesture(&self, user: &User, inbound: &Inbound, cause: &Cause) -> Result<(), Problem> {
        let actor = Actor::User(user.clone());
        match &inbound.gesture {
            Gesture::Say { text } => self.say(&actor, inbound, text, cause).await,
            Gesture::Press { action } => self.press(&actor, inbound, action, cause).await,
            Gesture::Submit { form, text } => self.form(&actor, inbound, form, text, cause).await,
        }
    }

    /// One polite word, then silence for a while; no row, but an entry in the audit.
    async fn stranger(&self, inbound: &Inbound, cause: &Cause, ours: &str) -> Result<(), Problem> {
        let at_home = inbound.at.workspace == ours;
        if let Gesture::Say { text } = &inbound.gesture {
            let said = command::parse(text, &self.settings.grammar());
            if let (true, Ok(Command::Claim { code })) = (at_home, said) {
                return self.claim(inbound, &code, cause).await;
            }
        }
        let action = match &inbound.gesture {
            Gesture::Say { .. } => "say",
            Gesture::Press { .. } => "press",
            Gesture::Submit { .. } => "submit",
        };
        let now = self.now();
        let stranger = Stranger {
            identity: inbound.from.clone(),
            action: action.into(),
            word: Some(reply::privately(inbound, wording::stranger())),
            quiet_since: now.before(self.settings.timers.stranger_silence),
        };
        self.store().turn_away(cause, &stranger, now).await?;
        self.wake.all();
        Ok(())
    }

    async fn claim(&self, inbound: &Inbound, code: &str, cause: &Cause) -> Result<(), Problem> {
        let now = self.now();
        let hash = digest(&code.to_uppercase());
        let claimed = self.store().claim(cause, &hash, &inbound.from, now).await?;
        if let Some(user) = claimed {
            let word = reply::privately(inbound, wording::claimed(&user));
            self.store().enqueue(&[word], now).await?;
        } else {
            let refused = RefusedAct {
                who: inbound.from.to_string(),
                action: "claim".into(),
                why: "wrong code".into(),
                task: None,
            };
            let word = reply::privately(inbound, wording::bad_claim());
            self.store()
                .answer(cause, &[word], Some(&refused), now)
                .await?;
        }
        self.wake.all();
        Ok(())
    }
}
