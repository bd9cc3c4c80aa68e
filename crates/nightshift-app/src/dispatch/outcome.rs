//! From a plan to a job, and from an exit to what is recorded and said.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nightshift_core::agent::{Network, OutputFormat, PromptBy};
use nightshift_core::chat::split::split;
use nightshift_core::id::{Fence, TaskId};
use nightshift_core::notice::Notice;
use nightshift_core::plan::PlanBody;
use nightshift_core::port::executor::{Exit, ExitKind, Job, StopProof};
use nightshift_core::port::store::Finish;
use nightshift_core::task::{Failure, Task, TaskEvent, TaskResult, Usage};

use super::attempt::{Begun, Ending};
use super::together::Ledger;
use crate::App;
use crate::insist::insist;

/// Parts of a long answer that are sent as messages; a longer one is attached as a file.
const MOST_PARTS: usize = 4;
/// Files that are uploaded; the others are listed.
const MOST_UPLOADS: usize = 10;

/// The job of an approved plan.
pub(super) fn job(app: &App, task: &Task, fence: Fence, plan: &PlanBody) -> Result<Job, String> {
    let settings = &app.settings;
    let project_dir = match &task.wishes.project {
        Some(name) => {
            let project = settings.projects.get(name);
            Some(
                project
                    .ok_or_else(|| format!("project `{name}` is not configured any more"))?
                    .path
                    .clone(),
            )
        }
        None => None,
    };
    let mut job = Job {
        task: task.id.clone(),
        fence,
        argv: plan.argv.clone(),
        prompt: plan.prompt.clone(),
        prompt_by: PromptBy::Stdin,
        output: OutputFormat::Text,
        network: if plan.network.starts_with("none") {
            Network::None
        } else {
            Network::Open
        },
        writable_dirs: beside_workspace(plan),
        project_dir,
        credential_paths: Vec::new(),
        env_pass: Vec::new(),
        env_set: Vec::new(),
        timeout: Duration::from_secs(plan.timeout_s),
        stop_grace: settings.timers.stop_grace,
        install_hint: String::new(),
        output_limit: settings.output_limit,
        result_file_limit: settings.result_file_limit,
    };
    let Some(name) = &plan.agent else {
        return Ok(job);
    };
    let agent = settings
        .agents
        .get(name)
        .ok_or_else(|| format!("agent `{name}` is not configured any more"))?;
    job.argv.clone_from(&agent.argv);
    if let (Some(flag), Some(model)) = (&agent.model_flag, &plan.model) {
        job.argv.extend([flag.clone(), model.clone()]);
    }
    job.prompt_by = agent.prompt;
    job.output = agent.output;
    job.credential_paths.clone_from(&agent.credential_paths);
    job.env_pass.clone_from(&agent.env_pass);
    job.env_set = agent
        .env_set
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    job.install_hint.clone_from(&agent.install_hint);
    Ok(job)
}

/// The directories that the executor must open beside the workspace it makes itself.
fn beside_workspace(plan: &PlanBody) -> Vec<PathBuf> {
    let dirs = plan.writable_dirs.iter().map(PathBuf::from);
    dirs.filter(|dir| !dir.starts_with(&plan.workspace))
        .collect()
}

/// What is recorded of an exit.
pub(super) fn finish(
    app: &App,
    task: &Task,
    fence: Fence,
    exit: Exit,
    ending: (Ending, Begun),
    log_bytes: u64,
) -> Finish {
    let (event, detail) = verdict(fence, &exit, ending);
    let scrubber = &app.settings.scrubber;
    let exit_code = match exit.kind {
        ExitKind::Code(code) => Some(code),
        ExitKind::AgentError(_) => Some(0),
        _ => None,
    };
    let result = TaskResult {
        text: scrubber.text(&exit.answer),
        exit_code,
        files: exit.files,
    };
    let parts = parts(app, task, fence, &result);
    let left_out = if exit.left_out.is_empty() {
        None
    } else {
        Some(format!("Left out: {}.", exit.left_out.join("; ")))
    };
    let detail = [detail, left_out]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    Finish {
        task: task.id.clone(),
        fence,
        event,
        detail: Some(scrubber.text(&detail)).filter(|detail| !detail.is_empty()),
        result,
        usage: exit.usage,
        parts,
        log_bytes,
    }
}

