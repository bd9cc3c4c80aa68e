//! One attempt: from the lease to the finish, whatever happens in between.

use std::sync::Arc;
use std::time::Duration;

use nightshift_core::id::Fence;
use nightshift_core::port::Signal;
use nightshift_core::port::executor::{Executor, Exit, ExitKind, Job, JobEvent, Running};
use nightshift_core::port::store::{LeaseWord, Leased, Start};
use nightshift_core::task::{Task, Usage};
use nightshift_core::time::Timestamp;
use tokio::sync::mpsc;

use super::hold::Hold;
use super::together::Ledger;
use super::{Order, outcome};
use crate::App;
use crate::insist::insist;

/// Between two progress rows of one attempt: cards cannot be edited faster anyway.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// An executor counts real time, the store ours, which may be a twentieth faster for a while.
const LEEWAY: u32 = 10;
/// For the end of an attempt: collecting results, writing the last output.
const SETTLING: Duration = Duration::from_secs(60);

pub(super) async fn run(
    app: Arc<App>,
    ledger: Arc<Ledger>,
    executor: Arc<dyn Executor>,
    leased: Leased,
    (hold, orders): (Arc<Hold>, mpsc::Receiver<Order>),
) {
    let mut attempt = Attempt {
        app,
        ledger,
        fence: leased.fence,
        task: leased.task,
        orders,
        hold,
        ending: Ending::ByItself,
        started: false,
        log_bytes: 0,
        step: None,
        usage: Usage::default(),
        session: None,
        reported_at: None,
        dirty: false,
    };
    let exit = attempt.supervise(executor.as_ref()).await;
    attempt.finish(exit).await;
}

struct Attempt {
    app: Arc<App>,
    ledger: Arc<Ledger>,
    task: Task,
    fence: Fence,
    orders: mpsc::Receiver<Order>,
    hold: Arc<Hold>,
    ending: Ending,
    started: bool,
    log_bytes: u64,
    step: Option<String>,
    usage: Usage,
    session: Option<String>,
    reported_at: Option<Timestamp>,
    dirty: bool,
}

impl Attempt {
    async fn supervise(&mut self, executor: &dyn Executor) -> Exit {
        let job = match self.job() {
            Ok(job) => job,
            Err(why) => return broken(ExitKind::SpawnFailed(why)),
        };
        let mut running = match self.launch(executor, job).await {
            Ok(running) => running,
            Err(exit) => return exit,
        };
        loop {
            let (app, hold) = (self.app.clone(), self.hold.clone());
            tokio::select! {
                event = running.next() => match event {
                    Some(JobEvent::Exited(exit)) => return exit,
                    Some(event) => self.note(event, running.as_ref()).await,
                    None => return broken(ExitKind::Broken("the supervisor ended without an outcome".into())),
                },
                Some(order) = self.orders.recv() => match order {
                    Order::Signal(signal) => running.signal(signal),
                    Order::HandBack => {
                        self.ending = Ending::HandedBack;
                        running.signal(Signal::Stop);
                    }
                },
                () = hold.cut_off(|| app.now()), if self.ending != Ending::CutOff => self.cut_off(running.as_ref()),
                () = tokio::time::sleep(PROGRESS_EVERY), if self.dirty => self.report(running.as_ref(), Reporting::Now).await,
            }
        }
    }

    /// Starts the program, unless somebody says stop before it runs.
    async fn launch(
        &mut self,
        executor: &dyn Executor,
        job: Job,
    ) -> Result<Box<dyn Running>, Exit> {
        let (app, hold) = (self.app.clone(), self.hold.clone());
        tokio::select! {
            biased;
            Some(order) = self.orders.recv() => {
                if order == Order::HandBack {
                    self.ending = Ending::HandedBack;
                }
                Err(broken(ExitKind::Stopped))
            }
            () = hold.cut_off(|| app.now()) => {
                self.ending = Ending::CutOff;
                Err(broken(ExitKind::Stopped))
            }
            started = executor.start(job) => {
                started.map_err(|error| broken(ExitKind::Broken(error.message)))
            }
        }
    }

    /// The store has not taken a heartbeat for so long that somebody else may be at it soon.
    fn cut_off(&mut self, running: &dyn Running) {
        tracing::warn!(task.id = %self.task.id, "The store takes no heartbeat; an attempt is stopped before its lease ends.");
        self.ending = Ending::CutOff;
        running.signal(Signal::Kill);
    }

