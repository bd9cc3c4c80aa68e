//! Keys below `remote.auth` and `remote.approvals`.

use crate::config::key::{Key, Kind, key};

const ROLES: Kind = Kind::OneOf(&["viewer", "submitter", "approver", "admin"]);

pub(crate) const AUTH: &[Key] = &[
    key(
        "method",
        Kind::OneOrMore(&Kind::OneOf(&[
            "api_key",
            "platform_signature",
            "jwt",
            "oauth2",
        ])),
        "what the API accepts",
    ),
    key("api_keys", Kind::SecretNames(&Kind::Text), "key: user"),
    key(
        "platform_secrets",
        Kind::Section(PLATFORM_SECRETS),
        "secrets of platforms that leave theirs out",
    ),
    key(
        "allowed_users",
        Kind::List(&Kind::Short(&Kind::Identity, ALLOWED)),
        "who is known; everybody else is a stranger",
    ),
    key(
        "users",
        Kind::Map(&Kind::Section(USER)),
        "people with several identities",
    ),
    key("jwt", Kind::Section(JWT), "tokens signed by others"),
    key("oauth2", Kind::Section(OAUTH2), "logins by others"),
];

const PLATFORM_SECRETS: &[Key] = &[
    key(
        "slack",
        Kind::Secret,
        "the signing secret; it fills slack.signing_secret",
    ),
    key(
        "whatsapp",
        Kind::Secret,
        "the app's secret; it fills whatsapp.app_secret",
    ),
    key(
        "telegram",
        Kind::Secret,
        "the bot's token; it fills telegram.bot_token",
    ),
    key(
        "discord",
        Kind::Secret,
        "the public key; it fills discord.public_key",
    ),
];

const ALLOWED: &[Key] = &[
    key(
        "id",
        Kind::Identity,
        "platform:id, or platform:* for everybody there",
    ),
    key("role", ROLES, "by default submitter"),
];

const USER: &[Key] = &[
    key("role", ROLES, "by default submitter"),
    key(
        "identities",
        Kind::List(&Kind::Identity),
        "accounts on platforms",
    ),
];

const JWT: &[Key] = &[
    key("issuer", Kind::Text, "who signs"),
    key("audience", Kind::Text, "for whom"),
    key("jwks_url", Kind::Endpoint, "where the keys are"),
    key("secret", Kind::Secret, "for HS256"),
    key("public_key", Kind::Text, "for RS256, ES256, EdDSA"),
    key(
        "algorithms",
        Kind::List(&Kind::OneOf(&["HS256", "RS256", "ES256", "EdDSA"])),
        "what is accepted",
    ),
];

const OAUTH2: &[Key] = &[
    key("issuer", Kind::Endpoint, "who logs people in"),
    key("audience", Kind::Text, "for whom"),
    key("client_id", Kind::Text, "who we are there"),
    key("client_secret", Kind::Secret, "our secret there"),
    key(
        "introspection_url",
        Kind::Endpoint,
        "where tokens are checked",
    ),
];

pub(crate) const APPROVALS: &[Key] = &[
    key(
        "expires",
        Kind::Span,
        "an unanswered request ends after this",
    ),
    key(
        "rules",
        Kind::List(&Kind::Section(RULE)),
        "the first that matches decides",
    ),
];

const RULE: &[Key] = &[
    key("when", Kind::Section(WHEN), "{} matches every plan"),
    key("need", Kind::Whole(1), "votes"),
    key(
        "from",
        Kind::List(&Kind::OneOf(&["owner", "approver"])),
        "whose votes count",
    ),
    key(
        "self",
        Kind::OneOf(&["allow", "deny"]),
        "whether the asker's own vote counts",
    ),
];

const WHEN: &[Key] = &[
    key(
        "risk",
        Kind::OneOf(&["low", "medium", "high"]),
        "of the plan",
    ),
    key(
        "kind",
        Kind::OneOf(&["agent", "command", "patch", "session"]),
        "of the task",
    ),
    key("project", Kind::Text, "of the task"),
    key("executor", Kind::Text, "of the plan"),
];
