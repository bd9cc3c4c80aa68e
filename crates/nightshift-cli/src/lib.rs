//! The `nightshift` program: arguments, environment, and the choice of every concrete adapter. A
//! library only so that the fuzz targets reach the configuration, and the chaos tests can build
//! a server with a fault.

mod args;
mod clock;
mod cmd;
mod compose;
mod config;
#[doc(hidden)]
pub mod fuzz;
mod hooks;
mod lifecycle;
mod telemetry;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Verb};
pub use hooks::Hooks;

/// What a request takes is freed by the thread of the database: the system's allocator pays for
/// that with a fifth of the intake's processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes that scripts rely on.
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// What the binary does; the shipped one has no hooks.
pub fn main(hooks: Hooks) -> ExitCode {
    // Hidden modes come first: they run inside a sandbox, where nothing else of ours may run.
    let mut words = std::env::args_os().skip(1);
    match words.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some(word) if word == nightshift_exec::INIT_ARG => {
            return nightshift_exec::init_main(words);
        }
        Some(word) if word == cmd::demo_agent::ARG => return cmd::demo_agent::main(),
        _ => {}
    }
    let cli = Cli::parse();
    nightshift_http::tls::init();
    // The one place that reads the environment.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return cmd::fail(&anyhow::Error::from(error), FAILED),
    };
    let outcome = runtime.block_on(run(cli, environment, hooks));
    // A blocked file operation must not keep an ended server alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<cmd::Misconfigured>() => cmd::fail(&error, USAGE),
        Err(error) => cmd::fail(&error, FAILED),
    }
}

async fn run(
    cli: Cli,
    environment: BTreeMap<String, String>,
    hooks: Hooks,
) -> anyhow::Result<ExitCode> {
    let context = cmd::Context::new(&cli.global, environment, hooks)?;
    match cli.verb {
        Verb::Serve(args) => cmd::serve::run(&context, &args).await,
        Verb::Demo(args) => cmd::demo::run(&context, &args).await,
        Verb::Config { verb } => cmd::config::run(&context, &verb),
        Verb::Doctor => cmd::doctor::run(&context).await,
        Verb::Db { verb } => cmd::db::run(&context, &verb).await,
        Verb::Slack { verb } => cmd::slack::run(&context, &verb),
        Verb::Completion { shell } => Ok(cmd::completion::run(shell)),
        Verb::Client(verb) => cmd::client::run(&context, verb).await,
    }
}
