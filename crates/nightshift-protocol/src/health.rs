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
}
