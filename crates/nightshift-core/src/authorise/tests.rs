use super::*;
use crate::approval::{Rule, SelfVote, Voter};

fn actor(id: &str, role: Role) -> Actor {
    Actor::User(User {
        id: UserId::new(id),
        role,
        kind: Kind::Person,
    })
}

/// What each role may do to a task of its own and of somebody else, under the default rule.
#[test]
fn the_table_of_roles() {
    let rule = Rule::default();
    let mut table = String::new();
    for role in [Role::Viewer, Role::Submitter, Role::Approver, Role::Admin] {
        for (whose, owner) in [("own", "ana"), ("other", "bob")] {
            let owner = UserId::new(owner);
            let resource = Resource::Task {
                owner: &owner,
                rule: &rule,
            };
            let may: Vec<&str> = Action::ALL
                .into_iter()
                .filter(|action| authorise(&actor("ana", role), *action, &resource).is_ok())
                .map(Action::name)
                .collect();
            table.push_str(&format!("{:9} {whose:5} {}\n", role.name(), may.join(" ")));
        }
    }
    insta::assert_snapshot!(table, @"
    viewer    own   view
    viewer    other view
    submitter own   view submit run approve reject revise cancel retry
    submitter other view submit run
    approver  own   view submit run approve reject revise cancel retry
    approver  other view submit run approve reject revise cancel retry
    admin     own   view submit run auto_approve approve reject revise cancel retry administer
    admin     other view submit run auto_approve approve reject revise cancel retry administer
    ");
}

#[test]
fn the_own_vote_does_not_count_where_the_rule_denies_it() {
    let rule = Rule {
        own: SelfVote::Deny,
        ..Rule::default()
    };
    let owner = UserId::new("ana");
    let resource = Resource::Task {
        owner: &owner,
        rule: &rule,
    };
    let refusal = authorise(&actor("ana", Role::Admin), Action::Approve, &resource).unwrap_err();
    assert_eq!(refusal.why, Why::OwnPlan);
    assert!(authorise(&actor("bob", Role::Approver), Action::Approve, &resource).is_ok());
    assert!(authorise(&actor("ana", Role::Submitter), Action::Reject, &resource).is_ok());
}

#[test]
fn an_owner_is_not_counted_where_only_approvers_are() {
    let rule = Rule {
        from: vec![Voter::Approver],
        ..Rule::default()
    };
    let owner = UserId::new("ana");
    let resource = Resource::Task {
        owner: &owner,
        rule: &rule,
    };
    assert!(authorise(&actor("ana", Role::Submitter), Action::Approve, &resource).is_err());
}

#[test]
fn a_machine_never_approves() {
    let rule = Rule::default();
    let owner = UserId::new("bot");
    let resource = Resource::Task {
        owner: &owner,
        rule: &rule,
    };
    let bot = Actor::User(User {
        id: owner.clone(),
        role: Role::Admin,
        kind: Kind::Machine,
    });
    for action in [Action::Approve, Action::Reject, Action::AutoApprove] {
        assert_eq!(
            authorise(&bot, action, &resource).unwrap_err().why,
            Why::Machine
        );
    }
    assert!(authorise(&bot, Action::Submit, &Resource::Service).is_ok());
}

#[test]
fn without_a_task_nobody_votes_or_cancels_as_owner() {
    let ana = actor("ana", Role::Submitter);
    for action in [
        Action::Approve,
        Action::Reject,
        Action::Revise,
        Action::Cancel,
        Action::Retry,
    ] {
        assert!(authorise(&ana, action, &Resource::Service).is_err());
    }
}

#[test]
fn a_refusal_says_which_task_it_was_about() {
    let vera = actor("vera", Role::Viewer);
    let refusal = authorise(&vera, Action::Submit, &Resource::Service).unwrap_err();
    assert_eq!(refusal.task, None);
    let task: TaskId = "task_7k2m9q4x".parse().unwrap();
    let about = refusal.clone().about(&task);
    assert_eq!(about.task, Some(task));
    assert_eq!((about.actor, about.why), (refusal.actor, refusal.why));
}
