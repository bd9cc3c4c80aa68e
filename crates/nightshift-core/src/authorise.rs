//! The one decision that every door calls: message, button, form, page, API, command line.

use crate::approval::{Rule, SelfVote, Voter};
use crate::id::{TaskId, UserId};
use crate::user::{Kind, Permission, Role, User};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A known user.
    User(User),
    /// Whoever may open the server's own socket: the operator of this machine.
    Operator,
}

impl Actor {
    pub fn id(&self) -> UserId {
        match self {
            Self::User(user) => user.id.clone(),
            Self::Operator => UserId::new("operator"),
        }
    }

    pub fn role(&self) -> Role {
        match self {
            Self::User(user) => user.role,
            Self::Operator => Role::Admin,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::User(user) => user.kind,
            Self::Operator => Kind::Person,
        }
    }

    fn holds(&self, permission: Permission) -> bool {
        self.role().holds(permission)
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    View,
    Submit,
    RunCommand,
    /// Submit without a click.
    AutoApprove,
    Approve,
    Reject,
    Revise,
    Cancel,
    Retry,
    /// See the audit and manage people.
    Administer,
}

impl Action {
    pub const ALL: [Self; 10] = [
        Self::View,
        Self::Submit,
        Self::RunCommand,
        Self::AutoApprove,
        Self::Approve,
        Self::Reject,
        Self::Revise,
        Self::Cancel,
        Self::Retry,
        Self::Administer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Submit => "submit",
            Self::RunCommand => "run",
            Self::AutoApprove => "auto_approve",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Revise => "revise",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Administer => "administer",
        }
    }
}

/// What it is done to.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// Nothing in particular: a list, a new task.
    Service,
    Task {
        owner: &'a UserId,
        rule: &'a Rule,
    },
}

/// Proof that [`authorise`] said yes; nothing else can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    action: Action,
}

impl Permit {
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub fn action(&self) -> Action {
        self.action
    }
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action:?} refused to {actor}: {why:?}")]
pub struct Refusal {
    pub actor: UserId,
    pub action: Action,
    pub why: Why,
    /// The task it was about, where the caller knows one.
    pub task: Option<TaskId>,
}

impl Refusal {
    pub fn about(self, task: &TaskId) -> Self {
        Self {
            task: Some(task.clone()),
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Lacks(Permission),
    /// Only the owner, or who holds `cancel_any`.
    NotOwner,
    /// Neither the owner nor an approver.
    NotVoter,
    /// The rule does not count the asker's own vote.
    OwnPlan,
    /// A program is never an approver.
    Machine,
}

/// Decides. Everything that is not allowed here is refused.
pub fn authorise(
    actor: &Actor,
    action: Action,
    resource: &Resource<'_>,
) -> Result<Permit, Refusal> {
    let decision = match action {
        Action::View => needs(actor, Permission::ViewTasks),
        Action::Submit => needs(actor, Permission::SubmitTasks),
        Action::RunCommand => needs(actor, Permission::RunCommands),
        Action::AutoApprove => may_auto_approve(actor),
        Action::Approve | Action::Reject => may_vote(actor, action, resource),
        Action::Revise => may_revise(actor, resource),
        Action::Cancel | Action::Retry => may_manage(actor, resource),
        Action::Administer => needs(actor, Permission::Admin),
    };
    match decision {
        Ok(()) => Ok(Permit {
            actor: actor.clone(),
            action,
        }),
        Err(why) => Err(Refusal {
            actor: actor.id(),
            action,
            why,
            task: None,
        }),
    }
}

fn needs(actor: &Actor, permission: Permission) -> Result<(), Why> {
    if actor.holds(permission) {
        Ok(())
    } else {
        Err(Why::Lacks(permission))
    }
}

fn may_auto_approve(actor: &Actor) -> Result<(), Why> {
    if actor.kind() == Kind::Machine {
        return Err(Why::Machine);
    }
    needs(actor, Permission::AutoApprove)
}

fn is_owner(actor: &Actor, resource: &Resource<'_>) -> bool {
    match resource {
        Resource::Service => false,
        Resource::Task { owner, .. } => **owner == actor.id(),
    }
}

/// The owner votes where the rule counts owners and their role lets them submit; others as approvers.
fn may_vote(actor: &Actor, action: Action, resource: &Resource<'_>) -> Result<(), Why> {
    let Resource::Task { rule, .. } = resource else {
        return Err(Why::NotVoter);
    };
    if actor.kind() == Kind::Machine {
        return Err(Why::Machine);
    }
    let own = is_owner(actor, resource);
    // Withdrawing one's own request is no approval: it needs no rule.
    if own && action == Action::Reject {
        return needs(actor, Permission::SubmitTasks);
    }
    if own && rule.own == SelfVote::Deny {
        return Err(Why::OwnPlan);
    }
    let as_owner = own && rule.from.contains(&Voter::Owner) && actor.holds(Permission::SubmitTasks);
    let as_approver = rule.from.contains(&Voter::Approver) && actor.holds(Permission::ApproveTasks);
    if as_owner || as_approver {
        Ok(())
    } else {
        Err(Why::NotVoter)
    }
}

fn may_revise(actor: &Actor, resource: &Resource<'_>) -> Result<(), Why> {
    if is_owner(actor, resource) {
        return needs(actor, Permission::SubmitTasks);
    }
    if actor.holds(Permission::ApproveTasks) {
        Ok(())
    } else {
        Err(Why::NotOwner)
    }
}

fn may_manage(actor: &Actor, resource: &Resource<'_>) -> Result<(), Why> {
    if is_owner(actor, resource) {
        return needs(actor, Permission::SubmitTasks);
    }
    if actor.holds(Permission::CancelAny) {
        Ok(())
    } else {
        Err(Why::NotOwner)
    }
}

#[cfg(test)]
mod tests;
