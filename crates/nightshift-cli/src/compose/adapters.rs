//! Each adapter from its section of the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nightshift_app::Settings;
use nightshift_core::port::{ChatPlatform, ChatSource, Clock, Executor, Ids, PageDoor, Planner};
use nightshift_exec::{Isolation, LocalConfig, LocalExecutor};
use nightshift_planner::{Parts, PlannerKind, PlannerSection};
use nightshift_server::HttpLimits;
use nightshift_slack::{SlackConfig, SlackPlatform, SlackSocket, Transport};
use nightshift_store::SqlStore;
use nightshift_web::{WebDoor, WebPlatform};
use sha2::{Digest, Sha256};

use super::Chat;
use crate::cmd::{Context, Misconfigured};
use crate::config::Config;
use crate::config::section::{execution, operation, platforms};

pub(super) fn http_limits(config: &Config) -> HttpLimits {
    HttpLimits {
        body_bytes: config.remote.limits.body_bytes.0 as usize,
        ..HttpLimits::default()
    }
}

pub(super) fn platforms(
    config: &Config,
    page_key: [u8; 32],
    store: &Arc<SqlStore>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> anyhow::Result<Chat> {
    let service = &config.remote.trigger_service;
    let mut chat = Chat {
        platforms: BTreeMap::new(),
        sources: Vec::new(),
        door: None,
        aliases: BTreeMap::new(),
    };
    if service.platforms.web.enabled {
        let door = Arc::new(WebDoor::new(page_key));
        let web = WebPlatform::new(store.clone(), door.clone(), clock.clone(), ids.clone());
        chat.add(Arc::new(web));
        chat.door = Some(door as Arc<dyn PageDoor>);
    }
    // `remote.enabled: false` serves the API and the page, but no platform of others.
    if config.remote.enabled && service.platforms.slack.enabled {
        slack(
            &service.platforms.slack,
            service.public_address(),
            &mut chat,
        )?;
    }
    Ok(chat)
}

impl Chat {
    fn add(&mut self, platform: Arc<dyn ChatPlatform>) {
        self.platforms.insert(platform.platform(), platform);
    }
}

fn slack(
    section: &platforms::Slack,
    webhook_url: Option<&str>,
    chat: &mut Chat,
) -> anyhow::Result<()> {
    let config = slack_config(section)?;
    let wrong = |error: nightshift_slack::ConfigError| {
        Misconfigured(format!("remote.trigger_service.platforms.slack.{error}"))
    };
    let platform = Arc::new(SlackPlatform::new(&config, webhook_url).map_err(wrong)?);
    if config.transport(webhook_url) == Transport::Socket {
        chat.sources.push(
            Arc::new(SlackSocket::new(platform.clone()).map_err(wrong)?) as Arc<dyn ChatSource>
        );
    }
    for path in ["/slack/commands", "/slack/events", "/slack/interactions"] {
        chat.aliases.insert(path.into(), platform.platform());
    }
    chat.add(platform);
    Ok(())
}

pub(crate) fn slack_config(section: &platforms::Slack) -> anyhow::Result<SlackConfig> {
    let transport = match section.transport {
        platforms::Transport::Auto => Transport::Auto,
        platforms::Transport::Http => Transport::Http,
        platforms::Transport::Socket => Transport::Socket,
        platforms::Transport::Gateway | platforms::Transport::Polling => {
            let key = "remote.trigger_service.platforms.slack.transport";
            return Err(Misconfigured(format!("{key}: expected auto, http or socket")).into());
        }
    };
    Ok(SlackConfig {
        enabled: section.enabled,
        bot_token: section.bot_token.clone(),
        signing_secret: section.signing_secret.clone(),
        app_token: section.app_token.clone(),
        transport,
        api_url: section.api_url.clone(),
    })
}

pub(crate) fn executor(
    context: &Context,
    config: &Config,
    data_dir: &Path,
    settings: &Settings,
) -> anyhow::Result<Arc<dyn Executor>> {
    let mut hidden = vec![data_dir.to_owned()];
    hidden.extend(context.config_file());
    Ok(Arc::new(LocalExecutor::new(LocalConfig {
        init: std::env::current_exe()?,
        instance: instance(data_dir),
        working_dir: settings.working_dir.clone(),
        results_dir: settings.results_dir.clone(),
        isolation: match config.remote.execution.local.isolation {
            execution::Isolation::Auto => Isolation::Auto,
            execution::Isolation::Bwrap => Isolation::Bwrap,
            execution::Isolation::Landlock => Isolation::Landlock,
            execution::Isolation::None => Isolation::None,
        },
        environment: context.environment.clone(),
        home: context.home.clone(),
        hidden,
        scrubber: settings.scrubber.clone(),
        unprivileged: LocalConfig::NOBODY,
    })))
}

/// Names an installation by its data directory: what an earlier life of it left is told from
/// what another installation runs.
pub(super) fn instance(data_dir: &Path) -> String {
    let path = data_dir
        .canonicalize()
        .unwrap_or_else(|_| data_dir.to_owned());
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

pub(super) fn planner(
    config: &Config,
    settings: &Settings,
    executor: &Arc<dyn Executor>,
) -> anyhow::Result<Arc<dyn Planner>> {
    let section = &config.remote.planner;
    let kind = match section.kind {
        operation::PlannerKind::Auto => PlannerKind::Auto,
        operation::PlannerKind::Estimate => PlannerKind::Estimate,
        operation::PlannerKind::Agent => PlannerKind::Agent,
        operation::PlannerKind::OpenAi | operation::PlannerKind::Anthropic => {
            return Err(
                Misconfigured("remote.planner.kind: not part of this version".into()).into(),
            );
        }
    };
    let section = PlannerSection {
        kind,
        agent: section.agent.clone(),
        timeout: section.timeout,
    };
    let parts = Parts {
        executor: executor.clone(),
        agents: &settings.agents,
        planning: settings.timers.planning,
        stop_grace: settings.timers.stop_grace,
        scrubber: settings.scrubber.clone(),
    };
    nightshift_planner::build(&section, parts)
        .map_err(|error| Misconfigured(error.to_string()).into())
}
