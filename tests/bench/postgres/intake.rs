//! The server's intake beside pgbench, which does the same SQL for one delivery after the other
//! on each of its connections (G6); and one server beside three.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use tempfile::NamedTempFile;

use nightshift_core::port::Store;

use super::ground::{self, Ground};
use crate::goals::{Aim, Goal};
use crate::load::{self, Target, median};
use crate::server::{Answering, Server};

const CONNECTIONS: usize = 64;
const CELL: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;
const REPLICAS: usize = 3;

pub(super) async fn report(ground: &Ground) -> anyhow::Result<Vec<Goal>> {
    let url = ground.server.make("intake");
    let mut servers = Vec::new();
    for _ in 0..REPLICAS {
        servers.push(Server::start_on_postgres(&url, Answering::No)?);
    }
    let targets: Vec<Target> = servers.iter().map(target).collect();
    let warm = load::run(&targets[0], CONNECTIONS, Duration::from_secs(2));
    let seen = async { tokio::task::block_in_place(|| statement(ground)) };
    let (warm, statement) = tokio::join!(warm, seen);
    warm?;
    let script = script(ground, &statement?)?;
    // Its tables, by whoever makes them.
    let yardstick = ground.server.make("yardstick");
    ground::store(&yardstick).await?.close().await;

    let (mut bench, mut one, mut three) = (Vec::new(), Vec::new(), Vec::new());
    let mut cpu = Vec::new();
    for _ in 0..ROUNDS {
        ground.settle()?;
        bench.push(pgbench(ground, "yardstick", script.path())?);
        ground.settle()?;
        let cell = load::run(&targets[0], CONNECTIONS, CELL).await?;
        anyhow::ensure!(cell.errors == 0, "{} refusals", cell.errors);
        one.push(cell.rate);
        cpu.push(cell.cpu_us);
        ground.settle()?;
        let each = CONNECTIONS.div_ceil(REPLICAS);
        let cells = targets.iter().map(|target| load::run(target, each, CELL));
        let cells = futures_util::future::try_join_all(cells).await?;
        three.push(cells.iter().map(|cell| cell.rate).sum());
    }
    let [bench, one, three, cpu] = [bench, one, three, cpu].map(|cells| median(cells.into_iter()));
    println!(
        "\nintake on PostgreSQL, {CONNECTIONS} connections, deliveries/s: pgbench {bench:.0}, \
         one server {one:.0} ({cpu:.0} µs of its processors each), {REPLICAS} servers {three:.0}"
    );
    let line = serde_json::json!({"bench": "postgres", "cell": "intake", "pgbench_per_s": bench.round(),
        "one_per_s": one.round(), "three_per_s": three.round(), "cpu_us": cpu});
    eprintln!("{line}");
    Ok(vec![Goal {
        id: "G6",
        what: format!("durable intake / pgbench with the same SQL, {CONNECTIONS} connections"),
        measured: one / bench,
        aim: Aim::AtLeast(0.7),
    }])
}

fn target(server: &Server) -> Target {
    Target {
        name: "durable intake",
        address: server.address.clone(),
        path: "/webhook/slack",
        pid: server.pid(),
    }
}

/// Differs in each transaction, and grows as the server's do.
const NEXT: &str =
    "' || cast(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) || '-' || :n || '";

/// The statement that the server uses while it takes deliveries.
fn statement(ground: &Ground) -> anyhow::Result<String> {
    for _ in 0..50 {
        let seen = ground.sql(
            "intake",
            "SELECT query FROM pg_stat_activity WHERE datname = 'intake' \
             AND query LIKE 'WITH keys AS (INSERT INTO delivery_key%' LIMIT 1",
        )?;
        if seen.contains("$1") && seen.contains("$2") {
            return Ok(seen);
        }
    }
    anyhow::bail!("the server's statement was not found")
}

/// The statement with one delivery in it: one that was stored, under another name.
fn script(ground: &Ground, statement: &str) -> anyhow::Result<NamedTempFile> {
    let one = |what: &str| ground.sql("intake", what);
    let keys = one(
        "SELECT json_agg(k) FROM (SELECT source, 'KEY-' || row_number() OVER () AS key, \
           'NAME' AS delivery, body_hash AS hash, seen_at AS at FROM delivery_key \
           WHERE delivery_id = (SELECT delivery_id FROM inbox LIMIT 1)) AS k",
    )?;
    let arrivals = one(
        "SELECT json_agg(d) FROM (SELECT 'NAME' AS delivery, platform AS source, \
           payload, received_at AS at, (SELECT data FROM event WHERE data LIKE '%' || delivery_id || '%') AS data \
           FROM inbox LIMIT 1) AS d",
    )?;
    let literal = |json: &str| {
        let quoted = json.replace('\'', "''").replace('\n', " ");
        let quoted = without_variables(&quoted);
        let named = quoted.replace("NAME", NEXT).replace("KEY", NEXT);
        format!("('{named}')")
    };
    let statement = statement
        .replace("$1", &literal(&keys))
        .replace("$2", &literal(&arrivals));
    let script = NamedTempFile::new_in("target")?;
    let text = format!("\\set n random(1, 1000000000000000)\n{statement};\n");
    std::fs::write(script.path(), text)?;
    Ok(script)
}

/// With a blank behind each colon that pgbench would take for the beginning of a variable's name.
fn without_variables(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        plain.push(letter);
        if letter == ':' && letters.peek().is_some_and(|next| next.is_alphanumeric()) {
            plain.push(' ');
        }
    }
    plain
}

/// Transactions per second.
fn pgbench(ground: &Ground, database: &str, script: &Path) -> anyhow::Result<f64> {
    let seconds = CELL.as_secs().to_string();
    let connections = CONNECTIONS.to_string();
    let ran = Command::new(ground.server.client("pgbench"))
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-c",
            &connections,
            "-T",
            &seconds,
        ])
        .arg("-f")
        .arg(script)
        .arg(ground.server.url(database))
        .output()?;
    let said = String::from_utf8_lossy(&ran.stdout);
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|tps| tps.split_whitespace().next()?.parse().ok());
    tps.with_context(|| format!("pgbench: {said}{}", String::from_utf8_lossy(&ran.stderr)))
}
