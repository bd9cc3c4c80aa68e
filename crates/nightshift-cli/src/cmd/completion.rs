//! `nightshift completion SHELL`.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::Cli;

pub(crate) fn run(shell: clap_complete::Shell) -> ExitCode {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "nightshift",
        &mut std::io::stdout(),
    );
    ExitCode::SUCCESS
}
