//! An attempt from its start to its last event.

use std::time::Duration;

use nightshift_core::port::executor::StopProof;
use nightshift_core::port::{Exit, ExitKind, JobEvent};
use nightshift_core::task::Usage;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::Want;
use super::launch::Started;
use crate::init::{End, Ended, Order, Status};
use crate::output::Pump;
use crate::process::{self, Hunt};
use crate::results::{self, Results};
use crate::stream::{Found, Reading};

/// After KILL the init reports within its own patience; then we look ourselves.
const KILL_PATIENCE: Duration = Duration::from_secs(8);
/// Lines that were written before the end are there at once.
const LAST_LINES: Duration = Duration::from_secs(1);
const STATUSES: usize = 16;
/// Lines of bubblewrap's that are kept as the reason.
const REASONS: usize = 5;

pub(super) async fn run(
    started: Started,
    want: watch::Receiver<Want>,
    events: mpsc::Sender<JobEvent>,
) {
    let exit = match Drive::new(started, want, events.clone()) {
        Ok(drive) => drive.run().await,
        Err(error) => {
            let reason = format!("cannot hear the attempt: {error}");
            let _ = events.send(super::exited(ExitKind::Broken(reason))).await;
            return;
        }
    };
    // Nobody listening any more is no failure.
    let _ = events.send(JobEvent::Exited(exit)).await;
}

struct Drive {
    started: Started,
    want: watch::Receiver<Want>,
    events: mpsc::Sender<JobEvent>,
    orders: OwnedWriteHalf,
    statuses: mpsc::Receiver<Heard>,
    _listener: JoinSet<()>,
    begun: Instant,
    heard: Story,
    stopping: Option<Stopping>,
    kill_at: Option<Instant>,
}

/// What the init and bubblewrap have said so far.
#[derive(Default)]
struct Story {
    ready: bool,
    spawn_failed: Option<String>,
    ended: Option<Ended>,
    reasons: Vec<String>,
}

enum Heard {
    Status(Status),
    Words(String),
}

#[derive(Clone, Copy)]
struct Stopping {
    since: Instant,
    timed_out: bool,
}

impl Drive {
    fn new(
        started: Started,
        want: watch::Receiver<Want>,
        events: mpsc::Sender<JobEvent>,
    ) -> std::io::Result<Self> {
        let line = started.line.try_clone()?;
        line.set_nonblocking(true)?;
        let (read, orders) = UnixStream::from_std(line)?.into_split();
        let (heard, statuses) = mpsc::channel(STATUSES);
        let mut listener = JoinSet::new();
        listener.spawn(listen(read, heard));
        Ok(Self {
            started,
            want,
            events,
            orders,
            statuses,
            _listener: listener,
            begun: Instant::now(),
            heard: Story::default(),
            stopping: None,
            kill_at: None,
        })
    }

    async fn run(mut self) -> Exit {
        let mut pump = JoinSet::new();
        let ended = CancellationToken::new();
        let hunt = self.until_over(&mut pump, &ended).await;
        while let Ok(Some(heard)) = timeout(LAST_LINES, self.statuses.recv()).await {
            self.hear(heard, &mut pump, &ended).await;
        }
        ended.cancel();
        let ran = !pump.is_empty();
        let found = match pump.join_next().await {
            Some(Ok(reading)) => reading.found,
            _ => Found::default(),
        };
        self.finish(hunt, ran, found).await
    }

    async fn until_over(&mut self, pump: &mut JoinSet<Reading>, ended: &CancellationToken) -> Hunt {
        let timeout_at = self.begun + self.started.launch.timeout;
        let mut listening = true;
        let mut obeying = true;
        loop {
            tokio::select! {
                heard = self.statuses.recv(), if listening => match heard {
                    Some(heard) => self.hear(heard, pump, ended).await,
                    None => listening = false,
                },
                changed = self.want.changed(), if obeying => match changed {
                    Ok(()) => self.obey().await,
                    Err(_) => obeying = false,
                },
                () = sleep_until(timeout_at), if self.stopping.is_none() => {
                    self.stop(true, Order::Term).await;
                }
                () = sleep_until(self.kill_at.unwrap_or(timeout_at)), if self.kill_at.is_some() => {
                    self.kill().await;
                }
                hunt = &mut self.started.over => return hunt.unwrap_or_default(),
            }
        }
    }

    async fn hear(&mut self, heard: Heard, pump: &mut JoinSet<Reading>, ended: &CancellationToken) {
        match heard {
            Heard::Status(Status::Ready) => self.heard.ready = true,
            Heard::Status(Status::Started) => {
                let isolation = self.started.launch.isolation.to_owned();
                let _ = self.events.send(JobEvent::Started { isolation }).await;
                self.start_pump(pump, ended);
            }
            Heard::Status(Status::SpawnFailed(reason)) => self.heard.spawn_failed = Some(reason),
            Heard::Status(Status::Ended(ended)) => self.heard.ended = Some(ended),
            Heard::Words(words) => {
                if self.heard.reasons.len() < REASONS {
                    self.heard.reasons.push(words);
                }
            }
        }
    }

