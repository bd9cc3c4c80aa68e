//! What the table cannot say: keys that need each other, and what is not part of this version.

mod execution;
mod storage;

use std::collections::BTreeMap;
use std::time::Duration;

use super::key::KeyPath;
use super::problem::Findings;
use super::section::Config;
use super::section::approvals::{Approvals, When};
use super::section::auth::{Auth, Method};
use super::section::execution::Mode;
use super::section::operation::{PlannerKind, Retention, Timers};
use super::section::platforms::{Slack, Transport};

pub(crate) fn check(config: &Config, found: &mut Findings) {
    let remote = &config.remote;
    if remote.enabled {
        platforms(config, found);
    }
    later(config, found);
    execution::check(&remote.execution, remote.timers.task, found);
    storage::check(&remote.storage, found);
    auth(&remote.auth, found);
    approvals(&remote.approvals, found);
    timers(&remote.timers, found);
    retention(&remote.retention, found);
    notify(config, found);
    let planner = remote.planner.agent.as_deref();
    execution::agent_exists(&remote.execution, planner, "remote.planner.agent", found);
}

fn not_yet(used: bool, path: &str, what: &str, found: &mut Findings) {
    if used {
        let message = format!("{what} is not part of this version");
        found.value(&KeyPath::of(path), message);
    }
}

fn platforms(config: &Config, found: &mut Findings) {
    let service = &config.remote.trigger_service;
    let platforms = &service.platforms;
    for (used, name) in [
        (platforms.discord.enabled, "discord"),
        (platforms.telegram.enabled, "telegram"),
        (platforms.whatsapp.enabled, "whatsapp"),
    ] {
        let path = format!("remote.trigger_service.platforms.{name}.enabled");
        not_yet(used, &path, &format!("the platform {name}"), found);
    }
    if platforms.slack.enabled {
        slack(&platforms.slack, service.webhook_url.as_deref(), found);
    }
}

fn slack(slack: &Slack, webhook_url: Option<&str>, found: &mut Findings) {
    let mut need = |present: bool, key: &str, variable: &str, why: &str| {
        if !present {
            let path = KeyPath::of("remote.trigger_service.platforms.slack").name(key);
            let message = format!("is missing: {why}; set it here or in {variable}");
            found.value(&path, message);
        }
    };
    need(
        slack.bot_token.is_some(),
        "bot_token",
        "SLACK_BOT_TOKEN",
        "without it nothing can be posted",
    );
    match slack.chosen_transport(webhook_url) {
        Transport::Socket => need(
            slack.app_token.is_some(),
            "app_token",
            "SLACK_APP_TOKEN",
            "Socket Mode connects with it",
        ),
        _ => need(
            slack.signing_secret.is_some(),
            "signing_secret",
            "SLACK_SIGNING_SECRET",
            "requests are checked with it",
        ),
    }
}

fn later(config: &Config, found: &mut Findings) {
    let remote = &config.remote;
    let mode = remote.execution.mode;
    let name = match mode {
        Mode::Local => "local",
        Mode::Docker => "docker",
        Mode::Remote => "remote",
        Mode::Cloud => "cloud",
    };
    let what = format!("the mode {name}");
    not_yet(mode != Mode::Local, "remote.execution.mode", &what, found);
    let kind = remote.planner.kind;
    let model = matches!(kind, PlannerKind::OpenAi | PlannerKind::Anthropic);
    not_yet(
        model,
        "remote.planner.kind",
        "a planner on a model's API",
        found,
    );
    let methods = &remote.auth.method;
    let method = |method: Method| methods.contains(&method);
    not_yet(
        method(Method::Jwt),
        "remote.auth.method",
        "the method jwt",
        found,
    );
    not_yet(
        method(Method::OAuth2),
        "remote.auth.method",
        "the method oauth2",
        found,
    );
}

