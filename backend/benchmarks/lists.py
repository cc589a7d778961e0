"""`python -m benchmarks.lists [JOBS [DIRECTORY]]`: what each documented query costs at so many jobs (SQLite), newest
page first.

``DIRECTORY``: where they are kept for the next run; without it they are deleted at the end.
"""

import asyncio
import contextlib
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import uvloop
from msgspec import structs

from benchmarks.drain import sqlite
from benchmarks.report import machine
from job_processor.core import transitions
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, JobError, State
from job_processor.core.search import parse
from job_processor.core.series import DAY, MINUTE, Counted, Stage, Tally, bucket, start_of
from job_processor.core.series_rows import Row
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.store.base import GroupBy, Query, SeriesQuery, with_search
from job_processor.store.sqlite.store import SqliteStore

TIMES = 100
COUNTED = 10_001
FLOWS = (FlowRules("chat"), FlowRules("mail"), FlowRules("rare"))
WORDS = [
    f"{first}{last}" for first in ("sum", "trans", "re", "in", "de") for last in ("marise", "late", "port", "voice")
]


def _job(ids: IdFactory, now: int, n: int) -> Job:
    """One of three flows, four tags and twenty words; one of a thousand FAILED, one of a hundred malformed."""
    flow = FLOWS[2] if n % 1_000 == 7 else FLOWS[n % 2]
    prompt = f"{random.choice(WORDS)} {random.choice(WORDS)} document {n}"
    metadata = {"customer": n % 5_000}
    job = transitions.submit(
        job_id=ids.new(now), prompt=prompt, rules=flow, now=now, tags=(f"t{n % 4}",), metadata=metadata
    )
    done = structs.replace(job, attempt=1 + n % 3, finished_at=now, run_at=now)
    if n % 1_000 == 0:
        code = "callback_overdue" if n % 2_000 else "http_500"
        return structs.replace(done, state=State.FAILED, error=JobError(code, "It did not work."))
    kind = ResultKind.MALFORMED if n % 100 == 3 else ResultKind.TEXT
    return structs.replace(done, state=State.COMPLETED, result=f"answer {n}", verdict=Verdict(kind))


async def _fill(store: SqliteStore, jobs: int) -> None:
    ids = IdFactory(secrets.randbits(48))
    for begun in range(0, jobs, 2000):
        now = store.now()
        await asyncio.gather(*(store.add(_job(ids, now, n)) for n in range(begun, min(begun + 2000, jobs))))


async def _measure(name: str, ask: Callable[[], Awaitable[object]]) -> None:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    took.sort()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"{name:<62} p50 {p50 * 1000:8.2f} ms   p99 {p99 * 1000:8.2f} ms", flush=True)


SEARCHES = (
    "",
    "status:failed",
    "status:failed flow:chat",
    "-status:completed",
    "flow:rare",
    "flow:chat,mail",
    "tag:t1",
    "tag:t1 flow:rare",
    "error:callback_overdue",
    "status:failed flow:chat error:callback_overdue tag:t0",
    "verdict:malformed",
    "verdict:malformed tag:t3",
    "meta.customer:42",
    "attempts:>2",
    "attempts:>90",
    "created:<2h",
    "created:>2h",
    "finished:<2h",
    "finished:>2h",
    "finished:<1s",
    "id:0",
    "execution:none",
    "idempotency-key:none",
    "summarise",
    "summarise translate",
    '"summarise translate"',
    "summarise docu",
    "document -summarise",
    "error:http_500 summarise",
    "status:failed work",
    "nothing",
)


@contextlib.asynccontextmanager
async def _kept(directory: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(directory)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _run(jobs: int, directory: Path | None) -> None:
    async with sqlite() if directory is None else _kept(directory) as store:
        began = time.perf_counter()
        if not (await store.counts()).by_state:
            await _fill(store, jobs)
        print(f"stored in {time.perf_counter() - began:.1f} s", flush=True)
        filled = await _indexed(store)
        print(f"the index has them {filled:.1f} s later", flush=True)
        for search in SEARCHES:
            query = with_search(Query(), parse(search), store.now())
            await _measure(f"list    {search}", lambda query=query: store.list(query))  # type: ignore[misc]
        for search in ("", "tag:t1", "error:callback_overdue", "summarise"):
            query = with_search(Query(limit=COUNTED), parse(search), store.now())
            await _measure(f"count   {search}", lambda query=query: store.count_by_state(query))  # type: ignore[misc]
        failed = Query(limit=COUNTED - 1, states=frozenset({State.FAILED}))
        await _measure("groups  by error", lambda: store.groups(failed, GroupBy.ERROR))
        everything = Query(limit=COUNTED - 1)
        for by in (GroupBy.FLOW, GroupBy.TAG, GroupBy.VERDICT, GroupBy.KEY):
            await _measure(f"groups  by {by}", lambda by=by: store.groups(everything, by))  # type: ignore[misc]
        await _series(store)


async def _series(store: SqliteStore) -> None:
    """A day by minutes, of 230 jobs each minute and flow; the rows are those of the last run, if it has left any."""
    now = store.now()
    day = SeriesQuery(MINUTE, start_of(MINUTE, now) - DAY, start_of(MINUTE, now) + MINUTE, MINUTE, None)
    if len((await store.series(day)).buckets) < DAY // MINUTE // 2:
        await store.put_series([Row(MINUTE, at, flow.name, _tally()) for at in _minutes(day) for flow in FLOWS], now)
    await _measure("series  24 h by minute, three flows, as the store reads it", lambda: store.series(day))


def _minutes(query: SeriesQuery) -> range:
    return range(query.since, query.until, MINUTE)


def _tally() -> Tally:
    tally = Tally()
    stages = [stage.value for stage in (Stage.QUEUED, Stage.HANDING_OVER, Stage.PROCESSING, Stage.TOTAL)]
    for _ in range(230):
        spent = tuple((stage, bucket(int(random.lognormvariate(7, 1)))) for stage in stages)
        tally.count(Counted("completed", "", 100, 200, spent))
    return tally


async def _indexed(store: SqliteStore) -> float:
    """Seconds until the newest job is in the search index."""
    began = time.perf_counter()
    [newest] = await store.list(Query(limit=1))
    last = with_search(Query(limit=1), parse(f'"{newest.job.prompt}"'), store.now())
    for _ in range(10_000):
        if await store.list(last):
            break
        await asyncio.sleep(0.2)
    return time.perf_counter() - began


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{wanted:,} jobs, {machine()}", flush=True)
    uvloop.run(_run(wanted, Path(sys.argv[2]) if len(sys.argv) > 2 else None))
