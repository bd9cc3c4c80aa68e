//! `nightshift serve`: the server with the configured platforms.

use std::process::ExitCode;

use crate::args::ServeArgs;
use crate::cmd::Context;
use crate::compose::{self, Mode};
use crate::telemetry;

pub(crate) async fn run(context: &Context, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut loaded = context.load()?;
    if let Some(listen) = &args.listen {
        loaded
            .config
            .remote
            .trigger_service
            .listen
            .clone_from(listen);
    }
    compose::prepare_data_dir(&context.data_dir)?;
    telemetry::init(
        context.environment.get("RUST_LOG").map(String::as_str),
        Some(&context.data_dir),
    )?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let running = compose::compose(context, &loaded, &context.data_dir, Mode::Serve).await?;
    if let Some(code) = running.app.offer_claim().await? {
        println!(
            "Nobody may use this server yet. To become its admin, write in a chat: /nightshift claim {code}"
        );
        if running.app.ports.platforms.is_empty() {
            println!(
                "But no chat platform is enabled: see remote.trigger_service.platforms in the configuration."
            );
        }
    }
    println!("NightShift listens on http://{}", running.address);
    running.until_stopped().await
}
