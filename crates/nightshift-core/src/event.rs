//! The log of what happened: one numbered line each.

use serde::{Deserialize, Serialize};

use crate::id::{Seq, TaskId};
use crate::time::Timestamp;

/// A line of the event log, in the shape that the API shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub seq: Seq,
    pub at: Timestamp,
    /// `task.staged`, `approval.granted`, `auth.refused`, …
    #[serde(rename = "type")]
    pub kind: String,
    pub task_id: Option<TaskId>,
    /// The user who caused it; `None` for NightShift itself.
    pub actor: Option<String>,
    pub data: serde_json::Value,
}
