use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Cause, Outgoing, StoreError};
use crate::approval::Decision;
use crate::authorise::Permit;
use crate::chat::Conversation;
use crate::event::Event;
use crate::id::{ActionToken, Fence, Seq, TaskId, UserId};
use crate::plan::{History, Plan, PlanHash};
use crate::task::{Task, TaskEvent, TaskKind, TaskResult, Usage, Wishes};
use crate::time::Timestamp;

/// A task to be made.
#[derive(Debug, Clone)]
pub struct NewTask {
    pub kind: TaskKind,
    pub description: String,
    pub wishes: Wishes,
    pub owner: UserId,
    /// Where the card and the answer go; `None` for the API and the command line.
    pub origin: Option<Conversation>,
    /// The account to fall back on when the conversation cannot be posted in.
    pub asker: Option<crate::chat::Identity>,
    pub idempotency: Option<Idempotency>,
    /// The planning card is shown only when the plan takes longer than until then.
    pub show_planning_at: Timestamp,
}

/// The client's own key for this request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    /// SHA-256 of the body: another body under the same key is refused.
    pub body_hash: [u8; 32],
}

#[derive(Debug, Clone)]
pub enum Created {
    New(Box<Task>),
    /// The same key and body: the first task again.
    Replayed(Box<Task>),
    /// The same key with another body.
    KeyReused,
    /// The delivery was settled before.
    Settled,
}

/// A task that waits for a plan, leased.
#[derive(Debug, Clone)]
pub struct PlanLease {
    pub task: Task,
    pub fence: Fence,
    /// Feedback of all revisions, oldest first.
    pub feedback: Vec<String>,
}

/// A finished plan.
#[derive(Debug, Clone)]
pub struct PlanRecord {
    pub task: TaskId,
    pub fence: Fence,
    pub plan: Plan,
    /// Votes needed; `None` when a permit for `auto_approve` lets it through.
    pub need: Option<u32>,
    pub expires_at: Timestamp,
}

/// The outcome of a move that one person asked for.
#[derive(Debug, Clone)]
pub enum MoveOutcome {
    Moved(Box<Task>),
    /// The task is in no state for that; here it is.
    WrongState(Box<Task>),
    /// Another plan is current.
    Stale(Box<Task>),
    NotFound,
    /// The delivery was settled before.
    Settled,
}

/// One person's vote.
#[derive(Debug, Clone)]
pub struct VoteCast {
    pub task: TaskId,
    /// Proof that this person may vote on this task.
    pub permit: Permit,
    pub decision: Decision,
    /// The plan that the person saw; another current plan makes the vote stale.
    pub plan_hash: Option<PlanHash>,
    pub plan_no: Option<u32>,
    /// The rejection's text.
    pub why: Option<String>,
}

#[derive(Debug, Clone)]
pub enum VoteOutcome {
    Granted(Box<Task>),
    Rejected(Box<Task>),
    /// Counted, but more votes are needed.
    Counted(Box<Task>),
    /// This person has voted on this request before.
    AlreadyCounted(Box<Task>),
    /// Somebody else, or time, decided first.
    Decided(Box<Task>),
    /// The vote is about another plan than the current one.
    Stale(Box<Task>),
    WrongState(Box<Task>),
    NotFound,
    Settled,
}

/// Which tasks to list.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub state: Option<String>,
    pub owner: Option<UserId>,
    /// Part of the description.
    pub text: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// What a button or form of ours does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardVerb {
    Approve,
    Revise,
    Details,
    Cancel,
    /// The form behind Revise.
    Feedback,
}

