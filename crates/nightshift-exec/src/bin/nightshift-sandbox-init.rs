//! The in-sandbox init as a program of its own: for this crate's tests and for hosts that embed
//! the executor without the `nightshift` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightshift_exec::init_main(std::env::args_os().skip(2))
}
