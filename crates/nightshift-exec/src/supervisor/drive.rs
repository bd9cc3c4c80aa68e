//! An attempt from its start to its last event.

use std::time::Duration;

use nightshift_core::port::executor::StopProof;
use nightshift_core::port::{Exit, ExitKind, JobEvent};
use nightshift_core::task::Usage;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::Want;
use super::launch::{Launch, Started};
use super::story::{Heard, News, Story, listen};
use crate::init::Order;
use crate::output::Pump;
use crate::process::{self, Hunt};
use crate::results::{self, Results};
use crate::stream::{Found, Reading};

/// After KILL the init reports within its own patience; then we look ourselves.
const KILL_PATIENCE: Duration = Duration::from_secs(8);
/// Lines that were written before the end are there at once.
const LAST_LINES: Duration = Duration::from_secs(1);
const STATUSES: usize = 16;

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
    story: Story,
    stopping: Option<Stopping>,
    kill_at: Option<Instant>,
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
            story: Story::default(),
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
        if self.story.hear(heard) == News::Started {
            let isolation = self.started.launch.isolation.to_owned();
            let note = self.started.launch.note.clone();
            let _ = self.events.send(JobEvent::Started { isolation }).await;
            if let Some(note) = note {
                let _ = self.events.send(JobEvent::Step(note)).await;
            }
            self.start_pump(pump, ended);
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
        // An end of its own that beat the stop stands.
        let stopping = self.stopping.filter(|_| self.story.stop_was_heard());
        let took = stopping.map(|stopping| stopping.since.elapsed());
        let kind = match stopping {
            Some(stopping) if stopping.timed_out => ExitKind::TimedOut,
            Some(_) => ExitKind::Stopped,
            None => self.story.end(&self.started.launch, &found),
        };
        let processes = self.story.processes().unwrap_or(hunt.found);
        let left = self.story.left() + hunt.left;
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
        let files_dir = launch.files_dir.clone();
        let results = tidy_up(launch, ran).await;
        Exit {
            kind,
            answer: found.answer(),
            usage,
            files_dir: (!results.files.is_empty()).then_some(files_dir),
            files: results.files,
            left_out: results.left_out,
            stopped: took.map(|took| StopProof {
                took,
                processes,
                left,
            }),
        }
    }
}

/// Takes the results out and removes the attempt's directories.
async fn tidy_up(launch: Launch, ran: bool) -> Results {
    let take = move || {
        let mut found = Results::default();
        if ran {
            let limit = launch.result_file_limit;
            found = results::collect(&launch.place.out, &launch.files_dir, limit);
        }
        drop(launch);
        found
    };
    tokio::task::spawn_blocking(take).await.unwrap_or_default()
}
