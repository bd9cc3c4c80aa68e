//! The section `remote.planner`, and the planner that it describes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nightshift_core::agent::AgentSpec;
use nightshift_core::port::{Executor, Planner};
use nightshift_core::secret::Scrubber;
use nightshift_core::time::Span;
use serde::{Deserialize, Serialize};

use crate::{AgentPlanner, EstimatePlanner};

/// `remote.planner`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlannerSection {
    pub kind: PlannerKind,
    /// `None` with the kind `agent`: the agent that would do the work.
    pub agent: Option<String>,
    /// For the agent's answer; `None`: the timer for planning.
    pub timeout: Option<Span>,
}

/// `remote.planner.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannerKind {
    /// The agent where one is named, else the estimate.
    #[default]
    Auto,
    /// No model, no network.
    Estimate,
    Agent,
}

/// What a planner needs from the rest of the service.
pub struct Parts<'a> {
    /// Runs the planning agent.
    pub executor: Arc<dyn Executor>,
    pub agents: &'a BTreeMap<String, AgentSpec>,
    /// The timer for planning.
    pub planning: Duration,
    pub stop_grace: Duration,
    /// Keeps live secrets out of what a reply puts into a plan.
    pub scrubber: Scrubber,
}

/// The section names what is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    pub key: String,
    pub message: String,
}

/// The planner of the configuration. Named commands are always estimated.
pub fn build(section: &PlannerSection, parts: Parts<'_>) -> Result<Arc<dyn Planner>, ConfigError> {
    let agent = match &section.agent {
        Some(name) => Some(find(name, parts.agents)?),
        None => None,
    };
    let asks = match section.kind {
        PlannerKind::Estimate => false,
        PlannerKind::Auto => agent.is_some(),
        PlannerKind::Agent => true,
    };
    if !asks {
        return Ok(Arc::new(EstimatePlanner));
    }
    Ok(Arc::new(AgentPlanner::new(
        parts.executor,
        agent,
        section.timeout.map_or(parts.planning, |span| span.0),
        parts.stop_grace,
        parts.scrubber,
    )))
}

fn find(name: &str, agents: &BTreeMap<String, AgentSpec>) -> Result<AgentSpec, ConfigError> {
    agents.get(name).cloned().ok_or_else(|| ConfigError {
        key: "remote.planner.agent".to_owned(),
        message: format!("`{name}` is not configured; add remote.execution.agents.{name}"),
    })
}

#[cfg(test)]
mod tests;
