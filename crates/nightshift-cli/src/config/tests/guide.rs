//! The guide's own examples, word for word.

use nightshift_core::secret::Secret;
use nightshift_core::user::{Known, Role};

use super::{HOME, loads, refused};
use crate::config::Loaded;
use crate::config::section::auth::Method;
use crate::config::section::execution::{CloudProvider, Mode};
use crate::config::section::platforms::Transport;

const BIG: &str = include_str!("../fixtures/guide_big.yaml");
const SLACK: &str = include_str!("../fixtures/guide_slack.yaml");
const CLOUD: &str = include_str!("../fixtures/guide_cloud.yaml");
const AUTH: &str = include_str!("../fixtures/guide_auth.yaml");

const SLACK_VARIABLES: [(&str, &str); 2] = [
    ("SLACK_BOT_TOKEN", "xoxb-of-the-guide"),
    ("SLACK_SIGNING_SECRET", "signing-secret-of-the-guide"),
];

fn assert_slack(loaded: &Loaded) {
    let slack = &loaded.config.remote.trigger_service.platforms.slack;
    assert!(slack.enabled);
    let token = slack.bot_token.as_ref().map(Secret::expose);
    assert_eq!(token, Some("xoxb-of-the-guide"));
    let secret = slack.signing_secret.as_ref().map(Secret::expose);
    assert_eq!(secret, Some("signing-secret-of-the-guide"));
}

#[test]
fn the_big_example_loads_with_the_variables_of_slack_alone() {
    let loaded = loads(BIG, &SLACK_VARIABLES);
    assert_slack(&loaded);
    let remote = &loaded.config.remote;
    let service = &remote.trigger_service;
    assert_eq!(service.public_address(), Some("https://your-server.com"));
    let url = service.webhook_url.as_deref();
    assert_eq!(
        service.platforms.slack.chosen_transport(url),
        Transport::Http
    );
    assert_eq!(remote.execution.mode, Mode::Local);
    assert_eq!(remote.execution.cloud_provider, Some(CloudProvider::Gcp));
    assert_eq!(
        remote.execution.gcp.project.as_deref(),
        Some("my-research-project")
    );
    assert_eq!(
        remote.execution.azure.storage_account.as_deref(),
        Some("nightshiftresults")
    );
    assert_eq!(remote.auth.method, [Method::ApiKey]);
    let users: Vec<&str> = remote
        .auth
        .api_keys
        .0
        .iter()
        .map(|(_, user)| user.as_str())
        .collect();
    assert_eq!(users, ["user_alice", "user_bob"]);
    assert!(remote.auth.platform_secrets.telegram.is_none());
    let directory = remote.auth.directory();
    assert_eq!(directory.allowed.len(), 2);
    assert_eq!(directory.allowed[1].id.as_deref(), Some("+1234567890"));
    assert_eq!(directory.allowed[0].role, Role::Submitter);
    assert_eq!(
        loaded.warnings,
        ["remote.storage.results_bucket is not used by this version: results stay on this machine"]
    );
}

#[test]
fn the_big_example_loads_with_all_its_variables() {
    let mut all = SLACK_VARIABLES.to_vec();
    all.extend([
        ("WHATSAPP_SECRET", "whatsapp-secret"),
        ("TELEGRAM_BOT_TOKEN", "telegram-token"),
        ("DISCORD_PUBLIC_KEY", "discord-key"),
    ]);
    let loaded = loads(BIG, &all);
    let platforms = &loaded.config.remote.trigger_service.platforms;
    let shown = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(
        shown(&platforms.whatsapp.app_secret).as_deref(),
        Some("whatsapp-secret")
    );
    assert_eq!(
        shown(&platforms.telegram.bot_token).as_deref(),
        Some("telegram-token")
    );
    assert_eq!(
        shown(&platforms.discord.public_key).as_deref(),
        Some("discord-key")
    );
}

