//! What the configuration of every world says: its people, its agent, its command.

use std::collections::BTreeMap;

use nightshift_app::settings::{Project, Retention};
use nightshift_app::{Settings, people};
use nightshift_core::agent::{AgentSpec, OutputFormat, PromptBy};
use nightshift_core::chat::Identity;
use nightshift_core::command::run::{ArgKind, ArgSpec, CommandSpec, whole};
use nightshift_core::id::{Platform, UserId};
use nightshift_core::plan::Limits;
use nightshift_core::secret::{Scrubber, Secret};
use nightshift_core::user::{Allowed, Directory, Role, StaticUser};

use super::Setup;
use crate::{ADMIN_KEY, API_KEY};

pub(crate) fn settings(
    setup: &Setup,
    data_dir: &std::path::Path,
    secrets: &[&str],
    life: u64,
) -> Settings {
    let keys = [(API_KEY, "user_api"), (ADMIN_KEY, "user_dora")];
    Settings {
        directory: if setup.names_nobody {
            Directory::default()
        } else {
            directory()
        },
        api_keys: keys
            .iter()
            .map(|(key, user)| (people::digest(key), UserId::new(*user)))
            .collect(),
        agents: [("stub".to_owned(), agent(&setup.agent_argv))].into(),
        default_agent: "stub".into(),
        commands: [("disk".to_owned(), disk())].into(),
        projects: setup
            .project
            .iter()
            .map(|path| {
                (
                    "demo".to_owned(),
                    Project {
                        path: path.clone(),
                        default_agent: None,
                    },
                )
            })
            .collect(),
        default_executor: "local".into(),
        working_dir: data_dir.with_file_name("work"),
        results_dir: data_dir.join("results"),
        max_concurrent: setup.max_concurrent,
        rule: setup.rule.clone(),
        limits: Limits {
            max_tokens: 100_000,
            max_usd: 10.0,
            default_timeout_s: 900,
            max_timeout_s: 86_400,
        },
        output_limit: 1 << 20,
        result_file_limit: 1 << 20,
        upload_limit: 1 << 20,
        timers: setup.timers,
        alert: setup.alert.clone(),
        retention: Retention::default(),
        scrubber: Scrubber::new(secrets.iter().map(|secret| Secret::new(*secret))),
        holder: format!("life-{life}"),
        open_api: setup.open_api.clone(),
    }
}

fn directory() -> Directory {
    let slack = Platform::new("slack");
    let entry = |id: &str, role| Allowed {
        platform: slack.clone(),
        id: Some(id.into()),
        role,
    };
    let dora = StaticUser {
        role: Role::Admin,
        identities: vec![Identity {
            platform: slack.clone(),
            id: "U0DORA".into(),
        }],
    };
    Directory {
        users: [(UserId::new("user_dora"), dora)].into(),
        allowed: vec![
            entry("U0ANA", Role::Submitter),
            entry("U0BOB", Role::Submitter),
            entry("U0CARL", Role::Approver),
            entry("U0VERA", Role::Viewer),
            Allowed {
                platform: Platform::new("web"),
                id: None,
                role: Role::Submitter,
            },
        ],
    }
}

fn agent(argv: &[String]) -> AgentSpec {
    AgentSpec {
        name: "stub".into(),
        argv: argv.to_vec(),
        prompt: PromptBy::Stdin,
        output: OutputFormat::Text,
        hosts: Vec::new(),
        credential_paths: Vec::new(),
        env_pass: Vec::new(),
        env_set: BTreeMap::new(),
        model_flag: None,
        install_hint: "Install the stub.".into(),
        usd_per_mtok_micros: 5_000_000,
    }
}

fn disk() -> CommandSpec {
    let path = ArgSpec {
        kind: ArgKind::Text,
        pattern: Some(whole("/[a-z/]*").expect("a pattern")),
        choices: Vec::new(),
        default: Some("/".into()),
    };
    CommandSpec {
        name: "disk".into(),
        description: "free space".into(),
        argv: vec!["df".into(), "-h".into(), "{path}".into()],
        args: vec![("path".into(), path)],
        timeout_s: 30,
        risk: "low".into(),
        hosts: Vec::new(),
    }
}
