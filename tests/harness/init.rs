//! The program inside the sandbox, for tests that run real processes.

use std::process::ExitCode;

use nightshift_exec::{INIT_ARG, init_main};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == INIT_ARG) {
        return init_main(args);
    }
    ExitCode::from(2)
}
