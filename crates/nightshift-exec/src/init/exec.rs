//! The second stage: gives up user, files and network as told, then becomes the agent.
//!
//! Its standard error is a pipe to the first stage that closes when `exec` succeeds; until then
//! the reason of a failure is written to it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, getppid, setgid, setgroups, setuid};

use super::{Call, Spec};
use crate::sandbox::{landlock, seccomp};

pub(super) fn run(spec: &Spec, call: &Call) -> ExitCode {
    // Duplicates are closed by `exec`.
    let Ok(report) = io::stderr().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let Err(error) = become_agent(spec, call);
    // Nobody is left to tell when this fails.
    let _ = File::from(report).write_all(error.to_string().as_bytes());
    ExitCode::FAILURE
}

fn become_agent(spec: &Spec, call: &Call) -> io::Result<std::convert::Infallible> {
    // Opened while we may still reach every path.
    let rules = spec.confine.as_ref().map(landlock::rules).transpose()?;
    if let Some((uid, gid)) = spec.become_user {
        setgroups(&[])?;
        setgid(Gid::from_raw(gid))?;
        setuid(Uid::from_raw(uid))?;
    }
    die_with(spec.parent)?;
    std::env::set_current_dir(&spec.cwd).map_err(|error| {
        let cwd = spec.cwd.display();
        io::Error::new(error.kind(), format!("cannot enter {cwd}: {error}"))
    })?;
    if let (Some(rules), Some(confine)) = (rules, &spec.confine) {
        landlock::enter(rules)?;
        seccomp::enter(confine.network)?;
    }
    let merged = io::stdout().as_fd().try_clone_to_owned()?;
    Err(Command::new(&call.program)
        .arg0(&call.name)
        .args(&call.args)
        .stderr(Stdio::from(merged))
        .exec())
}

/// After the change of user, which would undo it.
fn die_with(parent: Option<u32>) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    let now = u32::try_from(getppid().as_raw()).unwrap_or_default();
    if parent.is_some_and(|parent| parent != now) {
        return Err(io::Error::other("the supervisor is gone"));
    }
    Ok(())
}
