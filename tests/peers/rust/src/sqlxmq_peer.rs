//! sqlxmq: single enqueue only (no batch API), single completion. Its
//! migrations are files of the crate, found by run.sh in `SQLXMQ_MIGRATIONS`.

use std::path::Path;
use std::time::Instant;

use sqlx::migrate::Migrator;
use sqlxmq::{job, CurrentJob, JobRegistry};

use crate::{drained, enqueued, ran, Args, Error, Outcome};

#[job(channel_name = "bench")]
async fn noop(mut current: CurrentJob) -> Result<(), Error> {
    ran();
    current.complete().await?;
    Ok(())
}

pub async fn run(args: &Args) -> Result<Outcome, Error> {
    let pool = args.pool(args.concurrency + 5).await?;
    let migrations = std::env::var("SQLXMQ_MIGRATIONS")?;
    Migrator::new(Path::new(&migrations))
        .await?
        .run(&pool)
        .await?;

    let enqueue = enqueued(args, async {
        for id in 0..args.jobs {
            noop.builder()
                .set_json(&args.body(id))?
                .spawn(&pool)
                .await?;
        }
        Ok(())
    })
    .await?;

    let registry = JobRegistry::new(&[noop]);
    let start = Instant::now();
    let _runner = registry
        .runner(&pool)
        .set_concurrency(args.concurrency, 2 * args.concurrency)
        .run()
        .await?;
    // Completed messages are deleted; the nil row is the queue's own.
    let acked = format!(
        "SELECT {} - count(*) FROM mq_msgs WHERE id <> uuid_nil()",
        args.jobs
    );
    drained(args, &pool, &acked).await?;
    Ok(Outcome {
        library: "sqlxmq",
        enqueue,
        work: start.elapsed(),
        ack: "single",
    })
}