#[test]
fn the_big_example_names_the_variables_that_slack_needs() {
    assert_eq!(
        refused(BIG, &[]),
        "line 8, column 20: remote.trigger_service.platforms.slack.bot_token: \
         the variable SLACK_BOT_TOKEN is not set; expected the bot user's token, xoxb-…\n\
         line 9, column 25: remote.trigger_service.platforms.slack.signing_secret: \
         the variable SLACK_SIGNING_SECRET is not set; expected the app's signing secret\n\
         line 57, column 14: remote.auth.platform_secrets.slack: \
         the variable SLACK_SIGNING_SECRET is not set; expected the signing secret; it fills slack.signing_secret"
    );
}

#[test]
fn the_complete_slack_setup_loads_and_names_nobody() {
    let loaded = loads(SLACK, &SLACK_VARIABLES);
    assert_slack(&loaded);
    let auth = &loaded.config.remote.auth;
    assert_eq!(auth.method, [Method::PlatformSignature]);
    assert!(auth.directory().names_nobody());
    assert!(loaded.warnings.is_empty());
    // Copied with the backslashes that the guide's shell takes away.
    assert_slack(&loads(&SLACK.replace("${", "\\${"), &SLACK_VARIABLES));
}

#[test]
fn the_auth_snippet_loads_below_remote_and_says_so_elsewhere() {
    let inside = AUTH.trim_end().replace('\n', "\n  ");
    let loaded = loads(&format!("remote:\n  {inside}"), &[]);
    assert_eq!(loaded.config.remote.auth.api_keys.0.len(), 2);
    assert_eq!(
        refused(AUTH, &[]),
        "line 1, column 1: auth: unknown key; `auth` belongs below `remote`"
    );
}

#[test]
fn the_cloud_snippet_is_understood_and_refused_by_its_key() {
    assert_eq!(
        refused(CLOUD, &[]),
        "line 3, column 11: remote.execution.mode: the mode cloud is not part of this version"
    );
    let local = loads(&CLOUD.replace("mode: cloud", "mode: local"), &[]);
    let gcp = &local.config.remote.execution.gcp;
    assert_eq!(
        gcp.storage_bucket.as_deref(),
        Some("gs://nightshift-results")
    );
}

#[test]
fn allowed_users_are_short_or_long_and_may_be_a_star() {
    let text = "remote:\n  auth:\n    api_keys: null\n    allowed_users:\n      - slack:U1\n      \
                - web:*\n      - {id: \"slack:U2\", role: approver}\n    users:\n      \
                user_ana: {role: admin, identities: [\"slack:U3\"]}\n";
    let auth = loads(text, &[]).config.remote.auth;
    assert!(auth.api_keys.0.is_empty());
    let directory = auth.directory();
    let role = |platform: &str, id: &str| {
        let identity = nightshift_core::chat::Identity {
            platform: nightshift_core::id::Platform::new(platform),
            id: id.into(),
        };
        match directory.find(&identity) {
            Known::Static(user) | Known::Listed(user) => Some(user.role),
            Known::Stranger => None,
        }
    };
    assert_eq!(role("slack", "U1"), Some(Role::Submitter));
    assert_eq!(role("slack", "U2"), Some(Role::Approver));
    assert_eq!(role("slack", "U3"), Some(Role::Admin));
    assert_eq!(role("slack", "U4"), None);
    assert_eq!(role("web", "anybody"), Some(Role::Submitter));
}

#[test]
fn the_webhook_address_may_be_bare_or_not() {
    for (written, address) in [
        ("https://n.example.com/webhook", "https://n.example.com"),
        ("https://n.example.com/webhook/", "https://n.example.com"),
        ("https://n.example.com/", "https://n.example.com"),
        (
            "https://n.example.com/at/webhook",
            "https://n.example.com/at",
        ),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ] {
        let text = format!("remote: {{trigger_service: {{webhook_url: \"{written}\"}}}}");
        let service = loads(&text, &[HOME]).config.remote.trigger_service;
        assert_eq!(service.public_address(), Some(address), "{written}");
    }
}
