//! From an account to a user: the allow-list, first contact, the claim, and our own workspaces.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::authorise::Actor;
use nightshift_core::chat::Identity;
use nightshift_core::id::{Platform, UserId};
use nightshift_core::port::replicas::Hints;
use nightshift_core::port::{ChatError, ChatKind};
use nightshift_core::time::Timestamp;
use nightshift_core::user::{Kind, Known, Role, User};
use sha2::{Digest, Sha256};

use crate::lifecycle::{Loop, Tick, TickResult};
use crate::{App, Problem};

impl App {
    /// The user behind an account, or `None` for a stranger. First contact is remembered.
    pub async fn person(
        &self,
        account: &Identity,
        name: Option<&str>,
    ) -> Result<Option<User>, Problem> {
        match self.settings.directory.find(account) {
            Known::Static(user) | Known::Listed(user) => {
                self.store().meet(&user, account, name, self.now()).await?;
                Ok(Some(user))
            }
            Known::Stranger => self.known_without_the_list(account).await,
        }
    }

    /// Who claimed the installation, or logged in to a page of ours with a key that still works.
    /// That somebody was listed once counts for nothing.
    async fn known_without_the_list(&self, account: &Identity) -> Result<Option<User>, Problem> {
        let claimed = self.store().claimed(account).await?;
        let user = if claimed.is_some() {
            claimed
        } else {
            let stored = self.store().identity(account).await?;
            // Only our own door names an account by its user.
            stored.filter(|user| account.id == user.id.as_str() && self.is_still_known(&user.id))
        };
        Ok(user.map(|user| User {
            role: self
                .settings
                .directory
                .role_of(&user.id)
                .unwrap_or(user.role),
            ..user
        }))
    }

    /// Whether the configuration of today still knows a user who once logged in.
    pub fn is_still_known(&self, user: &UserId) -> bool {
        let settings = &self.settings;
        settings.api_keys.values().any(|holder| holder == user)
            || settings.directory.role_of(user).is_some()
            || settings
                .open_api
                .as_ref()
                .is_some_and(|open| open.id == *user)
    }

    /// The actor behind an API key.
    pub fn key_holder(&self, key: &str) -> Option<Actor> {
        let user = self.settings.api_keys.get(&digest(key))?;
        // A user known only by a key is a submitter.
        let role = self
            .settings
            .directory
            .role_of(user)
            .unwrap_or(Role::Submitter);
        Some(Actor::User(User {
            id: user.clone(),
            role,
            kind: Kind::Person,
        }))
    }

    /// Makes a one-time claim code while nobody is known; `None` when somebody is.
    pub async fn offer_claim(&self) -> Result<Option<String>, Problem> {
        let known = !self.settings.directory.names_nobody() || self.store().has_claimed().await?;
        if known {
            self.store().set_claim(None).await?;
            return Ok(None);
        }
        let code = claim_code(&self.ports.ids.entropy());
        self.store().set_claim(Some(&digest(&code))).await?;
        Ok(Some(code))
    }

    /// An account of a user on a platform, to mention them by.
    pub(crate) async fn account(&self, user: &UserId, platform: &Platform) -> Option<Identity> {
        if let Some(account) = self.settings.directory.account_of(user, platform) {
            return Some(account);
        }
        let accounts = self.store().accounts(user).await.ok()?;
        accounts
            .into_iter()
            .find(|account| &account.platform == platform)
    }
}

/// SHA-256 in hex: keys and codes are compared and stored as this.
pub fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.trim()))
}

/// `4F7K-2Q9M`: short, with digits, in an alphabet that is typed without doubt.
fn claim_code(entropy: &[u8; 16]) -> String {
    const LETTERS: &[u8; 20] = b"CDFGHJKMNPQRTVWXYZ34";
    const DIGITS: &[u8; 8] = b"23456789";
    let part = |bytes: &[u8]| -> String {
        let letters = bytes[..3]
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 20)]));
        letters
            .chain([char::from(DIGITS[usize::from(bytes[3] % 8)])])
            .collect()
    };
    format!("{}-{}", part(&entropy[..4]), part(&entropy[4..8]))
}

