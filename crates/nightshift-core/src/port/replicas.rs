//! Several servers on one database: who is there, who leads which work, and hints between them.
//!
//! A server that has its database for itself has no such port. Nothing here is needed for what
//! must not happen twice — that is decided row by row in the store —, only for who does what.

use async_trait::async_trait;

use super::store::StoreError;
use crate::id::{Fence, Platform, TaskId};
use crate::time::Timestamp;

/// This server, as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The same in every life on one data directory.
    pub id: String,
    /// Another one after each start.
    pub life: String,
    /// For people.
    pub name: String,
}

impl Replica {
    /// How leases name it: `@<server>/<life>`.
    pub fn holder(&self) -> String {
        format!("@{}/{}", self.id, self.life)
    }
}

/// A server that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub replica: Replica,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

/// Whether a server may go on under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appeared {
    Here,
    /// A younger life took its place: what this one holds is void.
    Superseded,
}

/// The leadership of some work, for a while.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// Such as `sweep` or `send:slack`.
    pub work: String,
    /// Grows with each change of the leader.
    pub epoch: i64,
}

/// The work of sending what waits for a platform.
pub fn sending(platform: &Platform) -> String {
    format!("send:{platform}")
}

/// Who sends, and what they may send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    pub holder: String,
    /// The terms in which it sends; `None` where nobody else does.
    pub terms: Option<Vec<Term>>,
}

impl Sender {
    /// Sends everything: the database is its own.
    pub fn alone() -> Self {
        Self::default()
    }

    pub fn sends(&self, platform: &Platform) -> bool {
        let work = sending(platform);
        self.terms
            .as_ref()
            .is_none_or(|terms| terms.iter().any(|term| term.work == work))
    }
}

/// What may be looked at before its poll: bits, so that many hints are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints(u8);

impl Hints {
    pub const NONE: Self = Self(0);
    /// Deliveries wait to be acted on.
    pub const DELIVERIES: Self = Self(1);
    /// Tasks wait for a plan.
    pub const PLANNING: Self = Self(2);
    /// Tasks wait to start.
    pub const ATTEMPTS: Self = Self(4);
    /// Running attempts were asked to stop.
    pub const STOPS: Self = Self(8);
    /// Messages wait to be sent.
    pub const OUTBOX: Self = Self(16);
    /// Something can be read that could not before.
    pub const CHANGES: Self = Self(32);

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}

#[async_trait]
pub trait Replicas: Send + Sync {
    /// The database's clock: the one time of all servers.
    async fn server_time(&self) -> Result<Timestamp, StoreError>;

    /// By how many milliseconds the servers that are there hold their time apart from the
    /// database's clock; `None` while none is there.
    async fn shared_offset(&self) -> Result<Option<i64>, StoreError>;

    /// Is there, and goes on being so.
    ///
    /// - `first` in the life takes the place of an earlier life; later only its own.
    async fn appear(
        &self,
        me: &Replica,
        first: bool,
        now: Timestamp,
    ) -> Result<Appeared, StoreError>;

    /// Those that were seen since.
    async fn seen(&self, since: Timestamp) -> Result<Vec<Seen>, StoreError>;

    /// Leads what nobody else leads at `now`, and goes on leading what it led.
    ///
    /// - Of many who ask at once one gets each work.
    /// - The answer is everything that is led now, in its present term.
    async fn lead(
        &self,
        holder: &str,
        work: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Term>, StoreError>;

    /// Leads nothing any more: others need not wait for the end of its terms.
    async fn step_down(&self, holder: &str) -> Result<(), StoreError>;

    /// What others were sending to a platform when they ceased to lead may have arrived.
    async fn doubt_sends(
        &self,
        platform: &Platform,
        holder: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// A value that all servers share; the first proposal is kept.
    async fn shared_value(&self, name: &str, proposal: &str) -> Result<String, StoreError>;

    /// Tells the other servers, soon and perhaps.
    fn hint(&self, what: Hints);

    /// What others told since the last call; waits until there is something.
    async fn hinted(&self) -> Hints;
}

/// Result files, where the disk of one server is not for all.
#[async_trait]
pub trait Files: Send + Sync {
    /// Keeps a part of a file, at its place; the same part again changes nothing.
    async fn keep_file(
        &self,
        task: &TaskId,
        fence: Fence,
        path: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError>;

    /// The part that begins at `offset`; `None` beyond the end, or where the file is not kept.
    async fn read_file(
        &self,
        task: &TaskId,
        fence: Fence,
        path: &str,
        offset: u64,
    ) -> Result<Option<Vec<u8>>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_add_up_and_are_told_apart() {
        let both = Hints::OUTBOX.and(Hints::STOPS);
        assert!(both.has(Hints::OUTBOX) && both.has(Hints::STOPS));
        assert!(!both.has(Hints::PLANNING));
        assert_eq!(Hints::from_bits(both.bits()), both);
        assert!(!Hints::NONE.has(Hints::from_bits(255)));
    }

    #[test]
    fn who_is_alone_sends_everything_and_others_what_they_lead() {
        let slack = Platform::new("slack");
        assert!(Sender::alone().sends(&slack));
        let leading = |work: &str| Sender {
            holder: "a/1".into(),
            terms: Some(vec![Term {
                work: work.into(),
                epoch: 1,
            }]),
        };
        assert!(leading("send:slack").sends(&slack));
        assert!(!leading("send:web").sends(&slack));
    }

    #[test]
    fn a_lease_names_the_server_and_its_life() {
        let me = Replica {
            id: "a".into(),
            life: "1".into(),
            name: "box".into(),
        };
        assert_eq!(me.holder(), "@a/1");
    }
}
