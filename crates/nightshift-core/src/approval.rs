//! The question put to people about one plan hash, and who may answer it.

use serde::{Deserialize, Serialize};

use crate::id::{RequestId, UserId};
use crate::plan::PlanHash;
use crate::time::Timestamp;

/// One person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
}

impl Decision {
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approve, Self::Reject]
            .into_iter()
            .find(|decision| decision.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub user: UserId,
    pub decision: Decision,
    pub at: Timestamp,
}

/// The state of an approval request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Open,
    Granted,
    Denied,
    Expired,
    Superseded,
}

impl RequestState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Open,
            Self::Granted,
            Self::Denied,
            Self::Expired,
            Self::Superseded,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// A request as a card or the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    pub request_id: RequestId,
    pub state: RequestState,
    /// Votes needed.
    pub need: u32,
    pub votes: Vec<Vote>,
    pub expires_at: Timestamp,
    #[serde(skip)]
    pub plan_hash: Option<PlanHash>,
}

/// Who may be counted, beside the need for permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voter {
    Owner,
    Approver,
}

/// Whether the asker's own vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfVote {
    Allow,
    Deny,
}

/// How a plan is let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub need: u32,
    pub from: Vec<Voter>,
    pub own: SelfVote,
}

impl Default for Rule {
    /// The guide's flow: who asked may approve their own plan; so may any approver.
    fn default() -> Self {
        Self {
            need: 1,
            from: vec![Voter::Owner, Voter::Approver],
            own: SelfVote::Allow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_decisions_are_read_by_their_names() {
        for name in ["open", "granted", "denied", "expired", "superseded"] {
            assert_eq!(RequestState::from_name(name).unwrap().name(), name);
        }
        for name in ["approve", "reject"] {
            assert_eq!(Decision::from_name(name).unwrap().name(), name);
        }
        assert_eq!(RequestState::from_name("Open"), None);
        assert_eq!(Decision::from_name(""), None);
    }
}
