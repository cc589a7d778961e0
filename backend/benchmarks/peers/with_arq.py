"""arq on Redis."""

import os
import secrets
import time
from collections.abc import Awaitable, Callable

from arq.connections import RedisSettings, create_pool
from arq.constants import default_queue_name, job_key_prefix
from arq.jobs import serialize_job
from arq.worker import Worker, func

from benchmarks.peers import front

FILL = 1000
DAY_MS = 86_400_000
# It looks for jobs at this interval, in seconds; half a second is the default.
POLL = 0.02


class Arq:
    async def open(self) -> None:
        self._redis = await create_pool(RedisSettings.from_dsn(os.environ["DATABASE_URL"]))

    async def empty(self) -> None:
        await self._redis.flushall()

    async def add(self, job_id: str, prompt: str) -> None:
        await self._redis.enqueue_job("job", job_id, prompt, _job_id=job_id)

    async def fill(self, jobs: int) -> None:
        # What enqueue_job writes, without its wait for each job: filling is not measured.
        for start in range(0, jobs, FILL):
            now = int(time.time() * 1000)
            async with self._redis.pipeline(transaction=True) as pipe:
                for i in range(start, min(start + FILL, jobs)):
                    job_id = secrets.token_hex(12)
                    arguments = (job_id, f"Summarise document number {i}")
                    pipe.psetex(job_key_prefix + job_id, DAY_MS, serialize_job("job", arguments, {}, None, now))
                    pipe.zadd(default_queue_name, {job_id: now})
                await pipe.execute()

    async def finish(self, job_id: str, result: str) -> None:
        await self._redis.set(f"result:{job_id}", result, nx=True)

    async def work(self, run: Callable[[str, str], Awaitable[None]]) -> None:
        async def job(context: dict[str, object], job_id: str, prompt: str) -> None:
            await run(job_id, prompt)

        # Results come by callback, so its own record of them would be one more write.
        worker = Worker(
            [func(job, name="job", keep_result=0)],
            redis_pool=self._redis,
            max_jobs=front.CONCURRENCY,
            poll_delay=POLL,
            handle_signals=False,
            log_results=False,
        )
        await worker.async_run()


if __name__ == "__main__":
    front.main(Arq())
