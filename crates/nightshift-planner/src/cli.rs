//! The planner `agent`: asks an agent's command line for a plan as JSON.
//!
//! The program runs as any attempt does, through the `Executor` port: sandboxed, in a workspace of
//! its own, with no other directory. Whatever goes wrong, the estimate stands and says why.

mod argv;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::agent::AgentSpec;
use nightshift_core::chat::TextUnit;
use nightshift_core::chat::split::shorten;
use nightshift_core::plan::Draft;
use nightshift_core::port::{
    Ask, ExecError, Executor, Exit, ExitKind, Job, JobEvent, Planner, PlannerError, Running,
};
use nightshift_core::secret::Scrubber;
use nightshift_core::task::TaskKind;

use crate::draft::{MOST_REPLY, Reply, ReplyError};
use crate::estimate::EstimatePlanner;
use crate::prompt::{self, Most};

/// Characters of a reason that the card has room for.
const REASON_SHOWN: usize = 300;

/// Plans by asking an agent; without a usable reply by the estimate, with the reason.
pub struct AgentPlanner {
    executor: Arc<dyn Executor>,
    /// `None`: the agent that would do the work.
    agent: Option<AgentSpec>,
    timeout: Duration,
    stop_grace: Duration,
    scrubber: Scrubber,
}

/// Why the agent gave no plan.
#[derive(Debug, thiserror::Error)]
enum NoPlan {
    #[error("it took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
    #[error("it ended with exit code {0}")]
    Code(i32),
    #[error("it was ended by signal {0}")]
    Signal(i32),
    #[error("it was stopped")]
    Stopped,
    #[error("{0}")]
    Said(String),
    #[error("it ended without an outcome")]
    Vanished,
    #[error(transparent)]
    Start(#[from] ExecError),
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

impl AgentPlanner {
    pub(crate) fn new(
        executor: Arc<dyn Executor>,
        agent: Option<AgentSpec>,
        timeout: Duration,
        stop_grace: Duration,
        scrubber: Scrubber,
    ) -> Self {
        Self {
            executor,
            agent,
            timeout,
            stop_grace,
            scrubber,
        }
    }

    async fn ask_agent(&self, ask: &Ask, agent: &AgentSpec, base: Draft) -> Result<Draft, NoPlan> {
        let job = self.job(ask, agent);
        // The executor keeps the job's own timeout; this one also covers an executor that hangs.
        let most = self.timeout + self.stop_grace;
        let answer = tokio::time::timeout(most, self.run(job));
        let answer = answer.await.map_err(|_| NoPlan::TooSlow(self.timeout))??;
        Ok(Reply::read(&answer)?.onto(base, ask, &self.scrubber)?)
    }

    fn job(&self, ask: &Ask, agent: &AgentSpec) -> Job {
        let (argv, output) = argv::for_planning(agent);
        let env_set = agent.env_set.iter();
        Job {
            task: ask.task.clone(),
            fence: ask.fence,
            argv,
            prompt: prompt::write(ask, &Most::of(ask)),
            prompt_by: agent.prompt,
            output,
            network: agent.network(),
            writable_dirs: Vec::new(),
            project_dir: None,
            credential_paths: agent.credential_paths.clone(),
            env_pass: agent.env_pass.clone(),
            env_set: env_set.map(|(k, v)| (k.clone(), v.clone())).collect(),
            timeout: self.timeout,
            stop_grace: self.stop_grace,
            install_hint: agent.install_hint.clone(),
            // One byte more than is read: a longer reply is seen to be too long.
            output_limit: MOST_REPLY as u64 + 1,
            // A plan is an answer; files are not kept.
            result_file_limit: 0,
        }
    }

    async fn run(&self, job: Job) -> Result<String, NoPlan> {
        let mut running = self.executor.start(job).await?;
        let exit = last(running.as_mut()).await.ok_or(NoPlan::Vanished)?;
        match exit.kind {
            ExitKind::Code(0) => Ok(exit.answer),
            ExitKind::Code(code) => Err(NoPlan::Code(code)),
            ExitKind::Signal(signal) => Err(NoPlan::Signal(signal)),
            ExitKind::TimedOut => Err(NoPlan::TooSlow(self.timeout)),
            ExitKind::Stopped => Err(NoPlan::Stopped),
            ExitKind::SpawnFailed(why)
            | ExitKind::IsolationUnavailable(why)
            | ExitKind::AgentError(why)
            | ExitKind::Provider(why)
            | ExitKind::Broken(why) => Err(NoPlan::Said(why)),
        }
    }

    /// The reason as it stands in a plan: without secrets, on one line, short.
    fn reason(&self, why: &NoPlan) -> String {
        let text = self.scrubber.text(&why.to_string());
        let plain: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        shorten(plain.trim(), REASON_SHOWN, TextUnit::Chars).0
    }
}

#[async_trait]
impl Planner for AgentPlanner {
    async fn plan(&self, ask: &Ask) -> Result<Draft, PlannerError> {
        let base = EstimatePlanner.draft(ask)?;
        let Some(agent) = self.agent.as_ref().or(ask.agent.as_ref()) else {
            return Ok(base);
        };
        if ask.kind == TaskKind::Command {
            return Ok(base);
        }
        match self.ask_agent(ask, agent, base.clone()).await {
            Ok(mut draft) => {
                draft.reasoning = format!("Planned by {}. {}", agent.name, draft.reasoning);
                Ok(draft)
            }
            Err(why) => {
                tracing::info!(
                    task.id = %ask.task,
                    agent = %agent.name,
                    "The agent gave no usable plan; the task is estimated instead."
                );
                let reason = self.reason(&why);
                let reasoning = format!(
                    "estimated without the agent: {}: {reason}. {}",
                    agent.name, base.reasoning
                );
                Ok(Draft { reasoning, ..base })
            }
        }
    }
}

async fn last(running: &mut dyn Running) -> Option<Exit> {
    while let Some(event) = running.next().await {
        if let JobEvent::Exited(exit) = event {
            return Some(exit);
        }
    }
    None
}

#[cfg(test)]
mod tests;
