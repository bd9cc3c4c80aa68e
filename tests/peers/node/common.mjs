// The same measurement as in ../rust/src/main.rs.
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import pg from "pg";

const BATCH = 1000; // jobs of one enqueue call
const STALLED = 90_000; // ms without progress

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    jobs: { type: "string", default: "5000" },
    concurrency: { type: "string", default: "10" },
    payload: { type: "string", default: "1024" },
  },
});
export const url = values.url;
export const jobs = Number(values.jobs);
export const concurrency = Number(values.concurrency);
const payload = Number(values.payload);

let handlers = 0;
export const ran = () => void handlers++;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const client = new pg.Client({ connectionString: url });
await client.connect();

// Calls `add` with BATCH bodies at a time; returns the jobs per second. Then
// gives the planner statistics of the backlog, as autovacuum has in service.
export async function enqueue(add) {
  const pad = "x".repeat(Math.max(payload - 20, 0));
  const start = performance.now();
  for (let from = 0; from < jobs; from += BATCH) {
    const length = Math.min(BATCH, jobs - from);
    await add(Array.from({ length }, (_, i) => ({ id: from + i, pad })));
  }
  const rate = jobs / ((performance.now() - start) / 1000);
  await client.query("ANALYZE");
  return rate;
}

// Starts the worker and waits until `acked`, a query for the number of jobs
// whose completion is committed, gives all of them; returns the jobs per
// second. The query starts only when the last handler has run.
export async function drain(start, acked) {
  const began = performance.now();
  await start();
  let last = 0;
  let since = began;
  for (;;) {
    let now = handlers;
    if (handlers >= jobs) {
      const { rows } = await client.query(acked);
      if (Number(rows[0].n) === jobs) break;
      now += Number(rows[0].n);
    }
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > STALLED) throw new Error(`stalled: handlers run and jobs acknowledged: ${now}`);
    await sleep(5);
  }
  return jobs / ((performance.now() - began) / 1000);
}

// Prints the result line and ends the process with its workers.
export function report(peer, enqueued, drained) {
  const { version } = createRequire(import.meta.url)(`./node_modules/${peer}/package.json`);
  const line = {
    peer,
    version,
    jobs,
    concurrency,
    enqueue_per_s: Math.round(enqueued),
    jobs_per_s: Math.round(drained),
    ack: "single",
    payload_bytes: payload,
  };
  process.stdout.write(JSON.stringify(line) + "\n", () => process.exit(0));
}
