//! `nightshift db check|migrate|backup`: the database, with or without a server.

use std::path::Path;
use std::process::ExitCode;

use nightshift_core::secret::Secret;
use nightshift_store::{Check, Examined, Login, Server};
use serde_json::json;

use crate::args::DbVerb;
use crate::cmd::{Context, Misconfigured};
use crate::compose::storage;

pub(crate) async fn run(context: &Context, verb: &DbVerb) -> anyhow::Result<ExitCode> {
    match verb {
        DbVerb::Check => check(context).await,
        DbVerb::Migrate { from, to } => migrate(context, from.as_deref(), to.as_deref()).await,
        DbVerb::Backup { to } => backup(context, to).await,
    }
}

/// One line for each finding; code 1 when there is one.
async fn check(context: &Context) -> anyhow::Result<ExitCode> {
    let examined = match storage(context)? {
        Some(server) => nightshift_store::examine_server(server).await?,
        None => nightshift_store::examine(&context.data_dir).await?,
    };
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

/// The server that the configuration names; `None` where the state is in the data directory.
fn storage(context: &Context) -> anyhow::Result<Option<Server>> {
    // A database is looked at also where its configuration is lost.
    if context.config_file().is_none_or(|file| !file.exists()) {
        return Ok(None);
    }
    let loaded = context.load()?;
    let server = storage::server(context, &loaded.config.remote.storage);
    if server.is_some() {
        nightshift_http::tls::init();
    }
    Ok(server)
}

async fn migrate(
    context: &Context,
    from: Option<&Path>,
    to: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let server = match to {
        Some(url) => Server {
            url: Secret::new(url),
            login: Login::Url,
            managed: false,
            notify_url: None,
        },
        None => storage(context)?.ok_or_else(|| {
            Misconfigured(
                "where to is not said: give --to postgres://…, or set remote.storage.database and \
                 remote.storage.url"
                    .to_owned(),
            )
        })?,
    };
    let from = from.unwrap_or(&context.data_dir);
    let moved = nightshift_store::move_to(from, server).await?;
    if context.json {
        out!("{}", serde_json::to_string_pretty(&moved)?);
        return Ok(ExitCode::SUCCESS);
    }
    let again = if moved.repeated {
        " An earlier move was replaced."
    } else {
        ""
    };
    out!(
        "Moved {} tasks ({} rows) and {} result files ({} bytes), read back and compared.{again}",
        moved.tasks,
        moved.rows,
        moved.files,
        moved.file_bytes
    );
    out!(
        "{} was left as it is. Next: set remote.storage.database and remote.storage.url, run \
         `nightshift db check`, then start the server.",
        from.display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn backup(context: &Context, to: &Path) -> anyhow::Result<ExitCode> {
    if storage(context)?.is_some() {
        return Err(Misconfigured(
            "the state is in PostgreSQL: copy it with its own `pg_dump --format=custom`, see \
             docs/REPLICAS.md"
                .to_owned(),
        )
        .into());
    }
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
