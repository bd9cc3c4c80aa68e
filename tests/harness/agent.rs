//! An executor whose agents do what the test says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nightshift_core::id::TaskId;
use nightshift_core::port::executor::{
    ExecError, Executor, Exit, ExitKind, Job, JobEvent, Running, Signal, StopProof,
};
use nightshift_core::secret::Scrubber;
use nightshift_core::task::{ResultFile, Usage};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

/// An attempt as the test sees it.
#[derive(Clone)]
pub struct Run {
    pub job: Job,
    signals: Arc<Mutex<Vec<Signal>>>,
    /// Signals change nothing.
    stubborn: Arc<AtomicBool>,
    events: mpsc::UnboundedSender<JobEvent>,
    unread: Arc<AtomicUsize>,
    /// The end is told, but perhaps not written yet.
    pub(crate) unwritten: Arc<AtomicBool>,
    results: Arc<Mutex<Vec<LeftFile>>>,
    printed: Arc<Mutex<u64>>,
    scrubber: Scrubber,
}

/// Its path in the output directory, and its content.
type LeftFile = (String, Vec<u8>);

/// Runs nothing: hands each attempt to the test.
#[derive(Default)]
pub struct StubExecutor {
    runs: Mutex<Vec<Run>>,
    results_dir: std::path::PathBuf,
    scrubber: Scrubber,
    stuck: AtomicBool,
    broken: AtomicBool,
}

impl StubExecutor {
    /// From now on an attempt that is handed over never begins.
    pub fn never_starts(&self) {
        self.stuck.store(true, Ordering::SeqCst);
    }

    /// It begins again; what hangs goes on hanging.
    pub fn starts_again(&self) {
        self.stuck.store(false, Ordering::SeqCst);
    }

    /// From now on an attempt that is handed over panics.
    pub fn breaks_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    pub fn new(results_dir: std::path::PathBuf, scrubber: Scrubber) -> Self {
        Self {
            results_dir,
            scrubber,
            ..Self::default()
        }
    }

    /// All attempts, in the order of their start.
    pub fn runs(&self) -> Vec<Run> {
        self.runs.lock().expect("runs").clone()
    }

    /// The last attempt of a task.
    pub fn run_of(&self, task: &TaskId) -> Run {
        let runs = self.runs();
        runs.into_iter()
            .rev()
            .find(|run| run.job.task == *task)
            .unwrap_or_else(|| panic!("{task} never ran"))
    }

    /// The machine died with everything on it: no attempt says another word.
    pub(crate) fn die(&self) {
        self.runs.lock().expect("runs").clear();
    }
}

impl Run {
    /// Prints; an executor masks the secrets it knows.
    pub fn prints(&self, text: &str) {
        let text = self.scrubber.text(text);
        let mut printed = self.printed.lock().expect("printed");
        let event = JobEvent::Output {
            offset: *printed,
            bytes: text.as_bytes().to_vec(),
        };
        *printed += text.len() as u64;
        self.send(event);
    }

    /// What it was told to do, repetitions included.
    pub fn signals(&self) -> Vec<Signal> {
        self.signals.lock().expect("signals").clone()
    }

    /// A signal is noted, but the program goes on.
    pub fn ignores_signals(&self) {
        self.stubborn.store(true, Ordering::SeqCst);
    }

    /// Ends as a program that was told to stop.
    pub fn obeys(&self) {
        let stopped = Some(StopProof {
            took: Duration::from_millis(1800),
            processes: 14,
            left: 0,
        });
        let exit = Exit {
            kind: ExitKind::Stopped,
            answer: String::new(),
            usage: Usage {
                tokens: 100,
                usd: 0.42,
                seconds: 2.0,
            },
            files: Vec::new(),
            files_dir: None,
            left_out: Vec::new(),
            stopped,
        };
        self.send(JobEvent::Exited(exit));
    }

    pub fn step(&self, step: &str) {
        self.send(JobEvent::Step(step.into()));
    }

