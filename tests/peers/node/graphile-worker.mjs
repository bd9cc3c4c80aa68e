// graphile-worker with a local queue of 100, as the Rust one has by default:
// fetches are batched, completions are not (`completeJobBatchDelay` is off).
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { concurrency, drain, enqueue, jobs, ran, report, url } from "./common.mjs";

const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString: url, logger });
await utils.migrate();

const enqueued = await enqueue((bodies) =>
  utils.addJobs(bodies.map((payload) => ({ identifier: "noop", payload }))),
);

const preset = {
  worker: {
    connectionString: url,
    maxPoolSize: concurrency + 5,
    concurrentJobs: concurrency,
    localQueue: { size: 100 },
  },
};
const drained = await drain(
  () => run({ preset, logger, noHandleSignals: true, taskList: { noop: async () => ran() } }),
  // A completed job is a deleted row.
  `SELECT ${jobs} - count(*) AS n FROM graphile_worker._private_jobs`,
);
report("graphile-worker", enqueued, drained);
