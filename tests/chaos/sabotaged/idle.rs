//! No fault, but an executor that starts no process: for tests that need a hundred thousand
//! attempts. It writes down what it runs as the agents of other tests do, and takes a moment over
//! a task that says `slow`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nightshift_app::Ports;
use nightshift_core::port::Signal;
use nightshift_core::port::executor::{
    ExecError, Executor, Exit, ExitKind, Job, JobEvent, Running, StopProof,
};
use nightshift_core::task::Usage;
use tokio::sync::watch;

use crate::fault::Fault;

/// Long enough for a server to be killed or frozen meanwhile.
const SLOW: Duration = Duration::from_millis(300);

pub(crate) fn around(mut ports: Ports, faults: &[Fault]) -> Ports {
    if faults.contains(&Fault::Idle) {
        for executor in ports.executors.values_mut() {
            *executor = Arc::new(Idle);
        }
    }
    ports
}

/// An attempt that is older was frozen with its server, and its lease may be over. It has no
/// watchdog that ended it meanwhile, so it does not go on before it could be told.
const FROZEN: Duration = Duration::from_secs(2);
const TOLD: Duration = Duration::from_secs(3);

struct Idle;

#[async_trait]
impl Executor for Idle {
    fn name(&self) -> &'static str {
        "local"
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("none".to_owned())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        let folder = job.project_dir.clone().ok_or_else(|| ExecError {
            message: "an idle attempt is of a project".to_owned(),
            source: None,
        })?;
        let name = format!("{} {}", job.task, job.fence.0);
        let lock = match lock(&folder, job.task.as_str()) {
            Ok(lock) => Some(lock),
            // What a frozen server left is not at work; as a process, its watchdog had ended it.
            Err(holder) if is_frozen(&holder) => None,
            Err(_) => {
                note(&folder, "overlaps", &name);
                None
            }
        };
        note(&folder, "runs", &name);
        Ok(Box::new(Attempt {
            slow: job.prompt.contains("slow"),
            folder,
            name,
            lock,
            began: Instant::now(),
            said: 0,
            stopped: watch::Sender::new(false),
        }))
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

struct Attempt {
    slow: bool,
    folder: PathBuf,
    name: String,
    /// Held while it runs, by whichever server: two of one task at a time would be seen.
    lock: Option<File>,
    began: Instant,
    said: u8,
    stopped: watch::Sender<bool>,
}

#[async_trait]
impl Running for Attempt {
    async fn next(&mut self) -> Option<JobEvent> {
        if self.said == 0 {
            self.said = 1;
            return Some(JobEvent::Started {
                isolation: "none".to_owned(),
            });
        }
        if self.said > 1 {
            return None;
        }
        let work = if self.slow { SLOW } else { Duration::ZERO };
        let mut stopped = self.is_stopped_within(work).await;
        if !stopped && self.began.elapsed() > FROZEN {
            stopped = self.is_stopped_within(TOLD).await;
        }
        self.said = 2;
        if !stopped {
            note(&self.folder, "ends", &self.name);
        }
        self.lock = None;
        Some(JobEvent::Exited(exit(stopped)))
    }

    fn signal(&self, _: Signal) {
        self.stopped.send_replace(true);
    }
}

fn exit(stopped: bool) -> Exit {
    Exit {
        kind: if stopped {
            ExitKind::Stopped
        } else {
            ExitKind::Code(0)
        },
        answer: "I did it".to_owned(),
        usage: Usage::default(),
        files: Vec::new(),
        files_dir: None,
        left_out: Vec::new(),
        stopped: stopped.then_some(StopProof {
            took: Duration::ZERO,
            processes: 1,
            left: 0,
        }),
    }
}

impl Attempt {
    async fn is_stopped_within(&self, time: Duration) -> bool {
        let mut stopped = self.stopped.subscribe();
        let stopped = stopped.wait_for(|stopped| *stopped);
        tokio::time::timeout(time, stopped).await.is_ok()
    }
}

/// One write: lines of several servers do not mix.
fn note(folder: &Path, name: &str, line: &str) {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(name));
    let mut file = file.expect("the project's folder can be written");
    file.write_all(format!("{line}\n").as_bytes())
        .expect("the project's folder has room");
}

/// The lock of a task, or the process that has it.
fn lock(folder: &Path, task: &str) -> Result<File, String> {
    let path = folder.join(format!("lock-{task}"));
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .expect("the project's folder can be written");
    if file.try_lock().is_err() {
        return Err(std::fs::read_to_string(&path).unwrap_or_default());
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .expect("the project's folder has room");
    Ok(file)
}

fn is_frozen(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The state stands behind the name, which ends with the last parenthesis.
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| state.starts_with('T'))
}
