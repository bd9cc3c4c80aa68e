//! The command line and the environment of an attempt's first process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nightshift_core::agent::{Network, PromptBy};
use nightshift_core::port::Job;

use super::LocalConfig;
use super::place::Place;
use crate::init::{Confine, INIT_ARG, SUPERVISE, Spec};
use crate::sandbox::Mode;
use crate::sandbox::bwrap::{self, Mounts};
use crate::sandbox::view::{self, Program};

/// Devices that every program may use, where they are not made afresh.
const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// What was found out about the attempt's surroundings.
pub(super) struct Inside {
    pub(super) program: Program,
    pub(super) readable: Vec<PathBuf>,
    /// The plan's directories, the project's first.
    pub(super) named: Vec<PathBuf>,
    pub(super) user: Option<(u32, u32)>,
}

pub(super) fn build(
    mode: &Mode,
    config: &LocalConfig,
    job: &Job,
    inside: &Inside,
    place: &Place,
) -> io::Result<Command> {
    let spec = Spec {
        cwd: job
            .project_dir
            .clone()
            .unwrap_or_else(|| place.work.clone()),
        become_user: inside.user,
        confine: (*mode == Mode::Landlock).then(|| confine(job, inside, place)),
        own_pids: matches!(mode, Mode::Bwrap(_)),
        parent: None,
    };
    let mut command = match mode {
        Mode::Bwrap(program) => in_bubblewrap(program, config, job, inside, place)?,
        Mode::Landlock | Mode::None => {
            let mut command = Command::new(&config.init);
            command.arg(INIT_ARG);
            command
        }
    };
    command
        .args([SUPERVISE, &serde_json::to_string(&spec)?])
        .arg(&inside.program.path)
        .args(&job.argv)
        .current_dir("/");
    if job.prompt_by == PromptBy::File {
        command.arg(&place.prompt);
    }
    Ok(command)
}

fn in_bubblewrap(
    program: &Path,
    config: &LocalConfig,
    job: &Job,
    inside: &Inside,
    place: &Place,
) -> io::Result<Command> {
    let own = [&place.work, &place.out, &place.home].map(Clone::clone);
    let write: Vec<_> = own.into_iter().chain(inside.named.clone()).collect();
    let mut placed = accounts(inside.user, place)?;
    placed.push((place.prompt.clone(), place.prompt.clone()));
    let mounts = Mounts {
        read: &inside.readable,
        write: &write,
        placed: &placed,
        root: Some(&place.root),
        tmp: Some(&place.tmp),
        network: job.network == Network::Open,
    };
    let mut command = Command::new(program);
    command
        .args(bwrap::arguments(&config.init, &mounts))
        // Keys pressed at our terminal are not for the attempt.
        .process_group(0);
    Ok(command)
}

/// Programs look up their own user; the machine's real accounts are nobody's business.
fn accounts(user: Option<(u32, u32)>, place: &Place) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let (uid, gid) = user.unwrap_or_else(|| {
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        (uid.as_raw(), gid.as_raw())
    });
    let home = place.home.display();
    let passwd =
        format!("root:x:0:0:root:/:/usr/sbin/nologin\nagent:x:{uid}:{gid}:agent:{home}:/bin/sh\n");
    let group = format!("root:x:0:\nagent:x:{gid}:\n");
    Ok(vec![
        (place.service_file("passwd", &passwd)?, "/etc/passwd".into()),
        (place.service_file("group", &group)?, "/etc/group".into()),
    ])
}

fn confine(job: &Job, inside: &Inside, place: &Place) -> Confine {
    let own = [&place.work, &place.out, &place.home, &place.tmp].map(Clone::clone);
    let accounts = ["/etc/passwd", "/etc/group", "/proc"].map(PathBuf::from);
    let mut read = inside.readable.clone();
    read.extend(accounts);
    read.push(place.prompt.clone());
    Confine {
        read,
        write: own
            .into_iter()
            .chain(inside.named.clone())
            .chain(DEVICES.map(PathBuf::from))
            .collect(),
        network: job.network == Network::Open,
    }
}

/// Everything an agent sees of variables; never our own environment.
pub(super) fn environment(
    mode: &Mode,
    config: &LocalConfig,
    job: &Job,
    inside: &Inside,
    place: &Place,
) -> BTreeMap<OsString, OsString> {
    let ours = |name: &str, default: &str| {
        let value = config.environment.get(name).cloned();
        value.unwrap_or_else(|| default.to_owned())
    };
    let path = match mode {
        Mode::None => ours("PATH", "/usr/local/bin:/usr/bin:/bin"),
        Mode::Bwrap(_) | Mode::Landlock => {
            view::path_inside(&config.environment, &inside.readable, &inside.program)
        }
    };
    let mut all: BTreeMap<OsString, OsString> = BTreeMap::new();
    all.insert("PATH".into(), path.into());
    all.insert("HOME".into(), place.home.clone().into());
    all.insert("LANG".into(), ours("LANG", "C.UTF-8").into());
    all.insert("TERM".into(), ours("TERM", "dumb").into());
    if *mode == Mode::Landlock {
        // The machine's own is shared with everybody.
        all.insert("TMPDIR".into(), place.tmp.clone().into());
    }
    for name in &job.env_pass {
        if let Some(value) = config.environment.get(name) {
            all.insert(name.into(), value.into());
        }
    }
    for (name, value) in &job.env_set {
        all.insert(name.into(), value.into());
    }
    all.insert("NIGHTSHIFT_OUTPUT_DIR".into(), place.out.clone().into());
    for mark in marks(config, job) {
        if let Some((name, value)) = mark.split_once('=') {
            all.insert(name.into(), value.into());
        }
    }
    all
}

/// The variables by which the attempt's processes are known.
pub(super) fn marks(config: &LocalConfig, job: &Job) -> Vec<String> {
    vec![
        instance_mark(config),
        format!("NIGHTSHIFT_TASK_ID={}", job.task),
        format!("NIGHTSHIFT_FENCE={}", job.fence.0),
    ]
}

pub(super) fn instance_mark(config: &LocalConfig) -> String {
    format!("NIGHTSHIFT_INSTANCE={}", config.instance)
}
