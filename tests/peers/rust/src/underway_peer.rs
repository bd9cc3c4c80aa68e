//! underway: one transaction per job around the handler. A poll starts one
//! slot, which then runs until the queue is empty; at the default of one poll
//! a minute the slots would stay idle, so it polls every 50 ms.

use std::time::Instant;

use jiff::ToSpan;
use sqlx::{Postgres, Transaction};
use underway::{task, Queue, Task, Worker};

use crate::{drained, enqueued, ran, Args, Body, Error, Outcome};

#[derive(Clone)]
struct Noop;

impl Task for Noop {
    type Input = Body;
    type Output = ();

    async fn execute(&self, _: Transaction<'_, Postgres>, _: Body) -> task::Result<()> {
        ran();
        Ok(())
    }
}

pub async fn run(args: &Args) -> Result<Outcome, Error> {
    // A running job holds its transaction and records a heartbeat beside it.
    let pool = args.pool(2 * args.concurrency + 5).await?;
    underway::run_migrations(&pool).await?;
    let queue = Queue::builder()
        .name("bench")
        .pool(pool.clone())
        .build()
        .await?;

    let enqueue = enqueued(args, async {
        for ids in args.batches() {
            let jobs: Vec<_> = ids.map(|id| args.body(id)).collect();
            queue.enqueue_multi(&pool, &Noop, &jobs).await?;
        }
        Ok(())
    })
    .await?;

    let mut worker = Worker::new(queue.into(), Noop);
    worker.set_concurrency_limit(args.concurrency);
    let start = Instant::now();
    tokio::spawn(async move { worker.run_every(50.milliseconds()).await });
    drained(
        args,
        &pool,
        "SELECT count(*) FROM underway.task WHERE state = 'succeeded'",
    )
    .await?;
    Ok(Outcome {
        library: "underway",
        enqueue,
        work: start.elapsed(),
        ack: "single",
    })
}
