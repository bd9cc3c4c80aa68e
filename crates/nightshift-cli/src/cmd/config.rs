//! `nightshift config check|print|schema`.

use std::process::ExitCode;

use crate::args::ConfigVerb;
use crate::cmd::Context;
use crate::config;

pub(crate) fn run(context: &Context, verb: &ConfigVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ConfigVerb::Check => {
            let loaded = context.load()?;
            for warning in &loaded.warnings {
                out!("warning: {warning}");
            }
            match &loaded.sources.file {
                Some(file) => out!("{} is right.", file.display()),
                None => out!("There is no configuration file; the defaults are in force."),
            }
        }
        ConfigVerb::Print => out_raw!("{}", context.load()?.redacted_yaml()),
        ConfigVerb::Schema => out!("{}", serde_json::to_string_pretty(&config::schema())?),
    }
    Ok(ExitCode::SUCCESS)
}
