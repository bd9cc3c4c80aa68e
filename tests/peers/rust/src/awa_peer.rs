//! awa on queue storage, its engine since 0.6. Completions go through its
//! batcher (512 or 1 ms, one shard), each handler waiting for its commit;
//! `AWA_COMPLETION_BATCH_SIZE=1` makes that one commit per job.

use std::time::{Duration, Instant};

use awa::{
    migrations, Client, InsertOpts, InsertParams, JobArgs, JobResult, QueueConfig, QueueStorage,
    QueueStorageConfig,
};
use serde::{Deserialize, Serialize};

use crate::{drained, enqueued, ran, Args, Error, Outcome};

#[derive(Serialize, Deserialize, JobArgs)]
struct Noop {
    id: u64,
    pad: String,
}

pub async fn run(args: &Args) -> Result<Outcome, Error> {
    let pool = args.pool(args.concurrency + 10).await?;
    migrations::run(&pool).await?;
    let client = || {
        Client::builder(pool.clone())
            .queue(
                "bench",
                QueueConfig {
                    max_workers: args.concurrency as u32,
                    ..QueueConfig::default()
                },
            )
            .register::<Noop, _, _>(|_, _| async {
                ran();
                Ok(JobResult::Completed)
            })
            .build()
    };
    // The first worker on an empty install switches it to queue storage; jobs
    // enqueued before it would stay on the engine of 0.5, which is not meant.
    let first = client()?;
    first.start().await?;
    first.shutdown(Duration::from_secs(5)).await;
    let engine: String = sqlx::query_scalar("SELECT awa.active_storage_engine()")
        .fetch_one(&pool)
        .await?;
    if engine != "queue_storage" {
        return Err(format!("awa runs on {engine}").into());
    }

    // The quickest way in: COPY, some ten times insert_many_copy on this engine.
    let store = QueueStorage::new(QueueStorageConfig::default())?;
    let enqueue = enqueued(args, async {
        for ids in args.batches() {
            let jobs = ids.map(|id| {
                Ok(InsertParams {
                    kind: Noop::kind().into(),
                    args: serde_json::to_value(args.body(id))?,
                    opts: InsertOpts {
                        queue: "bench".into(),
                        ..InsertOpts::default()
                    },
                })
            });
            let jobs = jobs.collect::<Result<Vec<_>, Error>>()?;
            store.enqueue_params_copy(&pool, &jobs).await?;
        }
        Ok(())
    })
    .await?;

    let client = client()?;
    let start = Instant::now();
    client.start().await?;
    drained(
        args,
        &pool,
        "SELECT count(*) FROM awa.jobs WHERE state = 'completed'",
    )
    .await?;
    let work = start.elapsed();
    let single = std::env::var("AWA_COMPLETION_BATCH_SIZE").is_ok_and(|size| size == "1");
    Ok(Outcome {
        library: "awa",
        enqueue,
        work,
        ack: if single { "single" } else { "batched" },
    })
}
