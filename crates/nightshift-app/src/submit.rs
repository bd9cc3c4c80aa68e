//! Asking for work: the same for a message, the API and the command line.

use nightshift_core::authorise::{Action, Actor, Permit, Resource, authorise};
use nightshift_core::chat::{Conversation, Identity};
use nightshift_core::command::{self, Command, run};
use nightshift_core::port::planner::CommandPlan;
use nightshift_core::port::store::{Cause, Created, Idempotency, NewTask};
use nightshift_core::task::{NamedCommand, Task, TaskKind, Wishes};

use crate::{App, Problem};

/// A request for work.
#[derive(Debug, Clone)]
pub struct Submit {
    pub description: String,
    pub kind: TaskKind,
    pub wishes: Wishes,
    pub origin: Option<Conversation>,
    /// The account that asked, where it was one.
    pub asker: Option<Identity>,
    pub idempotency: Option<Idempotency>,
}

/// Longest description in bytes; the agent gets all of it.
const MAX_DESCRIPTION: usize = 1 << 20;

impl App {
    /// A direct submission (API, command line): `run NAME …` is a command, all else is text.
    pub async fn submit_text(
        &self,
        actor: &Actor,
        text: &str,
        wishes: Wishes,
        idempotency: Option<Idempotency>,
    ) -> Result<Task, Problem> {
        let parsed = command::parse_submission(text, &self.settings.grammar());
        let parsed = parsed.map_err(|bad| Problem::invalid("description", bad.message))?;
        let (kind, wishes) = match parsed {
            Command::Run { call, wishes: own } => {
                let wishes = Wishes {
                    command: Some(call),
                    timeout_s: own.timeout_s.or(wishes.timeout_s),
                    ..wishes
                };
                (TaskKind::Command, wishes)
            }
            _ => (TaskKind::Agent, wishes),
        };
        let submit = Submit {
            description: text.to_owned(),
            kind,
            wishes,
            origin: None,
            asker: None,
            idempotency,
        };
        self.submit(actor, submit, &Cause::by(actor.id())).await
    }

    /// Makes a task, or says why not. Refusals are recorded by the door, which knows its caller.
    pub async fn submit(
        &self,
        actor: &Actor,
        submit: Submit,
        cause: &Cause,
    ) -> Result<Task, Problem> {
        permit_submit(actor, &submit)?;
        self.check_submit(&submit)?;
        let now = self.now();
        let new = NewTask {
            kind: submit.kind,
            description: self.settings.scrubber.text(&submit.description),
            wishes: submit.wishes,
            owner: actor.id(),
            origin: submit.origin,
            asker: submit.asker,
            idempotency: submit.idempotency,
            show_planning_at: now.after(self.settings.timers.planning_card),
        };
        match self.store().create_task(&new, cause, now).await? {
            Created::New(task) => {
                self.wake.all();
                Ok(*task)
            }
            Created::Replayed(task) => Ok(*task),
            Created::KeyReused => Err(Problem::KeyReused),
            Created::Settled => Err(Problem::Settled),
        }
    }

    /// Everything a person can still mend is refused here, before a task exists.
    fn check_submit(&self, submit: &Submit) -> Result<(), Problem> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, why: String| problems.push((field.to_owned(), why));
        if submit.description.trim().is_empty() {
            wrong("description", "say what should be done".into());
        }
        if submit.description.len() > MAX_DESCRIPTION {
            wrong("description", "at most 1 MiB".into());
        }
        let wishes = &submit.wishes;
        if let Some(agent) = &wishes.agent
            && !self.settings.agents.contains_key(agent)
        {
            wrong("agent", unknown(agent, self.settings.agents.keys()));
        }
        if let Some(project) = &wishes.project
            && !self.settings.projects.contains_key(project)
        {
            wrong("project", unknown(project, self.settings.projects.keys()));
        }
        if let Some(executor) = &wishes.executor
            && !self.ports.executors.contains_key(executor)
        {
            wrong("executor", unknown(executor, self.ports.executors.keys()));
        }
        if let Some(dir) = &wishes.dir
            && let Err(why) = self.check_dir(dir)
        {
            wrong("dir", why);
        }
        if let Some(seconds) = wishes.timeout_s
            && (seconds == 0 || seconds > self.settings.limits.max_timeout_s)
        {
            wrong(
                "timeout",
                format!("1s up to {}s", self.settings.limits.max_timeout_s),
            );
        }
        if let Some(usd) = wishes.max_cost_usd
            && !(usd.is_finite() && usd >= 0.0 && usd <= self.settings.limits.max_usd)
        {
            wrong(
                "max_cost",
                format!("$0 up to ${:.2}", self.settings.limits.max_usd),
            );
        }
        if let Some(call) = &wishes.command
            && let Err(why) = self.fill_command(call)
        {
            wrong("description", why);
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Problem::Invalid(problems))
        }
    }

    /// The named command with its arguments, checked against the schema.
    pub(crate) fn fill_command(&self, call: &NamedCommand) -> Result<CommandPlan, String> {
        let spec = self
            .settings
            .commands
            .get(&call.name)
            .ok_or_else(|| unknown(&call.name, self.settings.commands.keys()))?;
        run::fill(spec, call).map_err(|bad| format!("{} Try: {}", bad.message, bad.example))
    }

    /// A directory an agent may be given: an existing one inside a project.
    pub(crate) fn check_dir(&self, dir: &str) -> Result<(), String> {
        let path = std::path::Path::new(dir);
        if !path.is_absolute() {
            return Err(format!("{dir}: an absolute path is needed"));
        }
        let real = path
            .canonicalize()
            .map_err(|error| format!("{dir}: {error}"))?;
        let inside = self.settings.projects.values().any(|project| {
            project
                .path
                .canonicalize()
                .is_ok_and(|root| real.starts_with(root))
        });
        if !inside {
            return Err(format!("{dir}: it is in none of the configured projects"));
        }
        Ok(())
    }
}

fn permit_submit(actor: &Actor, submit: &Submit) -> Result<Permit, Problem> {
    let action = match submit.kind {
        TaskKind::Agent => Action::Submit,
        TaskKind::Command => Action::RunCommand,
    };
    let permit = authorise(actor, action, &Resource::Service).map_err(Problem::Forbidden)?;
    if submit.wishes.auto_approve {
        authorise(actor, Action::AutoApprove, &Resource::Service).map_err(Problem::Forbidden)?;
    }
    Ok(permit)
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let list = if known.is_empty() {
        "none is configured".to_owned()
    } else {
        known.join(", ")
    };
    format!("`{name}` is not known here; known: {list}")
}
