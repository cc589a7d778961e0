"""PgQueuer on PostgreSQL, with its tables logged (`durable`)."""

import json
import os
import secrets
from collections.abc import Awaitable, Callable

import asyncpg
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from benchmarks.peers import front

# Jobs of one claim, and of one record of their ends; 10 is the default. It wants room for two batches in hand.
BATCH = 100
FILL = 1000
CONNECTIONS = 20


class PgQueuer:
    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS)
        self._queries = Queries(AsyncpgPoolDriver(self._pool))

    async def empty(self) -> None:
        if await self._queries.schema_is_installed():
            await self._queries.uninstall()
        await self._queries.install()
        # Its own advice for busy queues.
        await self._queries.optimize_autovacuum()
        await self._pool.execute("DROP TABLE IF EXISTS results")
        await self._pool.execute("CREATE TABLE results (job_id text PRIMARY KEY, result text NOT NULL)")

    async def add(self, job_id: str, prompt: str) -> None:
        await self._queries.enqueue("job", _payload(job_id, prompt))

    async def fill(self, jobs: int) -> None:
        for start in range(0, jobs, FILL):
            batch = min(FILL, jobs - start)
            payloads = [_payload(secrets.token_hex(12), f"Summarise document number {start + i}") for i in range(batch)]
            await self._queries.enqueue(["job"] * batch, payloads, [0] * batch)
        # As autovacuum would have done, had the jobs come at a slower pace.
        await self._pool.execute("VACUUM ANALYZE")

    async def finish(self, job_id: str, result: str) -> None:
        await self._pool.execute("INSERT INTO results VALUES ($1, $2) ON CONFLICT (job_id) DO NOTHING", job_id, result)

    async def work(self, run: Callable[[str, str], Awaitable[None]]) -> None:
        manager = QueueManager(self._queries)

        async def job(job: Job) -> None:
            assert job.payload is not None
            job_id, prompt = json.loads(job.payload)
            await run(job_id, prompt)

        manager.entrypoint("job")(job)
        await manager.run(batch_size=BATCH, max_concurrent_tasks=2 * BATCH)


def _payload(job_id: str, prompt: str) -> bytes:
    return json.dumps([job_id, prompt]).encode()


if __name__ == "__main__":
    front.main(PgQueuer())
