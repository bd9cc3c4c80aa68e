// pg-boss: `localConcurrency` workers of one job each, so each completion is a
// commit of its own. By default such a worker waits its poll interval (2 s)
// after every job; `burstWhenReadyExceeds` takes that wait away while the
// cached count of ready jobs says that there is a backlog.
import { PgBoss } from "pg-boss";
import { concurrency, drain, enqueue, ran, report, url } from "./common.mjs";

const boss = new PgBoss({ connectionString: url, max: concurrency + 5, queueCacheIntervalSeconds: 1 });
boss.on("error", console.error);
await boss.start();
await boss.createQueue("bench");

const enqueued = await enqueue((bodies) => boss.insert("bench", bodies.map((data) => ({ data }))));

// Count the backlog, and let the cache see the count, before the clock starts.
await boss.supervise("bench");
await new Promise((resolve) => setTimeout(resolve, 1500));
const { readyCount } = await boss.getQueue("bench");
if (!(readyCount > 1)) throw new Error(`no burst: ready count ${readyCount}`);

const options = { batchSize: 1, localConcurrency: concurrency, pollingIntervalSeconds: 0.5, burstWhenReadyExceeds: 1 };
const drained = await drain(
  () => boss.work("bench", options, async () => ran()),
  "SELECT count(*) AS n FROM pgboss.job WHERE name = 'bench' AND state = 'completed'",
);
report("pg-boss", enqueued, drained);
