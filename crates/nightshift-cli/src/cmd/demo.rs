//! `nightshift demo`: the real pipeline on a temporary directory, for a newcomer's first minute.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::args::DemoArgs;
use crate::cmd::Context;
use crate::compose::{self, Mode};
use crate::config;
use crate::telemetry;

/// The demo's configuration, as a file would say it.
const CONFIG: &str = include_str!("demo.yaml");

pub(crate) async fn run(context: &Context, args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let dir = tempfile::Builder::new()
        .prefix("nightshift-demo-")
        .tempdir()?;
    let data_dir = dir.path().join("data");
    let program = std::env::current_exe()?;
    let quote = |path: &std::path::Path| serde_json::to_string(&path.to_string_lossy());
    let text = CONFIG
        .replace("\"@PROGRAM@\"", &quote(&program)?)
        .replace("\"@WORK@\"", &quote(&dir.path().join("work"))?);
    // The demo is the same everywhere: no variable of the environment changes it.
    let mut loaded = config::load_text(&text, &BTreeMap::new())
        .map_err(|problems| anyhow::anyhow!("the demo's own configuration is wrong: {problems}"))?;
    loaded.config.remote.trigger_service.listen = format!("127.0.0.1:{}", args.port);
    compose::prepare_data_dir(&data_dir)?;
    let filter = context
        .environment
        .get("RUST_LOG")
        .map_or("warn", String::as_str);
    telemetry::init(Some(filter), Some(&data_dir))?;
    let running = compose::compose(context, &loaded, &data_dir, Mode::Demo).await?;
    println!(
        "NightShift demo: open http://{}/playground",
        running.address
    );
    println!("Try: /nightshift run disk, or: sleep 60 and then write hello.txt");
    println!(
        "From another terminal: nightshift --data-dir {} queue",
        data_dir.display()
    );
    println!("Ctrl-C ends it and removes everything.");
    let code = running.until_stopped().await;
    dir.close()?;
    code
}
