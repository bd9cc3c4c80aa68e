//! One cell of `tests/peers/run.sh`: this queue on a database that it is given (G7).

use std::time::Instant;

use anyhow::{Context, bail};

use super::ground::{Member, Part};
use super::jobs::{self, Noop};

/// As the drivers of the peers are called.
pub(crate) const ROLE: &str = "nightshift";

struct Asked {
    url: String,
    jobs: u64,
    concurrency: usize,
    payload: usize,
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut asked = Self {
            url: String::new(),
            jobs: 5000,
            concurrency: 10,
            payload: 1024,
        };
        while let Some(flag) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--url" => asked.url = value,
                "--jobs" => asked.jobs = value.parse()?,
                "--concurrency" => asked.concurrency = value.parse()?,
                "--payload" => asked.payload = value.parse()?,
                _ => bail!("unknown flag {flag}"),
            }
        }
        Ok(asked)
    }
}

/// Prints the line that the peers' drivers print.
pub(crate) async fn run(words: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let asked = Asked::read(words)?;
    std::fs::create_dir_all("target")?;
    jobs::queue(&asked.url, asked.jobs, asked.payload).await?;
    let executor = Noop::new(std::time::Duration::ZERO);
    let part = Part {
        name: "r0".to_owned(),
        executor: Some(executor.clone()),
        slots: asked.concurrency,
        loops: &["dispatch", "hear", "lead"],
    };
    let began = Instant::now();
    let member = Member::join(&asked.url, part).await?;
    jobs::until(&[executor], asked.jobs).await?;
    jobs::completed(&asked.url, asked.jobs).await?;
    let per_s = asked.jobs as f64 / began.elapsed().as_secs_f64();
    member.leave().await;
    let line = serde_json::json!({"peer": ROLE, "version": env!("CARGO_PKG_VERSION"),
        "jobs": asked.jobs, "concurrency": asked.concurrency, "enqueue_per_s": null,
        "jobs_per_s": per_s.round(), "ack": "batched", "payload_bytes": asked.payload});
    println!("{line}");
    Ok(())
}
