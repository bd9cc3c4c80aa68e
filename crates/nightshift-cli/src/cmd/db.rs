//! `nightshift db check|backup`: the database of the data directory, with or without a server.

use std::path::Path;
use std::process::ExitCode;

use nightshift_store::{Check, Examined};
use serde_json::json;

use crate::args::DbVerb;
use crate::cmd::Context;

pub(crate) async fn run(context: &Context, verb: &DbVerb) -> anyhow::Result<ExitCode> {
    match verb {
        DbVerb::Check => check(context).await,
        DbVerb::Backup { to } => backup(context, to).await,
    }
}

/// One line for each finding; code 1 when there is one.
async fn check(context: &Context) -> anyhow::Result<ExitCode> {
    let examined = nightshift_store::examine(&context.data_dir).await?;
    if context.json {
        let found = json!({
            "database": examined.database,
            "schema": examined.version,
            "newest_schema": examined.newest,
            "items": examined.findings,
        });
        out!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print(&examined)?;
    }
    Ok(if examined.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(examined: &Examined) -> anyhow::Result<()> {
    for finding in &examined.findings {
        let check = match finding.check {
            Check::Integrity => "integrity",
            Check::References => "references",
            Check::Invariant => "invariant",
        };
        out!("{check}: {}", finding.message);
    }
    let name = examined.database.display();
    if examined.findings.is_empty() {
        out!("{name} is in order (schema {}).", examined.version);
    }
    if examined.version < examined.newest {
        out!(
            "The next start brings it to schema {}; what must hold between its rows is checked after that.",
            examined.newest
        );
    }
    Ok(())
}

async fn backup(context: &Context, to: &Path) -> anyhow::Result<ExitCode> {
    let made = nightshift_store::back_up(&context.data_dir, to).await?;
    let name = std::path::absolute(&made.path)?;
    if context.json {
        let made = json!({ "backup": name, "bytes": made.bytes, "schema": made.version });
        out!("{}", serde_json::to_string_pretty(&made)?);
    } else {
        out!(
            "{} is a complete copy of the database ({} bytes). Result files are not in it: copy {} as well.",
            name.display(),
            made.bytes,
            context.data_dir.join("results").display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