/// The workspaces we belong to, learned by asking each platform.
#[derive(Default)]
pub struct Workspaces(Mutex<BTreeMap<Platform, Standing>>);

/// How we stand with a platform.
#[derive(Debug, Clone)]
struct Standing {
    workspace: String,
    /// Set: it refused our credential, and is asked again then.
    ask_at: Option<Timestamp>,
}

impl Workspaces {
    fn standings(&self) -> MutexGuard<'_, BTreeMap<Platform, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platforms that have answered, with our workspace there.
    pub fn known(&self) -> Vec<(Platform, String)> {
        let standings = self.standings();
        let known = standings
            .iter()
            .map(|(platform, at)| (platform.clone(), at.workspace.clone()));
        known.collect()
    }

    /// The platform refuses our credential: ask again after a while.
    pub(crate) fn doubt(&self, platform: &Platform, now: Timestamp) {
        if let Some(standing) = self.standings().get_mut(platform) {
            standing.ask_at = Some(now.after(DOUBT));
        }
    }

    fn is_to_be_asked(&self, platform: &Platform, now: Timestamp) -> bool {
        let standings = self.standings();
        let standing = standings.get(platform);
        standing.is_none_or(|standing| standing.ask_at.is_some_and(|at| at <= now))
    }

    fn set(&self, platform: Platform, workspace: String) {
        self.standings().insert(
            platform,
            Standing {
                workspace,
                ask_at: None,
            },
        );
    }
}

/// Between two questions to a platform that refused our credential: an operator may have mended
/// it there, and nobody else would tell us.
const DOUBT: Duration = Duration::from_secs(15 * 60);

/// Asks each platform who we are, until it has answered once.
///
/// Deliveries of a platform wait for that: before it, nobody could be told from a stranger of
/// another workspace.
pub struct Probe {
    app: Arc<App>,
    /// Questions so far that were not answered well.
    unanswered: AtomicU64,
}

/// Between two questions to a platform that did not answer.
const ASK_AGAIN: Duration = Duration::from_millis(900);

/// No platform asks us to wait longer for its rate limit.
const LONGEST_RATE_BLOCK: Duration = Duration::from_secs(24 * 3600);

impl Probe {
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            unanswered: AtomicU64::new(0),
        }
    }

    /// Told ever more seldom: a platform may be away for a night.
    fn tell(&self, name: &Platform, error: &ChatError) {
        let before = self.unanswered.fetch_add(1, Ordering::Relaxed);
        if !(before + 1).is_power_of_two() {
            return;
        }
        if error.kind == ChatKind::Unauthorized {
            tracing::error!(chat.platform = %name, %error, "A chat platform refuses our credential; run `nightshift doctor`.");
        } else {
            tracing::warn!(chat.platform = %name, %error, "A chat platform does not answer; asking again.");
        }
    }
}

#[async_trait]
impl Loop for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }

    async fn tick(&self) -> TickResult {
        for (name, platform) in &self.app.ports.platforms {
            let now = self.app.now();
            if !self.app.workspaces.is_to_be_asked(name, now) {
                continue;
            }
            match platform.probe().await {
                Ok(probe) => {
                    tracing::info!(chat.platform = %name, chat.account = probe.account, "Connected to a chat platform.");
                    // A block of a year was for a credential; this one works.
                    let beyond = self.app.now().after(LONGEST_RATE_BLOCK);
                    self.app
                        .store()
                        .unblock(name, &probe.workspace, beyond)
                        .await?;
                    self.app.workspaces.set(name.clone(), probe.workspace);
                    self.app.wake.wake(Hints::DELIVERIES.and(Hints::OUTBOX));
                }
                Err(error) => {
                    self.app.workspaces.doubt(name, now);
                    self.tell(name, &error);
                }
            }
        }
        Ok(Tick::Idle(ASK_AGAIN))
    }

    async fn woken(&self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_code_is_short_and_holds_digits() {
        let code = claim_code(&[7; 16]);
        assert_eq!(code.len(), 9);
        assert!(code.chars().any(|c| c.is_ascii_digit()));
        assert_eq!(digest(" abc "), digest("abc"));
    }
}
