//! graphile_worker (Rust) with its local queue at the defaults (fetches of up
//! to 100): without it each slot takes one job per poll or notification, so a
//! standing backlog would be measured as concurrency / poll interval.
//! Completions are single: the completion batcher is off by default.

use std::time::Instant;

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions,
};
use serde::{Deserialize, Serialize};

use crate::{drained, enqueued, ran, Args, Body, Error, Outcome};

#[derive(Clone, Serialize, Deserialize)]
struct Noop(Body);

impl TaskHandler for Noop {
    const IDENTIFIER: &'static str = "noop";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {
        ran();
        Ok::<(), String>(())
    }
}

pub async fn run(args: &Args) -> Result<Outcome, Error> {
    let worker = WorkerOptions::default()
        .database_url(&args.url)
        .max_pg_conn(args.concurrency as u32 + 5)
        .concurrency(args.concurrency)
        .local_queue(LocalQueueConfig::default())
        .define_job::<Noop>()
        .init()
        .await?;

    let utils = worker.create_utils();
    let spec = JobSpec::default();
    let enqueue = enqueued(args, async {
        for ids in args.batches() {
            let jobs: Vec<_> = ids.map(|id| (Noop(args.body(id)), &spec)).collect();
            utils.add_jobs::<Noop>(&jobs).await?;
        }
        Ok(())
    })
    .await?;

    let pool = args.pool(1).await?;
    let start = Instant::now();
    tokio::spawn(async move { worker.run().await });
    // A completed job is a deleted row.
    let acked = format!(
        "SELECT {} - count(*) FROM graphile_worker._private_jobs",
        args.jobs
    );
    drained(args, &pool, &acked).await?;
    Ok(Outcome {
        library: "graphile_worker",
        enqueue,
        work: start.elapsed(),
        ack: "single",
    })
}
