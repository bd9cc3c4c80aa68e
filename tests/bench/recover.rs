//! `kill -9` at full load: how long until it is ready again, and what is missing (G13).

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::goals::{Aim, Goal};
use crate::load::{self, Target};
use crate::server::{Answering, Commits, Server};

const CONNECTIONS: usize = 64;
/// Lengths of the load before the kill: the longer, the larger the database and its log.
const LOADS: [u64; 3] = [1, 4, 12];
const ROUNDS: usize = 3;

pub(crate) async fn report() -> anyhow::Result<Vec<Goal>> {
    let (mut worst, mut lost) = (0.0_f64, 0);
    println!(
        "\n{:>9} {:>12} {:>9} {:>12} {:>10} {:>15} {:>6}",
        "load s", "acknowledged", "WAL MB", "database MB", "ready ms", "allowed ms", "lost"
    );
    for seconds in LOADS {
        for _ in 0..ROUNDS {
            let round = round(Duration::from_secs(seconds)).await?;
            worst = worst.max(round.ready_ms / round.allowed_ms);
            lost += round.lost;
        }
    }
    Ok(vec![
        Goal {
            id: "G13",
            what: "ready after kill -9 under load / (1 s + log at 200 MB/s), worst".to_owned(),
            measured: worst,
            aim: Aim::AtMost(1.0),
        },
        Goal {
            id: "G13",
            what: "acknowledged deliveries that are missing afterwards".to_owned(),
            measured: lost as f64,
            aim: Aim::AtMost(0.0),
        },
    ])
}

struct Round {
    ready_ms: f64,
    allowed_ms: f64,
    lost: u64,
}

async fn round(length: Duration) -> anyhow::Result<Round> {
    let mut server = Server::start(Answering::No, Commits::Durable)?;
    let target = Target {
        name: "durable intake",
        address: server.address.clone(),
        path: "/webhook/slack",
        pid: server.pid(),
    };
    let kill = async {
        tokio::time::sleep(length).await;
        server.kill()
    };
    let (acknowledged, killed) = tokio::join!(load::until_death(&target, CONNECTIONS), kill);
    let acknowledged = acknowledged?;
    killed?;
    let data = server.data_dir();
    let megabytes =
        |name: &str| std::fs::metadata(data.join(name)).map_or(0.0, |of| of.len() as f64 / 1e6);
    let (wal, database) = (
        megabytes("nightshift.sqlite-wal"),
        megabytes("nightshift.sqlite"),
    );
    let began = Instant::now();
    server.start_again()?;
    while !server.is_ready() {
        std::thread::yield_now();
    }
    let ready = began.elapsed().as_secs_f64() * 1000.0;
    let stored = stored(&data.join("nightshift.sqlite")).await?;
    // 1 s and the log at 200 MB/s.
    let allowed = 1000.0 + wal * 5.0;
    let lost = acknowledged.saturating_sub(stored);
    println!(
        "{:>9} {acknowledged:>12} {wal:>9.1} {database:>12.1} {ready:>10.0} {allowed:>15.0} {lost:>6}",
        length.as_secs()
    );
    let line = serde_json::json!({"bench": "recover", "load_s": length.as_secs(),
        "acknowledged": acknowledged, "stored": stored, "wal_mb": wal, "database_mb": database,
        "ready_ms": ready, "allowed_ms": allowed, "lost": lost});
    eprintln!("{line}");
    Ok(Round {
        ready_ms: ready,
        allowed_ms: allowed,
        lost,
    })
}

/// Deliveries in the database of a running server.
async fn stored(file: &std::path::Path) -> anyhow::Result<u64> {
    let mut db = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .connect()
        .await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox")
        .fetch_one(&mut db)
        .await?;
    db.close().await?;
    Ok(u64::try_from(count)?)
}