/// An attempt that nobody can account for any more.
pub(super) async fn lose(app: &Arc<App>, ledger: &Ledger, task: TaskId, fence: Fence, why: &str) {
    let finish = Finish {
        task,
        fence,
        event: TaskEvent::Lost { fence, last: false },
        detail: Some(why.to_owned()),
        result: TaskResult::default(),
        usage: Usage::default(),
        parts: Vec::new(),
        log_bytes: 0,
    };
    insist(|| ledger.ends.write(app.store(), &finish, || app.now())).await;
    app.wake.all();
}

fn verdict(
    fence: Fence,
    exit: &Exit,
    (ending, begun): (Ending, Begun),
) -> (TaskEvent, Option<String>) {
    let failed = |reason| TaskEvent::Failed { fence, reason };
    let proof = exit
        .stopped
        .map(|proof| stop_sentence(proof, exit.usage.usd));
    match &exit.kind {
        ExitKind::Stopped | ExitKind::Signal(_) if ending == Ending::CutOff => (
            TaskEvent::Lost { fence, last: false },
            Some("it was stopped because its lease could not be kept.".to_owned()),
        ),
        ExitKind::Code(0) => (TaskEvent::Completed { fence }, None),
        ExitKind::Code(code) => (
            failed(Failure::ExitCode),
            Some(format!("the program ended with exit code {code}.")),
        ),
        ExitKind::Signal(signal) => (
            failed(Failure::Signal),
            Some(format!("the program was ended by signal {signal}.")),
        ),
        ExitKind::TimedOut => {
            let proof = proof.unwrap_or_default();
            (
                failed(Failure::Timeout),
                Some(format!("it took longer than its plan allows. {proof}")),
            )
        }
        ExitKind::Stopped if ending == Ending::HandedBack => match begun {
            Begun::No => (TaskEvent::LeaseReturned { fence }, None),
            Begun::Yes => (TaskEvent::Retryable { fence }, None),
        },
        ExitKind::Stopped => (TaskEvent::StopConfirmed { fence }, proof),
        ExitKind::SpawnFailed(why) | ExitKind::Broken(why) => {
            (failed(Failure::SpawnFailed), Some(why.clone()))
        }
        ExitKind::IsolationUnavailable(why) => {
            (failed(Failure::IsolationUnavailable), Some(why.clone()))
        }
        ExitKind::AgentError(why) => (
            failed(Failure::ExitCode),
            Some(format!("the agent reports an error: {why}")),
        ),
        ExitKind::Provider(why) => (failed(Failure::Provider), Some(why.clone())),
    }
}

/// `Stopped in 1.8s, 0 of 14 processes left, $0.42 spent.`
fn stop_sentence(proof: StopProof, usd: f64) -> String {
    format!(
        "Stopped in {:.1}s, {} of {} processes left, ${usd:.2} spent.",
        proof.took.as_secs_f64(),
        proof.left,
        proof.processes
    )
}

/// What follows the final message: the rest of a long answer, and the files.
fn parts(app: &App, task: &Task, fence: Fence, result: &TaskResult) -> Vec<Notice> {
    let Some(platform) = task
        .origin
        .as_ref()
        .and_then(|origin| app.platform(&origin.platform))
    else {
        return Vec::new();
    };
    let can = platform.capabilities();
    let mut parts: Vec<Notice> = Vec::new();
    let texts = split(&result.text, can.text_limit, can.text_unit);
    if texts.len() > MOST_PARTS && can.files {
        parts.push(Notice::AnswerFile {
            task: task.id.clone(),
        });
    } else {
        let rest = texts.into_iter().skip(1);
        parts.extend(rest.map(|text| Notice::Part {
            task: task.id.clone(),
            text,
        }));
    }
    if can.files {
        let small = result
            .files
            .iter()
            .filter(|file| file.bytes > 0 && file.bytes <= app.settings.upload_limit);
        parts.extend(small.take(MOST_UPLOADS).map(|file| Notice::File {
            task: task.id.clone(),
            fence: fence.0,
            path: file.path.clone(),
        }));
    }
    parts
}

/// The first part of the answer, as the final message shows it.
pub(crate) fn first_part(app: &App, task: &Task) -> String {
    let text = task
        .result
        .as_ref()
        .map(|result| result.text.clone())
        .unwrap_or_default();
    let Some(platform) = task
        .origin
        .as_ref()
        .and_then(|origin| app.platform(&origin.platform))
    else {
        return text;
    };
    let can = platform.capabilities();
    let mut texts = split(&text, can.text_limit, can.text_unit);
    let long = texts.len() > MOST_PARTS && can.files;
    let first = texts.swap_remove(0);
    if long {
        format!("{first}\n… (the whole answer is attached)")
    } else {
        first
    }
}
