//! Asking for work.

use nightshift_core::id::TaskId;
use nightshift_core::plan::Plan;
use serde::{Deserialize, Serialize};

/// `POST /api/submit`. What is left out is decided by the configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submit {
    /// What should be done, or `run NAME key=value …`.
    pub description: String,
    /// Start without a click; needs the permission.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_approve: bool,
    /// The agent that should do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The agent's model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A project of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Where it should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// As people write it: `30s`, `5m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// A directory the agent may write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// The same as the header `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to a submission: the task is durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submitted {
    /// Always true; errors have another shape.
    pub success: bool,
    /// The new task, or the first one under the same idempotency key.
    pub task_id: TaskId,
    /// Its state now.
    pub status: String,
    /// Where it was made in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}