fn auth(auth: &Auth, found: &mut Findings) {
    let root = KeyPath::of("remote.auth");
    let mut seen = BTreeMap::new();
    for (user, entry) in &auth.users {
        for (at, identity) in entry.identities.iter().enumerate() {
            let path = root.name("users").name(user).name("identities").index(at);
            if identity.ends_with(":*") {
                found.value(
                    &path,
                    "expected one account; `*` belongs into allowed_users",
                );
            }
            if let Some(other) = seen.insert(identity.as_str(), user.as_str()) {
                found.value(&path, format!("is an account of {other} already"));
            }
        }
    }
    for (key, user) in &auth.api_keys.0 {
        if user.as_str().trim().is_empty() {
            let path = root.name("api_keys").name(key.expose());
            found.value(&path, "expected a user id");
        }
    }
}

fn approvals(approvals: &Approvals, found: &mut Findings) {
    let rules = KeyPath::of("remote.approvals.rules");
    for (at, rule) in approvals.rules.iter().enumerate() {
        let path = rules.index(at);
        if at > 0 {
            found.value(
                &path,
                "is never reached: the rule before matches every plan",
            );
        }
        if rule.when != When::default() {
            let message = "a rule for some plans only is not part of this version; write {}";
            found.value(&path.name("when"), message);
        }
        if rule.need != 1 {
            let message = "more than one vote is not part of this version; write 1";
            found.value(&path.name("need"), message);
        }
        if rule.from.is_empty() {
            found.value(&path.name("from"), "expected owner, approver or both");
        }
    }
}

/// A channel that nobody reads from is no place for what somebody should see.
fn notify(config: &Config, found: &mut Findings) {
    let remote = &config.remote;
    let platforms = &remote.trigger_service.platforms;
    let root = KeyPath::of("remote.notify.alert");
    for (at, channel) in remote.notify.alert.iter().enumerate() {
        let (platform, id) = channel.split_once(':').unwrap_or((channel, ""));
        let enabled = match platform {
            "slack" => remote.enabled && platforms.slack.enabled,
            "web" => platforms.web.enabled,
            _ => false,
        };
        if id == "*" {
            let message = format!("expected one channel such as slack:C0ALERT, found `{channel}`");
            found.value(&root.index(at), message);
        } else if !enabled {
            let message = format!(
                "`{channel}` is on {platform}, which is not enabled; \
                 enable it below remote.trigger_service.platforms, or name another channel"
            );
            found.value(&root.index(at), message);
        }
    }
}

fn timers(timers: &Timers, found: &mut Findings) {
    let root = KeyPath::of("remote.timers");
    for (name, span) in [
        ("lease", timers.lease),
        ("heartbeat", timers.heartbeat),
        ("start_within", timers.start_within),
        ("poll", timers.poll),
        ("planning", timers.planning),
        ("task", timers.task),
        ("shutdown", timers.shutdown),
    ] {
        if span.0.is_zero() {
            found.value(&root.name(name), "expected more than nothing");
        }
    }
    if timers.heartbeat.0 * 2 > timers.lease.0 {
        let message =
            "expected at most half of `lease`: one lost heartbeat must not end an attempt";
        found.value(&root.name("heartbeat"), message);
    }
    if timers.task > timers.task_longest {
        found.value(&root.name("task"), "expected at most `task_longest`");
    }
}

/// Shorter, and a person could not ask in the evening what happened in the morning.
const SHORTEST_KEPT: Duration = Duration::from_hours(24);

fn retention(retention: &Retention, found: &mut Findings) {
    let root = KeyPath::of("remote.retention");
    for (name, span) in [
        ("tasks", retention.tasks),
        ("output", retention.output),
        ("events", retention.events),
        ("messages", retention.messages),
        ("page", retention.page),
    ] {
        if !span.0.is_zero() && span.0 < SHORTEST_KEPT {
            found.value(&root.name(name), "expected a day or more, or 0d for ever");
        }
    }
}
