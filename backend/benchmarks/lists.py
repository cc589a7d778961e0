"""`python -m benchmarks.lists [JOBS]`: what each filter of a list costs at so many jobs (SQLite), newest page first."""

import asyncio
import secrets
import statistics
import sys
import time

import uvloop

from benchmarks.drain import RULES, sqlite
from benchmarks.report import machine
from job_processor.core import transitions
from job_processor.core.ids import IdFactory
from job_processor.store.base import Phrase, Query, Store

TIMES = 20


async def _fill(store: Store, jobs: int) -> tuple[int, int]:
    """Every job with one of four tags; the times of the first and the last."""
    ids = IdFactory(secrets.randbits(48))
    start = store.now()
    for begun in range(0, jobs, 2000):
        now = store.now()
        made = [
            transitions.submit(
                job_id=ids.new(now), prompt=f"Summarise document {begun + n}", rules=RULES, now=now, tags=(f"t{n % 4}",)
            )
            for n in range(min(2000, jobs - begun))
        ]
        await asyncio.gather(*(store.add(job) for job in made))
    return start, store.now()


async def _run(jobs: int) -> None:
    async with sqlite() as store:
        first, last = await _fill(store, jobs)
        middle = (first + last) // 2
        asked = {
            "newest": Query(),
            "tag": Query(tag="t1"),
            "tag, oldest": Query(tag="t1", created_before=first + 1_000),
            "createdBefore, oldest": Query(created_before=first + 1_000),
            "createdBefore, middle": Query(created_before=middle),
            "createdAfter, newest": Query(created_after=last - 1_000),
            "flow and createdBefore": Query(flow=RULES.name, created_before=first + 1_000),
            "text, found at once": Query(phrases=(Phrase("document"),)),
        }
        for name, query in asked.items():
            took = []
            for _ in range(TIMES):
                began = time.perf_counter()
                await store.list(query)
                took.append(time.perf_counter() - began)
            print(f"{name:<26} median {statistics.median(took) * 1000:8.2f} ms   most {max(took) * 1000:8.2f} ms")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{wanted:,} jobs, {machine()}")
    uvloop.run(_run(wanted))
