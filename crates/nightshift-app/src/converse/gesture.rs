//! What people do: say, press, fill in a form.

use std::time::Duration;

use nightshift_core::authorise::{Action, Actor, Resource, authorise};
use nightshift_core::chat::Inbound;
use nightshift_core::command::{self, Command};
use nightshift_core::id::{ActionToken, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::port::store::{ActionTarget, CardVerb, Cause, Outgoing, Question, TaskFilter};
use nightshift_core::task::{NamedCommand, TaskKind, TaskState, Wishes};
use nightshift_core::wording;

use super::reply::{answer, privately};
use crate::decide::Seen;
use crate::submit::Submit;
use crate::{App, Problem};

/// Platforms give three seconds for opening a form; most of that is spent when it is our turn.
const FORM_WITHIN: Duration = Duration::from_secs(2);
/// Tasks that `status` and `queue` list.
const LISTED: u32 = 10;

impl App {
    pub(super) async fn say(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        text: &str,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let command = match command::parse(text, &self.settings.grammar()) {
            Ok(command) => command,
            Err(bad) => return self.tell(inbound, cause, wording::bad_command(&bad)).await,
        };
        match command {
            Command::Ask { text, wishes } => {
                self.ask_or_answer(actor, inbound, text, wishes, cause)
                    .await
            }
            Command::Run { call, wishes } => {
                self.run_named(actor, inbound, text, call, wishes, cause)
                    .await
            }
            Command::Approve { task } => {
                let done = self.approve(actor, &task, Seen::default(), cause).await?;
                self.confirm(inbound, wording::approved(&done.id)).await
            }
            Command::Reject { task, why } => {
                let done = self
                    .reject(actor, &task, Seen::default(), why, cause)
                    .await?;
                self.confirm(inbound, wording::rejected(&done.id)).await
            }
            Command::Revise { task, feedback } => {
                let done = self.revise(actor, &task, None, &feedback, cause).await?;
                self.confirm(inbound, wording::replanning(&done.id)).await
            }
            Command::Cancel { task } => self.cancel_by_word(actor, inbound, &task, cause).await,
            Command::Retry { task } => {
                let done = self.retry(actor, &task, cause).await?;
                self.confirm(inbound, wording::replanning(&done.id)).await
            }
            question => self.question(actor, inbound, question, cause).await,
        }
    }

    /// Words that change nothing.
    async fn question(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        command: Command,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let card = match command {
            Command::Status { task: Some(id) } => {
                let task = self.task(actor, &id).await?;
                let position = self.store().queue_position(&id).await?;
                wording::answer::status(&task, position)
            }
            Command::Status { task: None } => self.listing(actor, None).await?,
            Command::Queue { state } => self.listing(actor, state).await?,
            Command::Results { task } => wording::answer::results(&self.task(actor, &task).await?),
            Command::Logs { task, lines } => {
                let (task, tail) = self.log_tail(actor, &task, lines).await?;
                wording::answer::logs(&task, &tail)
            }
            Command::Why { task } => {
                let (task, events) = self.why(actor, &task).await?;
                wording::answer::why(&task, &events)
            }
            Command::Whoami => match actor {
                Actor::User(user) => wording::whoami(user, &inbound.from.to_string()),
                Actor::Operator => wording::unknown_button(),
            },
            Command::Help { verb: Some(verb) } => wording::help_verb(verb),
            Command::Claim { .. } => wording::bad_claim(),
            _ => wording::help(&self.settings.commands.values().collect::<Vec<_>>()),
        };
        self.tell(inbound, cause, card).await
    }

    async fn listing(
        &self,
        actor: &Actor,
        state: Option<&str>,
    ) -> Result<nightshift_core::card::Card, Problem> {
        let filter = TaskFilter {
            state: state.map(str::to_owned),
            limit: LISTED,
            ..TaskFilter::default()
        };
        let page = self.tasks(actor, &filter).await?;
        Ok(wording::answer::queue(
            &page.items,
            page.next_cursor.is_some(),
        ))
    }

    /// Said after a change that is committed: the card tells the same, so this may be lost.
    async fn confirm(
        &self,
        inbound: &Inbound,
        card: nightshift_core::card::Card,
    ) -> Result<(), Problem> {
        self.store()
            .enqueue(&[answer(inbound, card)], self.now())
            .await?;
        self.wake.messages();
        Ok(())
    }

    async fn cancel_by_word(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        id: &TaskId,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let done = self.cancel(actor, id, cause).await?;
        let card = if matches!(done.state, TaskState::Cancelling { .. }) {
            wording::cancelling(&done.id)
        } else {
            wording::cancelled(&done.id)
        };
        self.confirm(inbound, card).await
    }

    /// A text is a task, or the answer to a question we put to this person here.
    async fn ask_or_answer(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        text: String,
        wishes: Wishes,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let open = self
            .store()
            .question(&inbound.at, &actor.id(), self.now())
            .await?;
        if let Some(question) = open {
            self.revise(actor, &question.task, Some(question.plan_no), &text, cause)
                .await?;
            return Ok(());
        }
        self.submit_said(actor, inbound, TaskKind::Agent, text, wishes, cause)
            .await
    }

    async fn run_named(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        text: &str,
        call: NamedCommand,
        wishes: Wishes,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let wishes = Wishes {
            command: Some(call),
            ..wishes
        };
        self.submit_said(
            actor,
            inbound,
            TaskKind::Command,
            text.trim().to_owned(),
            wishes,
            cause,
        )
        .await
    }

    async fn submit_said(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        kind: TaskKind,
        description: String,
        wishes: Wishes,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let submit = Submit {
            description,
            kind,
            wishes,
            origin: Some(inbound.at.clone()),
            asker: Some(inbound.from.clone()),
            idempotency: None,
        };
        self.submit(actor, submit, cause).await.map(|_| ())
    }

    pub(super) async fn press(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        action: &ActionToken,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let Some(target) = self.store().action(action).await? else {
            return self.tell(inbound, cause, wording::unknown_button()).await;
        };
        let seen = Seen {
            plan_hash: None,
            plan_no: Some(target.plan_no),
        };
        match target.verb {
            CardVerb::Approve => self
                .approve(actor, &target.task, seen, cause)
                .await
                .map(|_| ()),
            CardVerb::Cancel => self.press_cancel(actor, &target, cause).await,
            CardVerb::Details => self.press_details(actor, inbound, target, cause).await,
            CardVerb::Revise => self.press_revise(actor, inbound, &target, cause).await,
            // A form's token behind a button: nothing of ours sends that.
            CardVerb::Feedback => self.tell(inbound, cause, wording::unknown_button()).await,
        }
    }

    async fn press_cancel(
        &self,
        actor: &Actor,
        target: &ActionTarget,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let task = self.find(&target.task).await?;
        if task.plan_no != target.plan_no {
            return Err(Problem::Stale(Box::new(task)));
        }
        self.cancel(actor, &target.task, cause).await.map(|_| ())
    }

    async fn press_details(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        target: ActionTarget,
        cause: &Cause,
    ) -> Result<(), Problem> {
        authorise(actor, Action::View, &Resource::Service).map_err(Problem::Forbidden)?;
        let mut said = privately(inbound, nightshift_core::card::Card::default());
        said.notice = Notice::Details {
            task: target.task,
            plan_no: target.plan_no,
        };
        self.store()
            .answer(cause, &[said], None, self.now())
            .await?;
        self.wake.messages();
        Ok(())
    }

    /// A form where the platform has them; else a question, and the next words are the answer.
    async fn press_revise(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        target: &ActionTarget,
        cause: &Cause,
    ) -> Result<(), Problem> {
        let task = self.find(&target.task).await?;
        self.permit(actor, Action::Revise, &task)?;
        if task.plan_no != target.plan_no {
            return Err(Problem::Stale(Box::new(task)));
        }
        if !matches!(task.state, TaskState::Staged { .. }) {
            return Err(Problem::WrongState("revise", Box::new(task)));
        }
        let forms = self
            .platform(&inbound.at.platform)
            .filter(|platform| platform.capabilities().forms)
            .cloned();
        if let (Some(platform), Some(handle)) = (forms, &inbound.form_handle) {
            let actions = self.store().actions(&task.id, target.plan_no).await?;
            let mut form = wording::feedback_form(&task.id);
            if let Some(action) = actions.get(&CardVerb::Feedback) {
                form.action = action.clone();
            }
            // All conversations wait meanwhile.
            let opening = platform.open_form(handle, &form);
            let opened = match tokio::time::timeout(FORM_WITHIN, opening).await {
                Ok(opened) => opened.map_err(|error| error.to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            };
            let outgoing: Vec<Outgoing> = match opened {
                Ok(()) => Vec::new(),
                Err(error) => {
                    tracing::warn!(chat.platform = %inbound.at.platform, error, "A form could not be opened.");
                    vec![privately(inbound, wording::form_expired(&task.id))]
                }
            };
            self.store()
                .answer(cause, &outgoing, None, self.now())
                .await?;
            self.wake.messages();
            return Ok(());
        }
        let question = Question {
            task: task.id.clone(),
            plan_no: target.plan_no,
        };
        let said = Outgoing {
            to: inbound.at.clone(),
            notice: Notice::Say {
                card: wording::feedback_question(&task.id),
            },
            whisper: None,
        };
        let now = self.now();
        let expires = now.after(self.settings.timers.question);
        let store = self.store();
        store
            .ask_question(
                &inbound.at,
                &actor.id(),
                &question,
                expires,
                cause,
                &[said],
                now,
            )
            .await?;
        self.wake.messages();
        Ok(())
    }

    /// The form behind Revise was filled in.
    pub(super) async fn form(
        &self,
        actor: &Actor,
        inbound: &Inbound,
        form: &ActionToken,
        text: &str,
        cause: &Cause,
    ) -> Result<(), Problem> {
        match self.store().action(form).await? {
            Some(ActionTarget {
                task,
                plan_no,
                verb: CardVerb::Feedback,
            }) => self
                .revise(actor, &task, Some(plan_no), text, cause)
                .await
                .map(|_| ()),
            _ => self.tell(inbound, cause, wording::unknown_button()).await,
        }
    }
}
