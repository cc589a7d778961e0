"""Jobs handed to a real n8n: healthy, killed, down, and not published. Run by ``make test-n8n``."""

import asyncio
import os
import time
from collections import Counter

import pytest

from .backend import Backend
from .processes import until
from .real_n8n import ERROR_WORKFLOW_ID, RealN8n
from .scenario import TROUBLES, check_completed_once, flow, happened, prompts

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(900, func_only=True)]

SIZE = float(os.environ.get("N8N_TEST_SIZE", "1"))
"""1 is the promised size; a fraction is for a quick look on a busy machine."""


async def test_every_job_completes_once(n8n: RealN8n, backend: Backend) -> None:
    """200 jobs, 20 at a time: 200 COMPLETED, one execution each."""
    count = int(200 * SIZE)
    await n8n.start()
    await backend.start(flow(n8n.webhook_url))

    began = time.monotonic()
    ids = await backend.submit(prompts(count))
    await backend.all_final(count, seconds=180)
    seconds = time.monotonic() - began
    jobs = await backend.jobs(ids)
    executions = await n8n.executions()

    print(
        f"\n{count} jobs in {seconds:.1f} s: {count / seconds:.1f} a second; executions {Counter(executions.values())}"
    )
    check_completed_once(jobs)
    assert all(len(job["attempts"]) == 1 for job in jobs)
    assert sorted(executions) == sorted(str(job["attempts"][0]["executionId"]) for job in jobs)


async def test_killed_with_jobs_in_flight(n8n: RealN8n, backend: Backend) -> None:
    """SIGKILL with 50 in flight: n8n forgets them all; we do not."""
    count, in_flight = int(200 * SIZE), int(50 * SIZE)
    await n8n.start()
    await backend.start(flow(n8n.webhook_url, concurrency=in_flight, callback_timeout=60))
    ids = await backend.submit(prompts(count, hook="[sleep:12] "))

    await backend.in_flight(in_flight)
    await n8n.kill()
    lost = [job for job in await backend.jobs(ids) if job["status"] == "WAITING"]
    print(f"\nkilled with {len(lost)} in flight; lane {await backend.lane()}")
    assert len(lost) >= in_flight * 0.9

    restart = time.monotonic()
    await n8n.start()
    await backend.all_final(count, seconds=400)
    jobs = await backend.jobs(ids)

    print(f"all final {time.monotonic() - restart:.1f} s after the restart began")
    print("failures a job:", Counter(job["failures"] for job in jobs))
    print("reasons:", Counter(e["detail"] for job in jobs for e in job["history"] if e["what"] in TROUBLES))
    check_completed_once(jobs)
    lost_ids = {job["id"] for job in lost}
    for job in jobs:
        if job["id"] in lost_ids:
            said = [event for event in job["history"] if event["what"] in TROUBLES]
            assert said, f"the history is silent about the crash: {job['history']}"
            assert said[0]["detail"]

    # n8n may have stayed silent about some. What it began to report, it could.
    assert set((await n8n.executions(ERROR_WORKFLOW_ID)).values()) <= {"success", "running", "new"}

    # A later crash makes n8n report the old ones again: that must change nothing.
    await n8n.kill()
    await n8n.start()
    known = len(lost)

    async def repeated() -> bool:
        return len(await n8n.executions(ERROR_WORKFLOW_ID)) >= 2 * known

    await until("the error workflow ran again for each", repeated, seconds=120)
    assert [happened(job) for job in await backend.jobs(ids)] == [happened(job) for job in jobs]


async def test_down_for_a_minute_while_jobs_come_in(n8n: RealN8n, backend: Backend) -> None:
    """500 jobs for an n8n that is not there: none fails, none loses an attempt, all complete after."""
    count, down_seconds = int(500 * SIZE), 60 * SIZE
    await backend.start(flow(n8n.webhook_url))
    began = time.monotonic()
    ids = await backend.submit(prompts(count))

    async def closed() -> bool:
        return (await backend.lane())["state"] == "closed"

    await until("the lane is closed", closed, seconds=15)
    lane = await backend.lane()
    assert lane["kind"] == "outage"
    assert lane["detail"]
    waiting = (await backend.job(ids[-1]))["waitingOn"]
    assert waiting is not None
    print(f"\nlane: {lane}\na job waits on: {waiting}")

    while time.monotonic() - began < down_seconds:
        counts = await backend.counts()
        assert counts["FAILED"] == counts["COMPLETED"] == 0, counts
        await asyncio.sleep(1)

    await n8n.start()
    answering = time.monotonic()

    async def opened() -> bool:
        return (await backend.lane())["state"] == "open"

    reopened = await until("the lane is open", opened, seconds=90)
    await backend.all_final(count, seconds=300)
    took = time.monotonic() - answering
    print(f"n8n answers again; lane open {reopened:.1f} s and all complete {took:.1f} s after")
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(job["failures"] for job in jobs) == {0: count}
    assert (await backend.lane())["state"] == "open"


async def test_not_published(n8n: RealN8n, backend: Backend) -> None:
    """A workflow that somebody switched off: the lane closes, says so, and opens by itself."""
    count = 20
    await n8n.start()
    await backend.start(flow(n8n.webhook_url))
    await n8n.publish(False)
    ids = await backend.submit(prompts(count))

    async def closed() -> bool:
        return (await backend.lane())["state"] == "closed"

    await until("the lane is closed", closed, seconds=30)
    lane = await backend.lane()
    waiting = (await backend.job(ids[-1]))["waitingOn"]
    print(f"\nlane: {lane}\na job waits on: {waiting}")
    assert lane["kind"] == "misconfigured"
    assert "not published" in (lane["detail"] or "")

    async def put_back() -> bool:
        # Some were being handed over when the lane closed.
        return (await backend.counts())["PENDING"] == count

    await until("all jobs are back in the queue", put_back, seconds=60)

    await n8n.publish(True)
    seconds = time.monotonic()
    await backend.all_final(count, seconds=150)
    print(f"all complete {time.monotonic() - seconds:.1f} s after the workflow was published")
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(job["failures"] for job in jobs) == {0: count}
    await backend.lane_opens()