    fn start_pump(&mut self, pump: &mut JoinSet<Reading>, ended: &CancellationToken) {
        let Some(pipe) = self.started.output.take() else {
            return;
        };
        let launch = &self.started.launch;
        let run = Pump {
            pipe,
            scrubber: launch.scrubber.clone(),
            limit: launch.output_limit,
            reading: Reading::new(launch.format),
            events: self.events.clone(),
            ended: ended.clone(),
        };
        pump.spawn(run.run());
    }

    async fn obey(&mut self) {
        let want = *self.want.borrow_and_update();
        match want {
            Want::Nothing => {}
            Want::Stop => self.stop(false, Order::Term).await,
            Want::Kill => self.stop(false, Order::Kill).await,
        }
    }

    async fn stop(&mut self, timed_out: bool, order: Order) {
        let now = Instant::now();
        self.stopping.get_or_insert(Stopping {
            since: now,
            timed_out,
        });
        let grace = self.started.launch.stop_grace;
        let (at, order) = match order {
            Order::Term if self.kill_at.is_none() && !grace.is_zero() => (now + grace, Order::Term),
            Order::Term if self.kill_at.is_some() => return,
            Order::Term | Order::Kill => (now + KILL_PATIENCE, Order::Kill),
        };
        self.kill_at = Some(at);
        self.order(order).await;
    }

    /// The grace is over; or even KILL through the init did not help.
    async fn kill(&mut self) {
        let marks = self.started.launch.marks.clone();
        self.kill_at = Some(Instant::now() + KILL_PATIENCE);
        if self.killed_before() {
            let hunt = move || process::kill_marked(&marks, Duration::ZERO);
            // Its result shows in the next round.
            let _ = tokio::task::spawn_blocking(hunt).await;
        }
        self.order(Order::Kill).await;
    }

    fn killed_before(&self) -> bool {
        let limit = self.started.launch.stop_grace + KILL_PATIENCE;
        self.stopping
            .is_some_and(|stopping| stopping.since.elapsed() >= limit)
    }

    async fn order(&mut self, order: Order) {
        // A closed line means that the init has ended already.
        let _ = self.orders.write_all(order.line().as_bytes()).await;
    }

    async fn finish(self, hunt: Hunt, ran: bool, found: Found) -> Exit {
        let took = self.stopping.map(|stopping| stopping.since.elapsed());
        let kind = self.kind(&found);
        let left = self.heard.ended.map_or(0, |ended| ended.left) + hunt.left;
        let processes = self.heard.ended.map_or(hunt.found, |ended| ended.processes);
        if left > 0 {
            tracing::error!(
                process.left = left,
                "an attempt has ended but not all its processes"
            );
        }
        let usage = Usage {
            seconds: self.begun.elapsed().as_secs_f64(),
            ..found.usage
        };
        let launch = self.started.launch;
        let (place, files_dir) = (launch.place, launch.files_dir.clone());
        let limit = launch.result_file_limit;
        let collect = move || {
            let found = if ran {
                results::collect(&place.out, &files_dir, limit)
            } else {
                Results::default()
            };
            // Removes the attempt's directories.
            drop(place);
            found
        };
        let results = tokio::task::spawn_blocking(collect)
            .await
            .unwrap_or_default();
        Exit {
            kind,
            answer: found.answer(),
            usage,
            files_dir: (!results.files.is_empty()).then_some(launch.files_dir),
            files: results.files,
            left_out: results.left_out,
            stopped: took.map(|took| StopProof {
                took,
                processes,
                left,
            }),
        }
    }

    fn kind(&self, found: &Found) -> ExitKind {
        let story = &self.heard;
        let asked = story.ended.is_none_or(|ended| ended.asked);
        match (self.stopping, &story.spawn_failed, story.ended) {
            (Some(stopping), _, _) if asked && stopping.timed_out => ExitKind::TimedOut,
            (Some(_), _, _) if asked => ExitKind::Stopped,
            (_, Some(reason), _) => ExitKind::SpawnFailed(self.not_started(reason)),
            (_, _, Some(ended)) => found.verdict(match ended.end {
                End::Exited(code) => ExitKind::Code(code),
                End::Signalled(signal) => ExitKind::Signal(signal),
            }),
            _ if story.ready => ExitKind::Broken(self.reason("the attempt's init was ended")),
            _ => ExitKind::IsolationUnavailable(self.reason("the sandbox ended without a word")),
        }
    }

    fn not_started(&self, reason: &str) -> String {
        let (program, hint) = (
            &self.started.launch.program,
            &self.started.launch.install_hint,
        );
        format!("`{program}` could not be started: {reason}. {hint}")
            .trim()
            .to_owned()
    }

    fn reason(&self, silent: &str) -> String {
        if self.heard.reasons.is_empty() {
            silent.to_owned()
        } else {
            self.heard.reasons.join("; ")
        }
    }
}

async fn listen(read: OwnedReadHalf, heard: mpsc::Sender<Heard>) {
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    while let Ok(1..) = read.read_until(b'\n', &mut line).await {
        let said = match serde_json::from_slice(&line) {
            Ok(status) => Heard::Status(status),
            Err(_) => Heard::Words(String::from_utf8_lossy(&line).trim().to_owned()),
        };
        line.clear();
        if heard.send(said).await.is_err() {
            return;
        }
    }
}
