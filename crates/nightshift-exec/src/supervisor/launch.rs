//! Starts an attempt's first process on a thread of its own, which then waits for its end.
//!
//! A thread, because the kernel ends the process when the thread that made it ends: threads of a
//! runtime come and go.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nightshift_core::agent::OutputFormat;
use nightshift_core::port::ExitKind;
use nightshift_core::secret::Scrubber;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;

use crate::local::Place;
use crate::process::{self, Hunt};

/// How long marked processes may take to die after the init has ended.
const HUNT_PATIENCE: Duration = Duration::from_secs(5);

/// Everything about an attempt that is ready to start.
pub(crate) struct Launch {
    /// With its environment and standard input.
    pub(crate) command: Command,
    /// As the agent's command names it, for sentences.
    pub(crate) program: String,
    pub(crate) install_hint: String,
    pub(crate) isolation: &'static str,
    pub(crate) marks: Vec<String>,
    /// For the person, when the agent starts.
    pub(crate) note: Option<String>,
    pub(crate) files_dir: PathBuf,
    pub(crate) place: Arc<Place>,
    pub(crate) scrubber: Scrubber,
    pub(crate) format: OutputFormat,
    pub(crate) timeout: Duration,
    pub(crate) stop_grace: Duration,
    pub(crate) output_limit: u64,
    pub(crate) result_file_limit: u64,
}

/// An attempt whose first process runs.
pub(super) struct Started {
    pub(super) launch: Launch,
    pub(super) line: UnixStream,
    /// Taken when the agent runs.
    pub(super) output: Option<Receiver>,
    /// Comes when the process and everything marked have ended.
    pub(super) over: oneshot::Receiver<Hunt>,
}

impl Launch {
    /// The inner error is the attempt's end.
    pub(super) async fn begin(mut self) -> io::Result<Result<Started, ExitKind>> {
        let (output, written) = io::pipe()?;
        let (line, theirs) = UnixStream::pair()?;
        let mut command = std::mem::replace(&mut self.command, Command::new("/"));
        command
            .stdout(written)
            .stderr(std::process::Stdio::from(OwnedFd::from(theirs)));
        let (over, is_over) = oneshot::channel();
        let (spawned, is_spawned) = oneshot::channel();
        let waiter = Waiter {
            place: Arc::clone(&self.place),
            marks: self.marks.clone(),
            over,
        };
        thread::Builder::new()
            .name("attempt".to_owned())
            .spawn(move || waiter.run(command, spawned))?;
        let failure = match is_spawned.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("its thread ended".to_owned()),
        };
        if let Some(reason) = failure {
            return Ok(Err(ExitKind::IsolationUnavailable(format!(
                "{} does not start: {reason}",
                self.isolation
            ))));
        }
        Ok(Ok(Started {
            launch: self,
            output: Some(receiver(output)?),
            line,
            over: is_over,
        }))
    }
}

fn receiver(output: PipeReader) -> io::Result<Receiver> {
    Receiver::from_owned_fd(OwnedFd::from(output))
}

struct Waiter {
    /// Kept so long, in case nobody else waits for the end any more.
    place: Arc<Place>,
    marks: Vec<String>,
    over: oneshot::Sender<Hunt>,
}

impl Waiter {
    fn run(self, mut command: Command, spawned: oneshot::Sender<io::Result<()>>) {
        let child = command.spawn();
        // Our copies of the attempt's ends of pipe and line.
        drop(command);
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                let _ = spawned.send(Err(error));
                return;
            }
        };
        // If nobody listens any more, the line is closed and the init ends.
        let _ = spawned.send(Ok(()));
        if let Err(error) = child.wait() {
            tracing::error!(error = %error, "cannot wait for an attempt");
        }
        let hunt = process::kill_marked(&self.marks, HUNT_PATIENCE);
        drop(self.place);
        let _ = self.over.send(hunt);
    }
}
