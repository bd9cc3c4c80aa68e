//! People: roles, permissions, and the list of who is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chat::Identity;
use crate::id::{Platform, UserId};

/// A named permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    ViewTasks,
    SubmitTasks,
    RunCommands,
    ApproveTasks,
    CancelAny,
    Pause,
    AutoApprove,
    Control,
    ManageUsers,
    ManageRunners,
    Tunnels,
    Admin,
}

impl Permission {
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewTasks => "view_tasks",
            Self::SubmitTasks => "submit_tasks",
            Self::RunCommands => "run_commands",
            Self::ApproveTasks => "approve_tasks",
            Self::CancelAny => "cancel_any",
            Self::Pause => "pause",
            Self::AutoApprove => "auto_approve",
            Self::Control => "control",
            Self::ManageUsers => "manage_users",
            Self::ManageRunners => "manage_runners",
            Self::Tunnels => "tunnels",
            Self::Admin => "admin",
        }
    }
}

/// A bundle of permissions; each contains the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Submitter,
    Approver,
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Submitter, Self::Approver, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }

    pub fn permissions(self) -> &'static [Permission] {
        const ALL: [Permission; 12] = [
            Permission::ViewTasks,
            Permission::SubmitTasks,
            Permission::RunCommands,
            Permission::ApproveTasks,
            Permission::CancelAny,
            Permission::Pause,
            Permission::AutoApprove,
            Permission::Control,
            Permission::ManageUsers,
            Permission::ManageRunners,
            Permission::Tunnels,
            Permission::Admin,
        ];
        match self {
            Self::Viewer => &ALL[..1],
            Self::Submitter => &ALL[..3],
            Self::Approver => &ALL[..6],
            Self::Admin => &ALL,
        }
    }

    pub fn holds(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

/// Whether a person or a program stands behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Person,
    /// Never counts as an approver.
    Machine,
}

/// A known user, as every door sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub role: Role,
    pub kind: Kind,
}

/// An entry of the allow-list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub platform: Platform,
    /// `None` is `*`: everybody on that platform.
    pub id: Option<String>,
    pub role: Role,
}

/// Who the configuration knows.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Static users and their identities.
    pub users: BTreeMap<UserId, StaticUser>,
    pub allowed: Vec<Allowed>,
}

/// `auth.users.X`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticUser {
    pub role: Role,
    pub identities: Vec<Identity>,
}

/// What the configuration says of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Static(User),
    /// On the allow-list: mapped to a user of their own on first contact.
    Listed(User),
    Stranger,
}

impl Directory {
    pub fn find(&self, identity: &Identity) -> Known {
        for (id, user) in &self.users {
            if user.identities.iter().any(|known| same(known, identity)) {
                return Known::Static(User {
                    id: id.clone(),
                    role: user.role,
                    kind: Kind::Person,
                });
            }
        }
        // An entry that names the person outranks `*`.
        let named = self.allowed.iter().find(|entry| {
            entry.platform == identity.platform
                && entry
                    .id
                    .as_ref()
                    .is_some_and(|id| same_id(id, &identity.id))
        });
        let any = || {
            self.allowed
                .iter()
                .find(|entry| entry.platform == identity.platform && entry.id.is_none())
        };
        match named.or_else(any) {
            Some(entry) => {
                let id = UserId::new(format!("user_{}_{}", identity.platform, identity.id));
                let role = self.users.get(&id).map_or(entry.role, |user| user.role);
                Known::Listed(User {
                    id,
                    role,
                    kind: Kind::Person,
                })
            }
            None => Known::Stranger,
        }
    }

    /// The role the configuration gives to a user id.
    pub fn role_of(&self, id: &UserId) -> Option<Role> {
        self.users.get(id).map(|user| user.role)
    }

    /// No person can be known but by a claim.
    pub fn names_nobody(&self) -> bool {
        self.users.values().all(|user| user.identities.is_empty()) && self.allowed.is_empty()
    }

    /// An account of `user` on `platform`, to mention them by.
    pub fn account_of(&self, user: &UserId, platform: &Platform) -> Option<Identity> {
        let accounts = self
            .users
            .get(user)
            .map(|user| user.identities.as_slice())
            .unwrap_or_default();
        accounts
            .iter()
            .find(|identity| &identity.platform == platform)
            .cloned()
    }
}

