//! From the configuration's words to the application's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nightshift_app::Settings;
use nightshift_app::people::digest;
use nightshift_app::settings::{Project, Timers};
use nightshift_core::id::UserId;
use nightshift_core::plan::Limits;
use nightshift_core::secret::Scrubber;
use nightshift_core::user::{Kind, Role, User};
use nightshift_exec::AgentSection;

use super::Mode;
use crate::cmd::{Context, Misconfigured};
use crate::config::section::auth::{Auth, Method};
use crate::config::{Config, Loaded};

/// Files up to this size go into the conversation: what a phone loads without a thought.
const UPLOAD_LIMIT: u64 = 1 << 20;

pub(crate) fn settings(
    context: &Context,
    loaded: &Loaded,
    data_dir: &Path,
    mode: Mode,
    holder: String,
) -> anyhow::Result<Settings> {
    let config = &loaded.config;
    let remote = &config.remote;
    let timers = &remote.timers;
    let commands = remote.execution.commands.iter().map(|(name, command)| {
        let spec = command.spec(name, timers.task);
        spec.map(|spec| (name.clone(), spec))
            .map_err(|why| Misconfigured(format!("remote.execution.commands.{name}: {why}")))
    });
    let projects = remote.execution.projects.iter().map(|(name, project)| {
        let path = in_home(&project.path, &context.home);
        (
            name.clone(),
            Project {
                path,
                default_agent: project.default_agent.clone(),
            },
        )
    });
    Ok(Settings {
        directory: remote.auth.directory(),
        api_keys: api_keys(&remote.auth),
        agents: agents(config)?,
        default_agent: remote.execution.local.agent.clone(),
        commands: commands.collect::<Result<_, _>>()?,
        projects: projects.collect(),
        default_executor: "local".into(),
        working_dir: in_home(&remote.execution.local.working_dir, &context.home),
        results_dir: data_dir.join("results"),
        max_concurrent: remote.execution.local.max_concurrent_tasks,
        rule: remote.approvals.rule(),
        limits: Limits {
            max_tokens: remote.limits.tokens_per_task,
            max_usd: remote.limits.usd_per_task,
            default_timeout_s: timers.task.0.as_secs().max(1),
            max_timeout_s: timers.task_longest.0.as_secs().max(1),
        },
        output_limit: remote.limits.output_bytes.0,
        result_file_limit: remote.limits.result_file_bytes.0,
        upload_limit: UPLOAD_LIMIT,
        timers: Timers {
            lease: timers.lease.0,
            heartbeat: timers.heartbeat.0,
            start_within: timers.start_within.0,
            stop_grace: config.stop_grace().0,
            planning: config.planning_timeout().0,
            approval_expires: remote.approvals.expires.0,
            shutdown: timers.shutdown.0,
            approval_reminder: timers.approval_reminder.0,
            self_check: match timers.self_check.0 {
                off if off.is_zero() => nightshift_app::settings::SELF_CHECK,
                every => every,
            },
            ..Timers::default()
        },
        alert: remote.notify.alert(),
        retention: remote.retention.kept(),
        scrubber: Scrubber::new(loaded.secrets()),
        holder,
        open_api: (mode == Mode::Demo).then(|| User {
            id: UserId::new("user_demo"),
            role: Role::Admin,
            kind: Kind::Person,
        }),
    })
}

/// SHA-256 of each key → its user; none where `auth.method` does not list `api_key`.
fn api_keys(auth: &Auth) -> BTreeMap<String, UserId> {
    if !auth.method.contains(&Method::ApiKey) {
        return BTreeMap::new();
    }
    let keys = auth.api_keys.0.iter();
    keys.map(|(key, user)| (digest(key.expose()), user.clone()))
        .collect()
}

/// The presets, and what the configuration adds or changes.
fn agents(config: &Config) -> anyhow::Result<BTreeMap<String, nightshift_core::agent::AgentSpec>> {
    let presets = nightshift_exec::presets().into_iter();
    let mut agents: BTreeMap<_, _> = presets
        .map(|preset| (preset.name.clone(), preset))
        .collect();
    for (name, section) in &config.remote.execution.agents {
        let section = AgentSection {
            command: section.command.clone(),
            prompt: section.prompt,
            output: section.output,
            hosts: section.hosts.clone(),
            credential_paths: section.credential_paths.clone(),
            env: section
                .env
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect(),
            env_pass: section.env_pass.clone(),
            model_flag: section.model_flag.clone(),
            install_hint: section.install_hint.clone(),
            usd_per_mtok: section.usd_per_mtok,
        };
        let agent = section
            .resolve(name)
            .map_err(|error| Misconfigured(error.to_string()))?;
        agents.insert(name.clone(), agent);
    }
    Ok(agents)
}

/// `~` is the service's home.
pub(crate) fn in_home(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(below) => home.join(below),
        None if path == "~" => home.to_owned(),
        None => PathBuf::from(path),
    }
}
