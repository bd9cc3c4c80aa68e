//! What the service measures of itself.

use serde::{Deserialize, Serialize};

/// `GET /health`: measured values only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// `ready`, `starting`, `draining` or `unavailable`.
    pub status: String,
    /// The version of the running program.
    pub version: String,
    /// Seconds since this server was made.
    pub uptime_seconds: f64,
    /// Whether the store took a write just now.
    pub store: StoreHealth,
    /// Our own time beside the machine's.
    pub clock: ClockHealth,
    /// This server among several on one database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaHealth>,
}

/// One server of several on a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaHealth {
    /// Names it in leases and on attempts.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The work that it does for all at this moment.
    pub leads: Vec<String>,
    /// The servers that were seen in the last seconds, this one included.
    pub seen: Vec<String>,
}

/// Our own time beside the machine's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockHealth {
    /// Whether both agree within five seconds.
    pub ok: bool,
    /// How far the machine's clock is ahead of ours; negative when it is behind.
    pub ahead_seconds: f64,
}

/// The result of a write and a read-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreHealth {
    /// Whether it works.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// Invariants that the auditor found broken, where `timers.self_check` has it look.
    #[serde(default)]
    pub broken_invariants: Vec<String>,
    /// Measured since the server was made.
    #[serde(default)]
    pub measured: StoreMeasures,
}

/// What the store measures of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreMeasures {
    /// Deliveries that shared a commit.
    pub batch: Spread,
    /// Commits, in microseconds.
    pub commit_us: Spread,
    /// Waits for the turn to write, in microseconds.
    pub wait_us: Spread,
    /// How often the log was folded into the database beside the commits.
    pub folds: u64,
    /// The log that is not begun anew yet, in megabytes.
    pub log_mb: u64,
}

/// How a measured value is spread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How often it was measured.
    pub count: u64,
    /// The median, at most a fifth too high.
    pub p50: u64,
    /// Of 100 values 99 are not above, at most a fifth too high.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}
