"""No-op jobs done inline from a full queue, durably: claim, run, record, through dispatcher and life cycle."""

import asyncio
import contextlib
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from benchmarks.report import Line
from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.core import transitions
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Attempt, State
from job_processor.core.outcome import Outcome, Succeeded
from job_processor.processors.base import Dispatch
from job_processor.store.base import Notice, Store
from job_processor.store.sqlite.store import SqliteStore
from job_processor.workers.dispatcher import Dispatcher

JOBS = 40_000
FLOOR = 10_000
RULES = FlowRules("noop")


class Noop:
    sends_to = "nowhere"

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome:
        return Succeeded("{}")

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return None


@contextlib.asynccontextmanager
async def sqlite(searchable: bool = True) -> AsyncIterator[SqliteStore]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        store = SqliteStore(Path(scratch) / "data", searchable=searchable)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


async def fill(
    store: Store,
    jobs: int,
    rules: FlowRules = RULES,
    ahead_ms: int = 0,
    priority: int = 0,
    keys: int = 0,
    names: str = "customer",
) -> None:
    """Submit so many jobs. ``keys``: of so many keys, one job after the other, called ``names`` and a number; 0:
    without."""
    ids = IdFactory(secrets.randbits(48))
    for start in range(0, jobs, 2000):
        now = store.now()
        await asyncio.gather(
            *(
                store.add(
                    transitions.submit(
                        job_id=ids.new(now),
                        prompt=f"Summarise document number {start + i}",
                        rules=rules,
                        now=now,
                        run_at=now + ahead_ms if ahead_ms else None,
                        priority=priority,
                        key=f"{names} {(start + i) % keys}" if keys else None,
                    )
                )
                for i in range(min(2000, jobs - start))
            )
        )


async def drain(store: Store, jobs: int) -> float:
    """Jobs completed a second by one dispatcher."""
    dispatcher = Dispatcher(
        acts=acts_over(store, FlowTable({RULES.name: RULES}, RULES.name), IdFactory(secrets.randbits(48))),
        store=store,
        rules=RULES,
        processor=Noop(),
        owner="bench",
        callback_url="http://127.0.0.1/",
        callback_token=lambda job: "",
    )
    start = time.perf_counter()
    dispatcher.start()
    left = jobs
    async for notice in store.watch():
        left -= isinstance(notice, Notice) and notice.state is State.COMPLETED
        if left == 0:
            break
    took = time.perf_counter() - start
    await dispatcher.stop()
    return jobs / took


async def _measure() -> float:
    async with sqlite() as store:
        await fill(store, JOBS)
        return await drain(store, JOBS)


def run() -> list[Line]:
    rate = uvloop.run(_measure())
    return [Line("drain, inline, durable", f"{rate:,.0f}/s", f"{FLOOR:,}/s", rate / FLOOR)]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