    /// Waits for the store without forgetting the lease meanwhile.
    async fn held<T>(&mut self, running: &dyn Running, work: impl Future<Output = T> + Send) -> T {
        let mut work = std::pin::pin!(work);
        if self.ending != Ending::CutOff {
            let (app, hold) = (self.app.clone(), self.hold.clone());
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = hold.cut_off(|| app.now()) => self.cut_off(running),
            }
        }
        work.await
    }

    /// All the time that an attempt may take. Its executor ends it at the plan's timeout; only
    /// one that does not is still there afterwards.
    fn allowed(&self) -> Duration {
        let plan = self.task.plan.as_ref();
        let timeout = Duration::from_secs(plan.map_or(0, |plan| plan.body.timeout_s));
        timeout + timeout / LEEWAY + self.app.settings.timers.stop_grace + SETTLING
    }

    /// Exactly the approved plan: what the plan does not name, the job does not have.
    fn job(&self) -> Result<Job, String> {
        let app = &self.app;
        let plan = self.task.plan.as_ref().ok_or("the task has no plan")?;
        if !plan.is_intact() {
            return Err(
                "the stored plan does not match its hash; it was changed after approval".into(),
            );
        }
        outcome::job(app, &self.task, self.fence, &plan.body)
    }

    async fn note(&mut self, event: JobEvent, running: &dyn Running) {
        match event {
            JobEvent::Started { isolation } => {
                let (app, ledger) = (self.app.clone(), self.ledger.clone());
                let start = Start {
                    task: self.task.id.clone(),
                    fence: self.fence,
                    isolation,
                    deadline: app.now().after(self.allowed()),
                };
                self.started = true;
                let started = insist(|| ledger.starts.write(app.store(), &start, || app.now()));
                let word = self.held(running, started).await;
                obey(word, running);
                self.app.wake.messages();
            }
            JobEvent::Output { offset, bytes } => {
                let (app, task, fence) = (self.app.clone(), self.task.id.clone(), self.fence);
                let written = insist(|| app.store().append_log(&task, fence, offset, &bytes));
                let held = self.held(running, written).await;
                self.log_bytes = offset + bytes.len() as u64;
                if !held {
                    running.signal(Signal::Kill);
                }
                self.app.wake.changed();
            }
            JobEvent::Step(step) => {
                self.step = Some(self.app.settings.scrubber.text(&step));
                self.report(running, Reporting::Paced).await;
            }
            JobEvent::Usage(usage) => {
                self.usage = usage;
                self.report(running, Reporting::Paced).await;
            }
            JobEvent::Session(session) => {
                self.session = Some(session);
                self.report(running, Reporting::Now).await;
            }
            // Handled by the caller: it ends the attempt.
            JobEvent::Exited(_) => {}
        }
    }

    async fn report(&mut self, running: &dyn Running, reporting: Reporting) {
        let now = self.app.now();
        let early = self
            .reported_at
            .is_some_and(|at| now.since(at) < PROGRESS_EVERY);
        if early && reporting == Reporting::Paced {
            self.dirty = true;
            return;
        }
        self.reported_at = Some(now);
        self.dirty = false;
        let (step, session) = (self.step.as_deref(), self.session.as_deref());
        let store = self.app.store();
        // Progress is for show: a failed write is repeated by the next report.
        match store
            .attempt_progress(&self.task.id, self.fence, step, self.usage, session, now)
            .await
        {
            Ok(word) => obey(word, running),
            Err(_) => self.dirty = true,
        }
        self.app.wake.messages();
    }

    async fn finish(self, exit: Exit) {
        let finish = outcome::finish(
            &self.app,
            &self.task,
            self.fence,
            exit,
            (self.ending, Begun::of(self.started)),
            self.log_bytes,
        );
        self.app.share_results(&finish).await;
        let (app, ledger) = (self.app.clone(), self.ledger.clone());
        insist(|| ledger.ends.write(app.store(), &finish, || app.now())).await;
        app.wake.all();
    }
}

/// Why an attempt ends, where it does not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    ByItself,
    /// The service stops.
    HandedBack,
    /// Its lease could not be kept.
    CutOff,
}

/// Whether its program ever ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    No,
    Yes,
}

impl Begun {
    fn of(started: bool) -> Self {
        if started { Self::Yes } else { Self::No }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reporting {
    Now,
    Paced,
}

fn obey(word: LeaseWord, running: &dyn Running) {
    match word {
        LeaseWord::Keep => {}
        LeaseWord::Stop => running.signal(Signal::Stop),
        LeaseWord::Fenced => running.signal(Signal::Kill),
    }
}

fn broken(kind: ExitKind) -> Exit {
    Exit {
        kind,
        answer: String::new(),
        usage: Usage::default(),
        files: Vec::new(),
        files_dir: None,
        left_out: Vec::new(),
        stopped: None,
    }
}
