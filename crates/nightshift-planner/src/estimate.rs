//! The planner `estimate`: a deterministic plan from the text, the agent's preset, the project
//! and this installation's own past. No model, no network.
//!
//! Risk of an agent's task, decided here: `low` while it may write only in its own workspace,
//! `medium` as soon as it may also write in a project or another directory. A named command has
//! the risk that its configuration says. `high` is never guessed.

mod command;
mod figures;
mod words;

use async_trait::async_trait;
use nightshift_core::agent::AgentSpec;
use nightshift_core::plan::{Draft, Risk};
use nightshift_core::port::{Ask, Planner, PlannerError};
use nightshift_core::task::TaskKind;

/// Plans without asking anybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct EstimatePlanner;

impl EstimatePlanner {
    /// The draft for an ask; the same ask always gives the same draft.
    pub fn draft(self, ask: &Ask) -> Result<Draft, PlannerError> {
        match (ask.kind, &ask.agent, &ask.command) {
            (TaskKind::Agent, Some(agent), _) => Ok(of_agent(ask, agent)),
            (TaskKind::Command, _, Some(command)) => Ok(command::draft(ask, command)),
            (TaskKind::Agent, None, _) => Err(refused("no agent is configured for this task")),
            (TaskKind::Command, _, None) => Err(refused("the command is not configured any more")),
        }
    }
}

#[async_trait]
impl Planner for EstimatePlanner {
    async fn plan(&self, ask: &Ask) -> Result<Draft, PlannerError> {
        self.draft(ask)
    }
}

fn refused(message: &str) -> PlannerError {
    PlannerError {
        message: message.to_owned(),
        source: None,
    }
}

fn of_agent(ask: &Ask, agent: &AgentSpec) -> Draft {
    let prompt = prompt(ask);
    let (estimate, basis) = figures::estimate(ask, agent, &prompt);
    let ceiling = figures::ceiling(ask, &estimate);
    let usual = ask.limits.default_timeout_s.min(ask.limits.max_timeout_s);
    let timeout_s = ask.wishes.timeout_s.unwrap_or(usual);
    let risk = agent_risk(ask);
    let mut draft = Draft {
        summary: words::summary(ask, agent),
        prompt,
        agent: Some(agent.name.clone()),
        model: ask.wishes.model.clone(),
        executor: ask.executor.clone(),
        workspace: ask.workspace.clone(),
        writable_dirs: writable_dirs(ask),
        tools: Vec::new(),
        network: agent.network().name().to_owned(),
        estimate,
        ceiling,
        timeout_s,
        risk: risk.name().to_owned(),
        reasoning: String::new(),
        argv: Vec::new(),
    };
    draft.reasoning = words::reasoning(ask, agent, &draft, basis);
    draft
}

/// The person's words exactly as given; after them every change asked for, marked as such.
fn prompt(ask: &Ask) -> String {
    let mut prompt = ask.text.clone();
    for feedback in &ask.feedback {
        prompt.push_str("\n\nChanges asked for: ");
        prompt.push_str(feedback);
    }
    prompt
}

fn writable_dirs(ask: &Ask) -> Vec<String> {
    let mut dirs = vec![ask.workspace.clone()];
    for dir in [&ask.project_dir, &ask.wishes.dir].into_iter().flatten() {
        if !dirs.contains(dir) {
            dirs.push(dir.clone());
        }
    }
    dirs
}

fn agent_risk(ask: &Ask) -> Risk {
    if writable_dirs(ask).len() > 1 {
        Risk::Medium
    } else {
        Risk::Low
    }
}

#[cfg(test)]
mod tests;