    /// Leaves a file for the result.
    pub fn writes(&self, name: &str, bytes: &[u8]) {
        self.results
            .lock()
            .expect("results")
            .push((name.into(), bytes.to_vec()));
    }

    pub fn answers(&self, answer: &str) {
        self.ends(ExitKind::Code(0), answer);
    }

    pub fn ends(&self, kind: ExitKind, answer: &str) {
        let files = self.results.lock().expect("results").clone();
        let listed = files.iter().map(|(path, bytes)| ResultFile {
            path: path.clone(),
            change: "created".into(),
            bytes: bytes.len() as u64,
        });
        let exit = Exit {
            kind,
            answer: answer.into(),
            usage: Usage {
                tokens: 1200,
                usd: 0.05,
                seconds: 3.0,
            },
            files: listed.collect(),
            files_dir: None,
            left_out: Vec::new(),
            stopped: None,
        };
        self.send(JobEvent::Exited(exit));
    }

    fn send(&self, event: JobEvent) {
        self.unread.fetch_add(1, Ordering::SeqCst);
        if self.events.send(event).is_err() {
            // The attempt is over: nobody listens any more.
            self.unread.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Whether the application has not taken note of all that was said.
    pub(crate) fn has_unread(&self) -> bool {
        !self.events.is_closed() && self.unread.load(Ordering::SeqCst) > 0
    }
}

#[async_trait]
impl Executor for StubExecutor {
    fn name(&self) -> &'static str {
        "local"
    }

    fn isolation(&self) -> Result<String, String> {
        Ok("stub".into())
    }

    async fn start(&self, job: Job) -> Result<Box<dyn Running>, ExecError> {
        assert!(
            !self.broken.load(Ordering::SeqCst),
            "the executor breaks down, as the test wants"
        );
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let (events, received) = mpsc::unbounded_channel();
        let run = Run {
            signals: Arc::default(),
            stubborn: Arc::default(),
            events,
            unread: Arc::default(),
            unwritten: Arc::default(),
            results: Arc::default(),
            printed: Arc::default(),
            scrubber: self.scrubber.clone(),
            job: job.clone(),
        };
        run.send(JobEvent::Started {
            isolation: "stub".into(),
        });
        self.runs.lock().expect("runs").push(run.clone());
        let results = self
            .results_dir
            .join(job.task.as_str())
            .join(job.fence.0.to_string());
        Ok(Box::new(StubRun {
            run,
            telling: false,
            received: AsyncMutex::new(received),
            results,
        }))
    }

    async fn sweep_strays(&self) -> usize {
        0
    }
}

struct StubRun {
    run: Run,
    /// An event was handed over; who asks for the next one has taken note of it.
    telling: bool,
    received: AsyncMutex<mpsc::UnboundedReceiver<JobEvent>>,
    results: std::path::PathBuf,
}

#[async_trait]
impl Running for StubRun {
    async fn next(&mut self) -> Option<JobEvent> {
        if std::mem::take(&mut self.telling) {
            self.run.unread.fetch_sub(1, Ordering::SeqCst);
        }
        let event = self.received.lock().await.recv().await?;
        self.telling = true;
        if let JobEvent::Exited(_) = &event {
            self.run.unwritten.store(true, Ordering::SeqCst);
            self.run.unread.store(0, Ordering::SeqCst);
            for (name, bytes) in self.run.results.lock().expect("results").iter() {
                let at = self.results.join(name);
                std::fs::create_dir_all(at.parent().expect("a parent")).expect("results");
                std::fs::write(at, bytes).expect("a result");
            }
        }
        Some(event)
    }

    fn signal(&self, signal: Signal) {
        let mut signals = self.run.signals.lock().expect("signals");
        if signals.is_empty() && !self.run.stubborn.load(Ordering::SeqCst) {
            self.run.obeys();
        }
        signals.push(signal);
    }
}
