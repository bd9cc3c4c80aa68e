//! Output of an attempt.

use serde::{Deserialize, Serialize};

/// `GET …/{id}/logs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogText {
    /// Whole characters; bytes that are no UTF-8 are shown as U+FFFD.
    pub text: String,
    /// The byte offset to go on from.
    pub next_offset: u64,
}

/// Data of the last event of `…/logs/stream`, named `end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnd {
    /// The state the task ended in.
    pub status: String,
    /// Bytes of output.
    pub next_offset: u64,
}
