//! How an attempt runs.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::agent::{Network, OutputFormat, PromptBy};
use crate::error::Source;
use crate::id::{Fence, TaskId};
use crate::task::{ResultFile, Usage};

/// Everything an executor needs to run one attempt of one approved plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub task: TaskId,
    pub fence: Fence,
    /// Program and arguments, exactly.
    pub argv: Vec<String>,
    /// Empty for named commands.
    pub prompt: String,
    pub prompt_by: PromptBy,
    pub output: OutputFormat,
    pub network: Network,
    /// Beside the attempt's own workspace; absolute.
    pub writable_dirs: Vec<PathBuf>,
    /// The project's directory: working directory and writable, where the plan names one.
    pub project_dir: Option<PathBuf>,
    pub credential_paths: Vec<String>,
    pub env_pass: Vec<String>,
    pub env_set: Vec<(String, String)>,
    pub timeout: Duration,
    /// Between TERM and KILL.
    pub stop_grace: Duration,
    pub install_hint: String,
    /// Bytes of output kept; beyond, head and tail with a mark.
    pub output_limit: u64,
    /// Bytes of one result file; larger ones are listed as left out.
    pub result_file_limit: u64,
}

/// What a running attempt says.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// The program runs (its `exec` succeeded).
    Started { isolation: String },
    /// Merged stdout and stderr, masked; `offset` counts all bytes before.
    Output { offset: u64, bytes: Vec<u8> },
    /// What the agent is doing now, in a few words; untrusted.
    Step(String),
    /// Totals so far.
    Usage(Usage),
    /// The agent's own session id.
    Session(String),
    /// Always the last event.
    Exited(Exit),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Exit {
    pub kind: ExitKind,
    /// The agent's answer; untrusted.
    pub answer: String,
    pub usage: Usage,
    /// Copied out of the attempt's reach, into `files_dir`.
    pub files: Vec<ResultFile>,
    pub files_dir: Option<PathBuf>,
    /// Files that were too large or no regular files, with the reason.
    pub left_out: Vec<String>,
    /// After a stop: processes counted before it, and left after it (0 unless something is wrong).
    pub stopped: Option<StopProof>,
}

/// What a stop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopProof {
    pub took: Duration,
    pub processes: usize,
    pub left: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitKind {
    Code(i32),
    Signal(i32),
    /// Our own timeout ended it.
    TimedOut,
    /// We stopped it because we were asked to.
    Stopped,
    /// The program could not be started; the sentence says what to do.
    SpawnFailed(String),
    /// No sandbox could be had; the sentence says why.
    IsolationUnavailable(String),
    /// The agent itself said that it failed, with exit code 0.
    AgentError(String),
    /// The provider (model API, login) refused.
    Provider(String),
    /// The supervisor failed.
    Broken(String),
}

/// What is sent to a running attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// TERM, grace, KILL; then proof that nothing is left.
    Stop,
    /// KILL at once.
    Kill,
}

/// The executor could not take the job at all.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExecError {
    pub message: String,
    #[source]
    pub source: Option<Source>,
}

/// A way to run attempts.
#[async_trait]
pub trait Executor: Send + Sync {
    /// As a plan names it: `local`.
    fn name(&self) -> &str;

    /// Which isolation an attempt would get now, or why it would be refused.
    fn isolation(&self) -> Result<String, String>;

    /// Starts an attempt.
    ///
    /// - A missing program or sandbox is not an error here: the first and last event is `Exited`
    ///   with the reason.
    /// - Every attempt has a workspace of its own; no two share files.
    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError>;

    /// Ends what an earlier life of this service left running; returns how many processes.
    async fn sweep_strays(&self) -> usize;
}

/// A running attempt. Dropping it kills everything it started.
#[async_trait]
pub trait Running: Send + Sync {
    /// - `Exited` comes exactly once and last; afterwards `None`.
    /// - Cancel-safe: no event is lost when the future is dropped.
    async fn next(&mut self) -> Option<JobEvent>;

    /// - Repeating it is allowed; after the end it does nothing.
    /// - Returns at once; the outcome comes as `Exited`.
    fn signal(&self, signal: Signal);
}
