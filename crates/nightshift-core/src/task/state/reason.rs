//! Why a task ended other than well: the words that the API, the database and people get.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::UserId;

/// Why a task failed; the word of the API's `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    ExitCode,
    Signal,
    Timeout,
    Lost,
    SpawnFailed,
    Budget,
    DiskQuota,
    IsolationUnavailable,
    Planner,
    TestsFailed,
    Provider,
    Quota,
}

impl Failure {
    pub const ALL: [Self; 12] = [
        Self::ExitCode,
        Self::Signal,
        Self::Timeout,
        Self::Lost,
        Self::SpawnFailed,
        Self::Budget,
        Self::DiskQuota,
        Self::IsolationUnavailable,
        Self::Planner,
        Self::TestsFailed,
        Self::Provider,
        Self::Quota,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::ExitCode => "exit_code",
            Self::Signal => "signal",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::SpawnFailed => "spawn_failed",
            Self::Budget => "budget",
            Self::DiskQuota => "disk_quota",
            Self::IsolationUnavailable => "isolation_unavailable",
            Self::Planner => "planner",
            Self::TestsFailed => "tests_failed",
            Self::Provider => "provider",
            Self::Quota => "quota",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

/// Who ended a task before its own end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    CancelledBy(UserId),
    RejectedBy(UserId),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CancelledBy(user) => write!(f, "cancelled_by {user}"),
            Self::RejectedBy(user) => write!(f, "rejected_by {user}"),
        }
    }
}

impl Stopped {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (verb, user) = text.split_once(' ')?;
        match verb {
            "cancelled_by" => Some(Self::CancelledBy(UserId::new(user))),
            "rejected_by" => Some(Self::RejectedBy(UserId::new(user))),
            _ => None,
        }
    }
}
