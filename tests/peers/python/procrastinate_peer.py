"""procrastinate: one worker, `concurrency` asynchronous jobs at a time, each
with its own fetch and its own completing UPDATE. The same measurement as in
../rust/src/main.rs."""

import argparse
import asyncio
import importlib.metadata
import json
import logging
import os
import time

import procrastinate
import psycopg

BATCH = 1000  # jobs of one enqueue call
STALLED = 90.0  # seconds without progress
ACKED = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"


async def main(args: argparse.Namespace) -> None:
    # Its word about an App in the main module; INFO and below are off anyway.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    connector = procrastinate.PsycopgConnector(conninfo=args.url, max_size=args.concurrency + 5)
    app = procrastinate.App(connector=connector)
    handlers = 0

    @app.task(name="noop")
    async def noop(id: int, pad: str) -> None:
        nonlocal handlers
        handlers += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()

        pad = "x" * max(args.payload - 20, 0)
        start = time.perf_counter()
        for first in range(0, args.jobs, BATCH):
            ids = range(first, min(first + BATCH, args.jobs))
            await noop.batch_defer_async(*({"id": id, "pad": pad} for id in ids))
        enqueue = time.perf_counter() - start

        count = await psycopg.AsyncConnection.connect(args.url, autocommit=True)
        # Statistics of the backlog for the planner, as autovacuum has in service.
        await count.execute("ANALYZE")

        start = time.perf_counter()
        worker = asyncio.create_task(
            app.run_worker_async(concurrency=args.concurrency, install_signal_handlers=False)
        )
        last, since = 0, start
        while True:
            now = handlers
            if now >= args.jobs:
                row = await (await count.execute(ACKED)).fetchone()
                if row[0] == args.jobs:
                    break
                now += row[0]
            if now != last:
                last, since = now, time.perf_counter()
            elif time.perf_counter() - since > STALLED or worker.done():
                raise SystemExit(f"stalled: handlers run and jobs acknowledged: {now}")
            await asyncio.sleep(0.005)
        work = time.perf_counter() - start

        line = {
            "peer": "procrastinate",
            "version": importlib.metadata.version("procrastinate"),
            "jobs": args.jobs,
            "concurrency": args.concurrency,
            "enqueue_per_s": round(args.jobs / enqueue),
            "jobs_per_s": round(args.jobs / work),
            "ack": "single",
            "payload_bytes": args.payload,
        }
        print(json.dumps(line, separators=(",", ":")), flush=True)
        # As with the other peers, the worker is not wound down.
        os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--payload", type=int, default=1024)
    asyncio.run(main(parser.parse_args()))
