//! From a job to a command that only needs to be started: program, directories, user, sandbox.
//! Blocking; what stands in the way becomes the attempt's end with a sentence for people.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nightshift_core::agent::PromptBy;
use nightshift_core::port::{ExitKind, Job};

use super::command::{Inside, build, environment, marks};
use super::place::{self, Place};
use super::{Shared, credentials, is_root};
use crate::sandbox::Mode;
use crate::sandbox::view::{self, Private};
use crate::supervisor::Launch;

/// Why an attempt cannot start.
pub(super) enum Refusal {
    /// For the person: the attempt's end.
    Ended(ExitKind),
    /// For the operator.
    Broken(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

fn spawn_failed(sentence: String) -> Refusal {
    Refusal::Ended(ExitKind::SpawnFailed(sentence))
}

pub(super) fn prepare(shared: &Shared, job: &Job) -> Result<Launch, Refusal> {
    let config = &shared.config;
    let mode = shared
        .chooser
        .mode()
        .map_err(|reason| Refusal::Ended(ExitKind::IsolationUnavailable(reason)))?;
    let mut hidden = config.hidden.clone();
    hidden.extend([config.working_dir.clone(), config.results_dir.clone()]);
    let private = Private {
        home: config.home.clone(),
        hidden,
    };
    let named = named_dirs(job, &private)?;
    let name = job
        .argv
        .first()
        .ok_or_else(|| spawn_failed("The agent has no command.".to_owned()))?;
    let program = view::program(name, &config.environment, &private).ok_or_else(|| {
        let hint = &job.install_hint;
        spawn_failed(format!("`{name}` was not found. {hint}").trim().to_owned())
    })?;
    // Without isolation an agent is the service itself, as the configuration says.
    let confined = is_root() && !matches!(mode, Mode::None);
    let user = confined.then(|| owner(&named).unwrap_or(config.unprivileged));
    let note = note(&named, user);
    let base = place::base(&mode, user, config)?;
    let place = Place::create(&base, job, &config.instance, user, &shared.live)?;
    credentials::copy(&config.home, &job.credential_paths, &place)?;
    let inside = Inside {
        readable: view::readable(&program, job.network, &private),
        program,
        named,
        user,
    };
    let mut command = build(&mode, config, job, &inside, &place)?;
    command
        .env_clear()
        .envs(environment(&mode, config, job, &inside, &place))
        .stdin(match job.prompt_by {
            PromptBy::Stdin => File::open(&place.prompt)?,
            PromptBy::File => File::open("/dev/null")?,
        });
    Ok(Launch {
        command,
        program: name.clone(),
        install_hint: job.install_hint.clone(),
        isolation: mode.name(),
        marks: marks(config, job),
        note,
        files_dir: config
            .results_dir
            .join(job.task.as_str())
            .join(job.fence.0.to_string()),
        place: Arc::new(place),
        scrubber: config.scrubber.clone(),
        format: job.output,
        timeout: job.timeout,
        stop_grace: job.stop_grace,
        output_limit: job.output_limit,
        result_file_limit: job.result_file_limit,
    })
}

/// The directories the plan names, checked; the project's is the first.
fn named_dirs(job: &Job, private: &Private) -> Result<Vec<PathBuf>, Refusal> {
    let named: Vec<_> = job
        .project_dir
        .iter()
        .chain(&job.writable_dirs)
        .cloned()
        .collect();
    for dir in &named {
        let shown = dir.display();
        let real = fs::canonicalize(dir).map_err(|error| {
            spawn_failed(format!("The directory {shown} cannot be used: {error}."))
        })?;
        if !real.is_dir() {
            return Err(spawn_failed(format!("{shown} is not a directory.")));
        }
        if private.would_show(&real) || is_systems(&real) {
            return Err(spawn_failed(format!(
                "The directory {shown} cannot be given to an agent: it is part of the system, or \
                 the service's home, data or configuration would be within its reach."
            )));
        }
    }
    Ok(named)
}

fn is_systems(dir: &Path) -> bool {
    let inside = ["/etc", "/proc", "/sys", "/dev", "/run", "/boot"];
    dir.parent().is_none()
        || inside.iter().any(|system| dir.starts_with(system))
        || view::system_roots()
            .iter()
            .any(|root| root.starts_with(dir))
}

/// Agents work as the owner of what they work on, so that both can go on with the files.
fn owner(named: &[PathBuf]) -> Option<(u32, u32)> {
    let found = fs::metadata(named.first()?).ok()?;
    (found.uid() != 0).then(|| (found.uid(), found.gid()))
}

/// Said when the agent starts: a plan that grants writing promises more than can be had.
fn note(named: &[PathBuf], user: Option<(u32, u32)>) -> Option<String> {
    let (uid, _) = user?;
    let closed = named.iter().find(|dir| {
        fs::metadata(dir).is_ok_and(|found| found.uid() != uid && found.mode() & 0o002 == 0)
    })?;
    tracing::warn!(path = %closed.display(), user.id = uid, "the agent's user may not write here");
    Some(format!(
        "{} belongs to another user: the agent (user {uid}) may not write to it",
        closed.display()
    ))
}
