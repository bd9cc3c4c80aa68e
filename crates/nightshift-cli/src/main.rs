//! The `nightshift` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightshift_cli::main(nightshift_cli::Hooks::default())
}
