//! apalis with apalis-postgres at its default batch size (10). Results go
//! through a channel that the worker drains into one statement: handlers do
//! not wait for their commit, and there is no per-job mode.

use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_postgres::{Config, PgPool, PostgresStorage};
use futures::stream;

use crate::{drained, enqueued, ran, Args, Body, Error, Outcome};

async fn noop(_: Body) -> Result<(), BoxDynError> {
    ran();
    Ok(())
}

pub async fn run(args: &Args) -> Result<Outcome, Error> {
    let pool = PgPool::connect(&args.url).await?;
    PostgresStorage::setup(&pool).await?;
    let mut backend =
        PostgresStorage::<Body>::new(&pool).with_config(Config::default().queue("bench"));

    let enqueue = enqueued(args, async {
        for ids in args.batches() {
            let mut jobs = stream::iter(ids.map(|id| args.body(id)));
            backend.push_stream(&mut jobs).await?;
        }
        Ok(())
    })
    .await?;

    let count = args.pool(1).await?;
    let start = Instant::now();
    let worker = WorkerBuilder::new("bench")
        .backend(backend.poll_with_strategy(Strategy::new().interval(Duration::from_millis(50))))
        .concurrency(args.concurrency)
        .parallelize(tokio::spawn)
        .build(noop);
    tokio::spawn(worker.run());
    drained(
        args,
        &count,
        "SELECT count(*) FROM apalis.jobs WHERE status = 'Done'",
    )
    .await?;
    Ok(Outcome {
        library: "apalis-postgres",
        enqueue,
        work: start.elapsed(),
        ack: "batched",
    })
}
