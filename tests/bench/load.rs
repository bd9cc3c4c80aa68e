//! Closed-loop load over kept-alive connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::task::JoinSet;

/// What is measured.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) path: &'static str,
    /// Signs each request as Slack does.
    pub(crate) secret: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) errors: u64,
}

/// Every request of a run is another one: no delivery is a duplicate.
static NUMBER: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn run(
    target: &Target,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Cell> {
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(client(target.clone(), started + length));
    }
    let (mut latencies, mut errors) = (Vec::new(), 0);
    while let Some(done) = clients.join_next().await {
        let (mut own, failed) = done??;
        latencies.append(&mut own);
        errors += failed;
    }
    latencies.sort_unstable();
    let at = |share: f64| {
        let index =
            ((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1));
        latencies.get(index).copied().unwrap_or_default() as f64 / 1000.0
    };
    Ok(Cell {
        rate: latencies.len() as f64 / started.elapsed().as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        errors,
    })
}

/// Latencies in microseconds, and how many answers were not 200.
async fn client(target: Target, until: Instant) -> anyhow::Result<(Vec<u64>, u64)> {
    let stream = tokio::net::TcpStream::connect(&target.address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (mut latencies, mut errors) = (Vec::new(), 0);
    while Instant::now() < until {
        let request = request(&target)?;
        let sent = Instant::now();
        let response = sender.send_request(request).await?;
        let good = response.status() == 200;
        response.into_body().collect().await?;
        if good {
            latencies.push(u64::try_from(sent.elapsed().as_micros())?);
        } else {
            errors += 1;
        }
    }
    Ok((latencies, errors))
}

fn request(target: &Target) -> anyhow::Result<http::Request<Full<Bytes>>> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let text = "x".repeat(600);
    let body = format!(
        "token=t&team_id=T1&team_domain=bench&channel_id=C{}&channel_name=general&user_id=U0BENCH&user_name=bench\
         &command=%2Fnightshift&text=summarise+{text}&api_app_id=A1&is_enterprise_install=false\
         &response_url=http%3A%2F%2F127.0.0.1%2Fr%2F{number}&trigger_id={number}.bench",
        number % 97
    );
    let mut request = http::Request::builder()
        .method("POST")
        .uri(target.path)
        .header("host", &target.address)
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(secret) = target.secret {
        #[expect(clippy::disallowed_methods, reason = "a benchmark lives in real time")]
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .as_secs()
            .to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
        mac.update(format!("v0:{timestamp}:{body}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        request = request
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature);
    }
    Ok(request.body(Full::new(Bytes::from(body)))?)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
