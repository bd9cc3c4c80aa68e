//! `remote.approvals`: who lets a plan through.

use std::time::Duration;

use nightshift_core::approval::{Rule, SelfVote, Voter};
use nightshift_core::plan::Risk;
use nightshift_core::time::Span;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Approvals {
    pub(crate) expires: Span,
    /// The first that matches decides.
    pub(crate) rules: Vec<ApprovalRule>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            expires: Span(Duration::from_hours(24)),
            rules: vec![ApprovalRule::default()],
        }
    }
}

impl Approvals {
    /// The rule for every plan: in this version there is one.
    pub(crate) fn rule(&self) -> Rule {
        let rule = self.rules.first().cloned().unwrap_or_default();
        let voter = |from: &From| match from {
            From::Owner => Voter::Owner,
            From::Approver => Voter::Approver,
        };
        Rule {
            need: rule.need,
            from: rule.from.iter().map(voter).collect(),
            own: match rule.own {
                Own::Allow => SelfVote::Allow,
                Own::Deny => SelfVote::Deny,
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ApprovalRule {
    pub(crate) when: When,
    pub(crate) need: u32,
    pub(crate) from: Vec<From>,
    #[serde(rename = "self")]
    pub(crate) own: Own,
}

impl Default for ApprovalRule {
    fn default() -> Self {
        Self {
            when: When::default(),
            need: 1,
            from: vec![From::Owner, From::Approver],
            own: Own::Allow,
        }
    }
}

/// What a plan must be for the rule to match; empty matches every plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) risk: Option<Risk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) executor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    Owner,
    Approver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Own {
    Allow,
    Deny,
}
