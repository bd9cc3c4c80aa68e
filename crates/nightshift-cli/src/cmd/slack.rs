//! `nightshift slack manifest`: paste it at api.slack.com/apps → Create New App → From a manifest.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::args::SlackVerb;
use crate::cmd::Context;

pub(crate) fn run(context: &Context, verb: &SlackVerb) -> anyhow::Result<ExitCode> {
    let SlackVerb::Manifest { url } = verb;
    let url = match url {
        Some(url) => Some(
            url.parse()
                .with_context(|| format!("`{url}` is no address; write https://your-server.com"))?,
        ),
        None => None,
    };
    let manifest = nightshift_slack::manifest(url.as_ref());
    if context.json {
        out!("{}", serde_json::to_string_pretty(&manifest)?);
    } else {
        out_raw!("{}", serde_yaml::to_string(&manifest)?);
    }
    Ok(ExitCode::SUCCESS)
}