fn same(known: &Identity, identity: &Identity) -> bool {
    known.platform == identity.platform && same_id(&known.id, &identity.id)
}

/// Telephone numbers are listed with or without `+`.
fn same_id(listed: &str, id: &str) -> bool {
    listed.strip_prefix('+').unwrap_or(listed) == id.strip_prefix('+').unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(id: &str) -> Identity {
        Identity {
            platform: Platform::new("chat"),
            id: id.into(),
        }
    }

    fn entry(id: Option<&str>, role: Role) -> Allowed {
        Allowed {
            platform: Platform::new("chat"),
            id: id.map(Into::into),
            role,
        }
    }

    #[test]
    fn a_name_outranks_the_star_and_others_are_strangers() {
        let directory = Directory {
            allowed: vec![entry(None, Role::Viewer), entry(Some("U1"), Role::Approver)],
            ..Directory::default()
        };
        let role = |id: &str| match directory.find(&identity(id)) {
            Known::Listed(user) => Some(user.role),
            _ => None,
        };
        assert_eq!(role("U1"), Some(Role::Approver));
        assert_eq!(role("U2"), Some(Role::Viewer));
        let other = Identity {
            platform: Platform::new("elsewhere"),
            id: "U1".into(),
        };
        assert_eq!(directory.find(&other), Known::Stranger);
    }

    fn ana() -> Directory {
        let user = StaticUser {
            role: Role::Approver,
            identities: vec![identity("+491234"), identity("U1")],
        };
        Directory {
            users: [(UserId::new("ana"), user)].into(),
            allowed: vec![],
        }
    }

    #[test]
    fn a_configured_user_is_known_by_their_accounts_alone() {
        let directory = ana();
        let user = User {
            id: UserId::new("ana"),
            role: Role::Approver,
            kind: Kind::Person,
        };
        for id in ["+491234", "491234", "U1"] {
            let known = directory.find(&identity(id));
            assert_eq!(known, Known::Static(user.clone()), "{id}");
        }
        assert_eq!(directory.find(&identity("U2")), Known::Stranger);
        let elsewhere = Identity {
            platform: Platform::new("elsewhere"),
            ..identity("U1")
        };
        assert_eq!(directory.find(&elsewhere), Known::Stranger);
        assert_eq!(directory.role_of(&UserId::new("ana")), Some(Role::Approver));
        assert_eq!(directory.role_of(&UserId::new("bob")), None);
    }

    #[test]
    fn people_are_mentioned_by_their_account_on_that_platform() {
        let (ana, user) = (ana(), UserId::new("ana"));
        let account = |platform: &str| ana.account_of(&user, &Platform::new(platform));
        assert_eq!(account("chat"), Some(identity("+491234")));
        assert_eq!(account("elsewhere"), None);
        assert_eq!(
            ana.account_of(&UserId::new("bob"), &Platform::new("chat")),
            None
        );
    }

    #[test]
    fn a_configuration_names_somebody_by_an_account_or_a_list() {
        assert!(Directory::default().names_nobody());
        assert!(!ana().names_nobody());
        let listed = Directory {
            allowed: vec![entry(None, Role::Viewer)],
            ..Directory::default()
        };
        assert!(!listed.names_nobody());
        let mut without_accounts = ana();
        for user in without_accounts.users.values_mut() {
            user.identities.clear();
        }
        assert!(without_accounts.names_nobody());
    }

    #[test]
    fn roles_and_permissions_have_the_names_of_the_configuration() {
        for name in ["viewer", "submitter", "approver", "admin"] {
            assert_eq!(Role::from_name(name).unwrap().name(), name);
        }
        assert_eq!(Role::from_name("Admin"), None);
        let names: Vec<&str> = Role::Approver
            .permissions()
            .iter()
            .map(|it| it.name())
            .collect();
        assert_eq!(
            names.join(" "),
            "view_tasks submit_tasks run_commands approve_tasks cancel_any pause"
        );
    }

    #[test]
    fn each_role_contains_the_one_before() {
        let roles = [Role::Viewer, Role::Submitter, Role::Approver, Role::Admin];
        for pair in roles.windows(2) {
            assert!(pair[0].permissions().iter().all(|p| pair[1].holds(*p)));
            assert!(pair[0].permissions().len() < pair[1].permissions().len());
        }
        assert!(!Role::Submitter.holds(Permission::ApproveTasks));
        assert!(!Role::Approver.holds(Permission::AutoApprove));
    }
}
