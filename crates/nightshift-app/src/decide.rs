//! Approve, reject, revise, cancel, retry: one shape, one authorisation, one transaction.

use nightshift_core::approval::Decision;
use nightshift_core::authorise::{Action, Actor, Permit, Resource, authorise};
use nightshift_core::id::TaskId;
use nightshift_core::plan::PlanHash;
use nightshift_core::port::store::{Cause, MoveOutcome, VoteCast, VoteOutcome};
use nightshift_core::task::Task;

use crate::{App, Problem};

/// What the person saw when they decided.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub plan_hash: Option<PlanHash>,
    pub plan_no: Option<u32>,
}

impl App {
    /// The task, for somebody who may see it.
    pub async fn task(&self, actor: &Actor, id: &TaskId) -> Result<Task, Problem> {
        authorise(actor, Action::View, &Resource::Service).map_err(Problem::Forbidden)?;
        self.find(id).await
    }

    pub(crate) async fn find(&self, id: &TaskId) -> Result<Task, Problem> {
        self.store()
            .task(id)
            .await?
            .ok_or_else(|| Problem::NotFound(id.clone()))
    }

    pub(crate) fn permit(
        &self,
        actor: &Actor,
        action: Action,
        task: &Task,
    ) -> Result<Permit, Problem> {
        let resource = Resource::Task {
            owner: &task.owner,
            rule: &self.settings.rule,
        };
        authorise(actor, action, &resource)
            .map_err(|refusal| Problem::Forbidden(refusal.about(&task.id)))
    }

    pub async fn approve(
        &self,
        actor: &Actor,
        id: &TaskId,
        seen: Seen,
        cause: &Cause,
    ) -> Result<Task, Problem> {
        self.vote(actor, id, Decision::Approve, seen, None, cause)
            .await
    }

    pub async fn reject(
        &self,
        actor: &Actor,
        id: &TaskId,
        seen: Seen,
        why: Option<String>,
        cause: &Cause,
    ) -> Result<Task, Problem> {
        self.vote(actor, id, Decision::Reject, seen, why, cause)
            .await
    }

    async fn vote(
        &self,
        actor: &Actor,
        id: &TaskId,
        decision: Decision,
        seen: Seen,
        why: Option<String>,
        cause: &Cause,
    ) -> Result<Task, Problem> {
        let (action, verb) = match decision {
            Decision::Approve => (Action::Approve, "approve"),
            Decision::Reject => (Action::Reject, "reject"),
        };
        let task = self.find(id).await?;
        let permit = self.permit(actor, action, &task)?;
        let why = why.map(|why| self.settings.scrubber.text(&why));
        let vote = VoteCast {
            task: id.clone(),
            permit,
            decision,
            plan_hash: seen.plan_hash,
            plan_no: seen.plan_no,
            why,
        };
        let outcome = self.store().cast_vote(&vote, cause, self.now()).await?;
        self.wake.all();
        match outcome {
            VoteOutcome::Granted(task)
            | VoteOutcome::Rejected(task)
            | VoteOutcome::Counted(task) => Ok(*task),
            VoteOutcome::AlreadyCounted(task) | VoteOutcome::Decided(task) => {
                Err(Problem::Decided(task))
            }
            VoteOutcome::Stale(task) => Err(Problem::Stale(task)),
            VoteOutcome::WrongState(task) => Err(Problem::WrongState(verb, task)),
            VoteOutcome::NotFound => Err(Problem::NotFound(id.clone())),
            VoteOutcome::Settled => Err(Problem::Settled),
        }
    }

    pub async fn revise(
        &self,
        actor: &Actor,
        id: &TaskId,
        plan_no: Option<u32>,
        feedback: &str,
        cause: &Cause,
    ) -> Result<Task, Problem> {
        if feedback.trim().is_empty() {
            return Err(Problem::invalid("feedback", "say what should be different"));
        }
        let task = self.find(id).await?;
        let permit = self.permit(actor, Action::Revise, &task)?;
        let feedback = self.settings.scrubber.text(feedback);
        let outcome = self
            .store()
            .revise(id, plan_no, &permit, &feedback, cause, self.now())
            .await?;
        self.moved("revise", id, outcome)
    }

    /// Cancels; a running task is asked to stop and is `cancelling` until it has.
    pub async fn cancel(&self, actor: &Actor, id: &TaskId, cause: &Cause) -> Result<Task, Problem> {
        let task = self.find(id).await?;
        let permit = self.permit(actor, Action::Cancel, &task)?;
        let outcome = self.store().cancel(id, &permit, cause, self.now()).await?;
        self.wake.stop_asked();
        self.moved("cancel", id, outcome)
    }

    pub async fn retry(&self, actor: &Actor, id: &TaskId, cause: &Cause) -> Result<Task, Problem> {
        let task = self.find(id).await?;
        let permit = self.permit(actor, Action::Retry, &task)?;
        let outcome = self.store().retry(id, &permit, cause, self.now()).await?;
        self.moved("retry", id, outcome)
    }

    fn moved(
        &self,
        verb: &'static str,
        id: &TaskId,
        outcome: MoveOutcome,
    ) -> Result<Task, Problem> {
        self.wake.all();
        match outcome {
            MoveOutcome::Moved(task) => Ok(*task),
            MoveOutcome::WrongState(task) => Err(Problem::WrongState(verb, task)),
            MoveOutcome::Stale(task) => Err(Problem::Stale(task)),
            MoveOutcome::NotFound => Err(Problem::NotFound(id.clone())),
            MoveOutcome::Settled => Err(Problem::Settled),
        }
    }
}