impl CardVerb {
    pub const ALL: [Self; 5] = [
        Self::Approve,
        Self::Revise,
        Self::Details,
        Self::Cancel,
        Self::Feedback,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Revise => "revise",
            Self::Details => "details",
            Self::Cancel => "cancel",
            Self::Feedback => "feedback",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionTarget {
    pub task: TaskId,
    pub plan_no: u32,
    pub verb: CardVerb,
}

/// A question we put to somebody in a conversation; their next words there are the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub task: TaskId,
    pub plan_no: u32,
}

#[expect(
    clippy::too_many_arguments,
    reason = "a question needs where, who, what, until when and why"
)]
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Makes a task in state planning, with its card row for the origin and the action tokens.
    async fn create_task(
        &self,
        new: &NewTask,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Created, StoreError>;

    async fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError>;

    /// Newest first.
    async fn tasks(&self, filter: &TaskFilter) -> Result<Page<Task>, StoreError>;

    /// An earlier plan of a task, for outdated cards and Details.
    async fn plan(&self, id: &TaskId, plan_no: u32) -> Result<Option<Plan>, StoreError>;

    /// Leases the task that has waited longest for a plan; raises its fence.
    ///
    /// - A lease that ran out counts as a loss; after the third the task fails, and the operators
    ///   are told.
    async fn lease_planning(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PlanLease>, StoreError>;

    /// Records the plan and either asks people or queues the task. `Stale` when the fence is old.
    async fn record_plan(
        &self,
        record: &PlanRecord,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError>;

    /// Takes the lease back before its end; an old fence changes nothing.
    async fn return_planning(
        &self,
        task: &TaskId,
        fence: Fence,
        why: Unplanned,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    async fn fail_planning(
        &self,
        task: &TaskId,
        fence: Fence,
        detail: &str,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError>;

    /// Counts a vote and, when it decides, moves the task.
    ///
    /// - Of votes at the same time exactly one gets `Granted` or `Rejected`.
    /// - An expired request is never granted, even before a sweep has seen it.
    async fn cast_vote(
        &self,
        vote: &VoteCast,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<VoteOutcome, StoreError>;

    /// Supersedes the open request and sends the task back to planning with the feedback.
    async fn revise(
        &self,
        task: &TaskId,
        plan_no: Option<u32>,
        permit: &Permit,
        feedback: &str,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError>;

    /// Cancels, or asks the running attempt to stop (`Moved` with state cancelling).
    async fn cancel(
        &self,
        task: &TaskId,
        permit: &Permit,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError>;

    async fn retry(
        &self,
        task: &TaskId,
        permit: &Permit,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<MoveOutcome, StoreError>;

    /// The tokens of the buttons of one card.
    async fn actions(
        &self,
        task: &TaskId,
        plan_no: u32,
    ) -> Result<BTreeMap<CardVerb, ActionToken>, StoreError>;

    async fn action(&self, token: &ActionToken) -> Result<Option<ActionTarget>, StoreError>;

    /// Puts a question; replaces an earlier one of the same person in the same conversation.
    async fn ask_question(
        &self,
        at: &Conversation,
        who: &UserId,
        question: &Question,
        expires_at: Timestamp,
        cause: &Cause,
        outgoing: &[Outgoing],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The open question to this person in this conversation, without using it up; `revise` does.
    async fn question(
        &self,
        at: &Conversation,
        who: &UserId,
        now: Timestamp,
    ) -> Result<Option<Question>, StoreError>;

    /// 1 for the next to start; `None` when not queued.
    async fn queue_position(&self, task: &TaskId) -> Result<Option<u32>, StoreError>;

    /// Comparable completed tasks: same kind, agent or command name, and project; newest first.
    async fn history(
        &self,
        kind: TaskKind,
        subject: &str,
        project: Option<&str>,
        limit: u32,
    ) -> Result<History, StoreError>;

    /// Events after `after`, oldest first. `kind` may end in `.` for a whole family.
    async fn events(
        &self,
        after: Seq,
        kind: Option<&str>,
        task: Option<&TaskId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;
}

/// An attempt handed out.
#[derive(Debug, Clone)]
pub struct Leased {
    pub task: Task,
    pub fence: Fence,
}

/// What a lease of an attempt promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// Without a heartbeat the attempt is lost then.
    pub until: Timestamp,
    /// Where its program does not run by then, the lease returns.
    pub start_by: Timestamp,
}

/// What the store says to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseWord {
    Keep,
    /// Somebody asked to cancel: stop, then finish.
    Stop,
    /// The attempt is another's by now: stop, and expect that nothing you say counts.
    Fenced,
}

/// The program of an attempt runs.
#[derive(Debug, Clone)]
pub struct Start {
    pub task: TaskId,
    pub fence: Fence,
    /// What keeps it apart from the machine, as the executor names it.
    pub isolation: String,
    /// It ends by then, whatever its heartbeats say.
    pub deadline: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Finish {
    pub task: TaskId,
    pub fence: Fence,
    /// `Completed`, `Failed`, `Retryable`, `StopConfirmed`, `LeaseReturned` or `Lost`, with the
    /// same fence. Whether a loss is the last one the store decides.
    pub event: TaskEvent,
    pub detail: Option<String>,
    pub result: TaskResult,
    pub usage: Usage,
    /// Extra messages of the final answer: parts and files, in order, after the final message.
    pub parts: Vec<crate::notice::Notice>,
    /// Bytes of log written for this attempt.
    pub log_bytes: u64,
}

#[derive(Debug, Clone)]
pub enum FinishOutcome {
    Finished(Box<Task>),
    /// Kept as evidence (an `attempt.fenced` event); changed nothing.
    Fenced,
}

/// What a sweep moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub expired: u32,
    pub lost: u32,
    /// Leases whose program did not start in time.
    pub returned: u32,
    /// Attempts that held on beyond the end of all that their plan allows.
    pub overdue: u32,
}

/// Why a planner gives a task back without a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplanned {
    /// The service stops.
    HandedBack,
    /// The planner died over it: counted like the loss of an attempt.
    Lost,
}

#[async_trait]
pub trait Attempts: Send + Sync {
    /// Leases queued tasks of this executor, those that have waited longest first, at most
    /// `limit` of them in one commit: raises their fences, makes their attempt rows.
    ///
    /// - Only a task whose current plan has a granted request for the same hash (or was let
    ///   through), and whose cancel was not asked.
    async fn lease(
        &self,
        executor: &str,
        holder: &str,
        terms: LeaseTerms,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Leased>, StoreError>;

    /// The one that has waited longest.
    async fn lease_next(
        &self,
        executor: &str,
        holder: &str,
        terms: LeaseTerms,
        now: Timestamp,
    ) -> Result<Option<Leased>, StoreError> {
        Ok(self.lease(executor, holder, terms, 1, now).await?.pop())
    }

    /// Notes that programs run, in one commit. The answers are in the order of `starts`: `Fenced`
    /// where the lease is gone.
    async fn start_all(
        &self,
        starts: &[Start],
        now: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError>;

    /// Notes that one program runs.
    async fn attempt_started(
        &self,
        task: &TaskId,
        fence: Fence,
        isolation: &str,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<LeaseWord, StoreError> {
        let start = Start {
            task: task.clone(),
            fence,
            isolation: isolation.to_owned(),
            deadline,
        };
        let words = self.start_all(&[start], now).await?;
        Ok(words.into_iter().next().unwrap_or(LeaseWord::Fenced))
    }

    /// Where the attempt is; brings the card up to date and writes `attempt.progress` when the step changed.
    async fn attempt_progress(
        &self,
        task: &TaskId,
        fence: Fence,
        step: Option<&str>,
        usage: Usage,
        session: Option<&str>,
        now: Timestamp,
    ) -> Result<LeaseWord, StoreError>;

    /// Renews all leases of a holder in one commit; the answers are in the order of `held`.
    async fn renew(
        &self,
        holder: &str,
        held: &[(TaskId, Fence)],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<LeaseWord>, StoreError>;

    /// Ends attempts, each once, in one commit; an old fence changes nothing. The outcomes are in
    /// the order of `ends`.
    async fn finish_all(
        &self,
        ends: &[Finish],
        now: Timestamp,
    ) -> Result<Vec<FinishOutcome>, StoreError>;

    /// Ends one attempt.
    async fn finish(&self, end: &Finish, now: Timestamp) -> Result<FinishOutcome, StoreError> {
        let outcomes = self.finish_all(std::slice::from_ref(end), now).await?;
        // Nothing else can be known of an attempt that nobody answered for.
        Ok(outcomes.into_iter().next().unwrap_or(FinishOutcome::Fenced))
    }

    /// Expires what nobody decided; takes leases back whose program did not start, requeues or
    /// fails what was lost, ends what holds on beyond its deadline.
    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError>;

    /// After a start: attempts and planning leases of earlier lives of this server are lost
    /// (their processes are gone), sends in flight become unsure.
    ///
    /// - `holder` names the present life as `<server>/<life>`; a holder with the same server is
    ///   an earlier life.
    /// - Leases of all others hold until `grace` at least: while we were away nobody took their
    ///   heartbeats.
    async fn recover(
        &self,
        holder: &str,
        grace: Timestamp,
        now: Timestamp,
    ) -> Result<Swept, StoreError>;
}

#[cfg(test)]
mod tests;
