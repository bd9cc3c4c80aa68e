//! The intake without HTTP: what batches and `synchronous=FULL` cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nightshift_app::{App, lifecycle};
use nightshift_core::chat::{Conversation, Delivery, Gesture, Identity, Inbound};
use nightshift_core::id::Platform;
use nightshift_core::port::store::NewDelivery;
use nightshift_store::Synchronous;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::composed;
use crate::goals::{Aim, Goal};
use crate::load::median;

const IN_FLIGHT: [usize; 2] = [64, 256];
const CELL: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// An application whose intake runs.
struct Site {
    app: Arc<App>,
    stop: CancellationToken,
    running: JoinSet<()>,
    _dir: TempDir,
}

impl Site {
    async fn new(synchronous: Synchronous) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in("target")?;
        let (app, loops) = composed::app(
            dir.path(),
            composed::store(dir.path(), synchronous).await?,
            composed::Beside::default(),
        )?;
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        for one in loops.into_iter().filter(|one| one.name() == "intake") {
            running.spawn(lifecycle::run(one, stop.clone()));
        }
        Ok(Self {
            app,
            stop,
            running,
            _dir: dir,
        })
    }

    async fn leave(mut self) {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
        self.app.store().close().await;
    }

    /// Deliveries per second, with so many waiting at any time.
    async fn grouped(&self, in_flight: usize) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut callers = JoinSet::new();
        for _ in 0..in_flight {
            let app = self.app.clone();
            callers.spawn(async move {
                let mut done = 0_u64;
                while began.elapsed() < CELL {
                    app.accept(&Platform::new("slack"), delivery()).await?;
                    done += 1;
                }
                Ok::<_, anyhow::Error>(done)
            });
        }
        let mut done = 0;
        while let Some(caller) = callers.join_next().await {
            done += caller??;
        }
        Ok(done as f64 / began.elapsed().as_secs_f64())
    }

    /// The same, each in a commit of its own, one after the other.
    async fn single(&self) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut done = 0_u64;
        while began.elapsed() < CELL {
            let new = NewDelivery::new(Platform::new("slack"), delivery(), self.app.now());
            self.app.store().accept(&[new]).await?;
            done += 1;
        }
        Ok(done as f64 / began.elapsed().as_secs_f64())
    }
}

/// About as large as a slash command.
fn delivery() -> Delivery {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let platform = Platform::new("slack");
    Delivery {
        keys: vec![format!("cmd:{number}.bench")],
        body_hash: [7; 32],
        inbound: Inbound {
            from: Identity {
                platform: platform.clone(),
                id: "U0BENCH".into(),
            },
            display_name: Some("bench".into()),
            at: Conversation {
                platform,
                workspace: "T1".into(),
                channel: format!("C{}", number % 97),
                thread: None,
            },
            gesture: Gesture::Say {
                text: "x".repeat(600),
            },
            reply_handle: Some(format!("http://127.0.0.1/r/{number}")),
            form_handle: Some(format!("{number}.bench")),
        },
    }
}

pub(crate) async fn report() -> anyhow::Result<Vec<Goal>> {
    let mut goals = Vec::new();
    println!(
        "\n{:>9} {:>10} {:>12} {:>10} {:>13} {:>14}",
        "in flight", "FULL /s", "NORMAL /s", "single /s", "FULL / NORMAL", "group / single"
    );
    for in_flight in IN_FLIGHT {
        let full = Site::new(Synchronous::Full).await?;
        let normal = Site::new(Synchronous::Normal).await?;
        let mut cells = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            cells[0].push(full.grouped(in_flight).await?);
            cells[1].push(normal.grouped(in_flight).await?);
            cells[2].push(full.single().await?);
        }
        let [full_rate, normal_rate, single] = cells.map(|cell| median(cell.into_iter()));
        let (safety, group) = (full_rate / normal_rate, full_rate / single);
        println!(
            "{in_flight:>9} {full_rate:>10.0} {normal_rate:>12.0} {single:>10.0} {safety:>13.2} {group:>14.1}"
        );
        let line = serde_json::json!({"bench": "commits", "in_flight": in_flight,
            "full_per_s": full_rate.round(), "normal_per_s": normal_rate.round(),
            "single_per_s": single.round(), "full_to_normal": safety, "group_to_single": group});
        eprintln!("{line}");
        goals.push(Goal {
            id: "G2",
            what: format!("commits with FULL / with NORMAL, {in_flight} in flight"),
            measured: safety,
            aim: Aim::AtLeast(0.9),
        });
        goals.push(Goal {
            id: "G3",
            what: format!("group commit, {in_flight} in flight / single commits"),
            measured: group,
            aim: Aim::AtLeast(5.0),
        });
        full.leave().await;
        normal.leave().await;
    }
    Ok(goals)
}
