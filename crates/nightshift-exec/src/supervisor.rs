//! One supervisor per attempt: hears how it goes, enforces the timeout, ends it when asked, and
//! proves that nothing is left.

mod drive;
mod launch;
mod story;

use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use async_trait::async_trait;
use nightshift_core::port::{ExecError, Exit, ExitKind, JobEvent, Running, Signal};
use nightshift_core::task::Usage;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub(crate) use launch::Launch;

/// Events that wait for their reader; then the agent's own writes wait.
const WAITING: usize = 64;

/// What was asked from outside, the strongest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Want {
    #[default]
    Nothing,
    Stop,
    Kill,
}

/// Starts a prepared attempt.
pub(crate) async fn start(launch: Launch) -> Result<Box<dyn Running>, ExecError> {
    let (events, incoming) = mpsc::channel(WAITING);
    let (want, wanted) = watch::channel(Want::Nothing);
    let begun = launch.begin().await.map_err(|error| ExecError {
        message: "cannot start the attempt's supervisor".to_owned(),
        source: Some(Box::new(error)),
    })?;
    let started = match begun {
        Ok(started) => started,
        Err(kind) => return Ok(Box::new(Refused::new(kind))),
    };
    let line = started.line.try_clone().map_err(|error| ExecError {
        message: "cannot start the attempt's supervisor".to_owned(),
        source: Some(Box::new(error)),
    })?;
    let mut drive = JoinSet::new();
    drive.spawn(drive::run(started, wanted, events));
    Ok(Box::new(Attempt {
        incoming,
        want,
        line,
        over: false,
        _drive: drive,
    }))
}

/// The handle of a running attempt.
struct Attempt {
    incoming: mpsc::Receiver<JobEvent>,
    want: watch::Sender<Want>,
    line: UnixStream,
    over: bool,
    /// Ended with the handle.
    _drive: JoinSet<()>,
}

#[async_trait]
impl Running for Attempt {
    async fn next(&mut self) -> Option<JobEvent> {
        if self.over {
            return None;
        }
        let event = self.incoming.recv().await.unwrap_or_else(|| {
            let reason = "the attempt's supervisor ended without a word";
            exited(ExitKind::Broken(reason.to_owned()))
        });
        self.over = matches!(event, JobEvent::Exited(_));
        Some(event)
    }

    fn signal(&self, signal: Signal) {
        let new = match signal {
            Signal::Stop => Want::Stop,
            Signal::Kill => Want::Kill,
        };
        self.want.send_if_modified(|want| {
            let stronger = new > *want;
            *want = new.max(*want);
            stronger
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // The end of this line makes the init end everything. After the end it is closed already.
        let _ = self.line.shutdown(Shutdown::Both);
    }
}

/// An attempt that ended before it began.
pub(crate) struct Refused(Option<JobEvent>);

impl Refused {
    pub(crate) fn new(kind: ExitKind) -> Self {
        Self(Some(exited(kind)))
    }
}

#[async_trait]
impl Running for Refused {
    async fn next(&mut self) -> Option<JobEvent> {
        self.0.take()
    }

    fn signal(&self, _: Signal) {}
}

fn exited(kind: ExitKind) -> JobEvent {
    JobEvent::Exited(Exit {
        kind,
        answer: String::new(),
        usage: Usage::default(),
        files: Vec::new(),
        files_dir: None,
        left_out: Vec::new(),
        stopped: None,
    })
}
