use async_trait::async_trait;

use super::{Cause, Outgoing, StoreError};
use crate::chat::Identity;
use crate::id::UserId;
use crate::time::Timestamp;
use crate::user::User;

/// Somebody unknown, and the polite word they get once.
#[derive(Debug, Clone)]
pub struct Stranger {
    pub identity: Identity,
    pub action: String,
    /// Said only when the last refusal is older than `quiet_since`.
    pub word: Option<Outgoing>,
    pub quiet_since: Timestamp,
}

#[async_trait]
pub trait People: Send + Sync {
    /// The user an identity was mapped to at some time, with the stored role. That somebody was
    /// known once gives no rights: the configuration may have dropped them since.
    async fn identity(&self, identity: &Identity) -> Result<Option<User>, StoreError>;

    /// Remembers a user and their identity on first contact; repeating changes nothing.
    async fn meet(
        &self,
        user: &User,
        identity: &Identity,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// All accounts of a user.
    async fn accounts(&self, user: &UserId) -> Result<Vec<Identity>, StoreError>;

    /// Refuses a stranger: settles the delivery, writes `auth.refused` and the audit row, says
    /// the word at most once per quiet time. Makes no user row.
    async fn turn_away(
        &self,
        cause: &Cause,
        stranger: &Stranger,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Replaces the one-time claim code by its SHA-256 (hex); `None` withdraws it.
    async fn set_claim(&self, code_hash: Option<&str>) -> Result<(), StoreError>;

    /// Uses the claim code up: the identity becomes an admin. `None` when the code is not the one.
    async fn claim(
        &self,
        cause: &Cause,
        code_hash: &str,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// The user of an account that claimed the installation: known without the configuration.
    async fn claimed(&self, identity: &Identity) -> Result<Option<User>, StoreError>;

    /// Whether anybody ever claimed the installation.
    async fn has_claimed(&self) -> Result<bool, StoreError>;
}
