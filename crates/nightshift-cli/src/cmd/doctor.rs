//! `nightshift doctor`: checks everything that is needed, and says how to repair it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use nightshift_core::port::{ChatKind, ChatPlatform};
use nightshift_slack::SlackPlatform;
use serde::Serialize;

use crate::cmd::Context;
use crate::compose::{Mode, adapters, settings, storage};
use crate::config::Loaded;

/// One checked thing.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    /// What was seen, or what to do.
    word: String,
}

pub(crate) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    match context.load() {
        Err(error) => findings.push(bad("configuration", error.to_string())),
        Ok(loaded) => {
            findings.push(good("configuration", "it can be used".to_owned()));
            findings.extend(
                loaded
                    .warnings
                    .iter()
                    .map(|warning| bad("configuration", warning.clone())),
            );
            examine(context, &loaded, &mut findings).await?;
        }
    }
    print(context, &findings)?;
    let well = findings.iter().all(|finding| finding.ok);
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(
    context: &Context,
    loaded: &Loaded,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    findings.push(data_dir(&context.data_dir));
    if let Some(server) = storage::server(context, &loaded.config.remote.storage) {
        findings.push(match nightshift_store::look_at(server).await {
            Ok(found) => good("database", found),
            Err(error) => bad("database", error.to_string()),
        });
    }
    let settings = settings::settings(
        context,
        loaded,
        &context.data_dir,
        Mode::Serve,
        String::new(),
    )?;
    let executor = adapters::executor(context, &loaded.config, &context.data_dir, &settings)?;
    findings.push(match executor.isolation() {
        Ok(isolation) if isolation == "none" => bad(
            "isolation",
            "none: agents run unconfined. Set execution.local.isolation to auto".to_owned(),
        ),
        Ok(isolation) => good("isolation", isolation),
        Err(why) => bad("isolation", why),
    });
    let agents = settings.agents.values().filter(|agent| {
        agent.name == settings.default_agent
            || loaded
                .config
                .remote
                .execution
                .agents
                .contains_key(&agent.name)
    });
    for agent in agents {
        findings.push(program(
            context,
            &agent.name,
            &agent.argv[0],
            &agent.install_hint,
        ));
    }
    let slack = &loaded.config.remote.trigger_service.platforms.slack;
    if slack.enabled {
        let config = adapters::slack_config(slack)?;
        let address = loaded.config.remote.trigger_service.public_address();
        findings.push(match SlackPlatform::new(&config, address) {
            Ok(platform) => credential(&Arc::new(platform)).await,
            Err(error) => bad("slack", error.to_string()),
        });
    }
    Ok(())
}

fn data_dir(dir: &Path) -> Finding {
    match crate::compose::prepare_data_dir(dir) {
        Ok(()) => good("data directory", dir.display().to_string()),
        Err(error) => bad("data directory", format!("{error:#}")),
    }
}

fn program(context: &Context, agent: &str, program: &str, hint: &str) -> Finding {
    let what = format!("agent {agent}");
    let path = context
        .environment
        .get("PATH")
        .map(String::as_str)
        .unwrap_or_default();
    let found = if program.contains('/') {
        Path::new(program).is_file()
    } else {
        std::env::split_paths(path).any(|dir| dir.join(program).is_file())
    };
    if found {
        good(&what, program.to_owned())
    } else {
        bad(&what, format!("{program} is not there. {hint}"))
    }
}

async fn credential(platform: &Arc<SlackPlatform>) -> Finding {
    let what = platform.platform().to_string();
    match platform.probe().await {
        Ok(probe) => good(
            &what,
            format!(
                "connected as {} in workspace {}",
                probe.account, probe.workspace
            ),
        ),
        Err(error) if error.kind == ChatKind::Unauthorized => bad(
            &what,
            format!(
                "{error}. Copy the bot token again from the app's page, OAuth & Permissions, and reinstall the app"
            ),
        ),
        Err(error) => bad(
            &what,
            format!(
                "{error}. It could not be asked: check api_url and whether this machine reaches it"
            ),
        ),
    }
}

fn good(what: &str, word: String) -> Finding {
    Finding {
        what: what.to_owned(),
        ok: true,
        word,
    }
}

fn bad(what: &str, word: String) -> Finding {
    Finding {
        what: what.to_owned(),
        ok: false,
        word,
    }
}

fn print(context: &Context, findings: &[Finding]) -> anyhow::Result<()> {
    if context.json {
        out!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({"items": findings, "next_cursor": null})
            )?
        );
        return Ok(());
    }
    for finding in findings {
        out!(
            "{} {}: {}",
            if finding.ok { "✓" } else { "✕" },
            finding.what,
            finding.word
        );
    }
    Ok(())
}
