"""200 jobs through n8n in queue mode while each of its parts is killed in turn. Run by ``make test-n8n-queue``."""

import asyncio
import os
import time
from collections import Counter

import pytest

from tests.n8n.backend import Backend, Job
from tests.n8n.processes import until
from tests.n8n.scenario import TROUBLES, check_completed_once, flow, prompts, with_api

from .queue_n8n import QueueN8n

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(1500, func_only=True)]

COUNT = int(os.environ.get("N8N_QUEUE_JOBS", "200"))
IN_FLIGHT = 20
DOWN_SECONDS = 3


async def test_200_jobs_while_each_part_is_killed(cluster: QueueN8n, backend: Backend) -> None:
    """Nothing is lost, nothing completes twice, and every job that needed another attempt says why."""
    more = with_api(cluster.main.url)
    await backend.start(
        flow(cluster.webhook_url, concurrency=IN_FLIGHT, callback_timeout=90, max_attempts=8, more=more)
    )

    await _round(cluster, backend, "nothing is killed", None)
    await _round(cluster, backend, "a worker is killed", "worker-1")
    await _round(cluster, backend, "the main process is killed", "main")
    await _round(cluster, backend, "the webhook process is killed", "webhook")
    await _round(cluster, backend, f"Redis is killed, and is back after {DOWN_SECONDS} s", "redis")


async def _round(cluster: QueueN8n, backend: Backend, what: str, victim: str | None) -> None:
    cluster.ended.clear()
    done_before = (await backend.counts())["COMPLETED"]
    began = time.monotonic()
    ids = await backend.submit(prompts(COUNT, "[sleep:2] "))
    if victim is not None:
        # In the middle of the load: places are taken, and most jobs are still to come.
        await _completed(backend, done_before + COUNT // 4)
        await backend.in_flight(IN_FLIGHT // 2)
        await _kill(cluster, victim)
    await _completed(backend, done_before + COUNT, seconds=600)
    seconds = time.monotonic() - began
    jobs = await backend.jobs(ids)
    print(f"\n{what}: {COUNT} jobs in {seconds:.1f} s; ended by themselves: {dict(+cluster.ended)}")
    _report(jobs)
    check_completed_once(jobs)
    for job in jobs:
        _check_history(job)
    if victim is None:
        assert {job["failures"] for job in jobs} == {0}


async def _kill(cluster: QueueN8n, victim: str) -> None:
    if victim != "redis":
        await cluster.kill(victim)
        return
    await asyncio.to_thread(cluster.redis.process.kill)
    await asyncio.sleep(DOWN_SECONDS)
    await cluster.redis.start()


async def _completed(backend: Backend, count: int, seconds: float = 180) -> None:
    async def done() -> bool:
        counts = await backend.counts()
        assert not counts["FAILED"], f"a job failed: {counts}"
        return counts["COMPLETED"] >= count

    try:
        await until(f"{count} jobs are done", done, seconds, pause=0.1)
    except AssertionError as error:
        raise AssertionError(f"{error}; {await backend.counts()}; lane {await backend.lane()}") from error


def _report(jobs: list[Job]) -> None:
    again = [job for job in jobs if len(job["attempts"]) > 1]
    print("  failures a job:", dict(Counter(job["failures"] for job in jobs)), "attempts > 1:", len(again))
    told = Counter(_kind(e["detail"] or "") for job in jobs for e in job["history"] if e["what"] in TROUBLES)
    print("  reasons:", dict(told))
    asked = Counter(_kind(e["detail"] or "") for job in jobs for e in job["history"] if e["what"] == "asked")
    print("  asked:", dict(asked))


def _kind(detail: str) -> str:
    return "".join(c for c in detail if not c.isdigit())[:120]


def _check_history(job: Job) -> None:
    """Each attempt that failed says why, and only the last one succeeded."""
    told = [event for event in job["history"] if event["what"] in TROUBLES]
    assert len(told) == job["failures"], job["history"]
    assert all(event["detail"] for event in told), job["history"]
    assert [attempt["end"] for attempt in job["attempts"]][-1] == "succeeded" or len(job["attempts"]) > 1
