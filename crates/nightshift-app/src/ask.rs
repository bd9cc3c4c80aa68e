//! From a task to the question a planner is asked.

use nightshift_core::port::Ask;
use nightshift_core::port::store::PlanLease;
use nightshift_core::task::{Task, TaskKind};

use crate::{App, Problem};

/// Finished tasks that the estimate looks at: enough for a p90, recent enough to be true.
const HISTORY: u32 = 50;

impl App {
    /// Everything a planner may know, or a sentence for the person when it cannot be planned.
    pub(crate) async fn ask_for(&self, lease: &PlanLease) -> Result<Ask, Problem> {
        let task = &lease.task;
        let agent = match task.kind {
            TaskKind::Agent => Some(self.agent_for(task)?),
            TaskKind::Command => None,
        };
        let command = match &task.wishes.command {
            Some(call) => Some(
                self.fill_command(call)
                    .map_err(|why| Problem::invalid("command", why))?,
            ),
            None => None,
        };
        let subject = agent.as_ref().map(|agent| agent.name.clone());
        let subject = subject
            .or_else(|| command.as_ref().map(|plan| plan.call.name.clone()))
            .unwrap_or_default();
        let project = task.wishes.project.as_deref();
        let history = self
            .store()
            .history(task.kind, &subject, project, HISTORY)
            .await?;
        let executor = task
            .wishes
            .executor
            .clone()
            .unwrap_or_else(|| self.settings.default_executor.clone());
        let project_dir = project
            .and_then(|name| self.settings.projects.get(name))
            .map(|project| project.path.to_string_lossy().into_owned());
        Ok(Ask {
            task: task.id.clone(),
            fence: lease.fence,
            kind: task.kind,
            text: task.description.clone(),
            wishes: task.wishes.clone(),
            feedback: lease.feedback.clone(),
            agent,
            command,
            project_dir,
            executor,
            workspace: self
                .settings
                .working_dir
                .join(task.id.as_str())
                .to_string_lossy()
                .into_owned(),
            history,
            limits: self.settings.limits,
        })
    }

    fn agent_for(&self, task: &Task) -> Result<nightshift_core::agent::AgentSpec, Problem> {
        let of_project = || {
            let project = self.settings.projects.get(task.wishes.project.as_ref()?)?;
            project.default_agent.clone()
        };
        let name = task.wishes.agent.clone().or_else(of_project);
        let name = name.unwrap_or_else(|| self.settings.default_agent.clone());
        self.settings.agents.get(&name).cloned().ok_or_else(|| {
            let why = format!("`{name}` is not configured; add remote.execution.agents.{name}");
            Problem::invalid("agent", why)
        })
    }
}
