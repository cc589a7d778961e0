"""A real n8n and our backend, when something between them goes wrong. Run by ``make test-n8n``."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from .backend import Backend
from .processes import until
from .real_n8n import RealN8n
from .receiver import Receiver
from .scenario import check_completed_once, details, flow, happened, prompts, with_api

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(300)]


@pytest.fixture
async def swallower() -> AsyncIterator[Receiver]:
    """Takes every callback with a 200 and tells nobody: a proxy that is wired wrongly."""
    async with Receiver().serve() as receiver:
        yield receiver


async def test_a_failing_workflow_fails_the_job_in_its_own_words(running: RealN8n, backend: Backend) -> None:
    await backend.start(flow(running.webhook_url, max_attempts=2))
    [job_id] = await backend.submit(["[fail]"])
    await backend.all_final(1, seconds=60, failures=True)
    job = await backend.job(job_id)
    assert (job["status"], happened(job).count("attempt_failed")) == ("FAILED", 2)
    assert "the prompt asked this workflow to fail" in (job["error"] or {})["message"]


async def test_a_dead_execution_is_matched_by_its_id(running: RealN8n, backend: Backend) -> None:
    """The report may overtake our own note of the execution id; n8n then repeats it."""
    await backend.start(flow(running.webhook_url, max_attempts=1))
    ids = await backend.submit(prompts(20, "[crash] "))
    seconds = await backend.all_final(20, seconds=60, failures=True)
    jobs = await backend.jobs(ids)
    print(f"\nall 20 known to be dead after {seconds:.1f} s")
    assert Counter(job["status"] for job in jobs) == {"FAILED": 20}
    assert all("the prompt asked this workflow to crash" in details(job) for job in jobs)


async def test_a_wrong_token_closes_the_lane(running: RealN8n, backend: Backend) -> None:
    backend.process.environment = {**backend.process.environment, "N8N_TOKEN": "not-the-token-that-n8n-knows"}
    await backend.start(flow(running.webhook_url))
    await backend.submit(prompts(5))

    async def closed() -> bool:
        return (await backend.lane())["state"] == "closed"

    await until("the lane is closed", closed, seconds=15)
    lane = await backend.lane()
    print(f"\nlane: {lane}")
    assert lane["kind"] == "misconfigured"
    assert (await backend.counts())["PENDING"] == 5


async def test_a_lost_callback_is_fetched(running: RealN8n, backend: Backend, swallower: Receiver) -> None:
    """n8n finished and believes that it delivered: the result is in its own records."""
    public_url = swallower.url.removesuffix("/webhook/callback")
    backend.process.environment = {**backend.process.environment, "PUBLIC_URL": public_url}
    await backend.start(flow(running.webhook_url, callback_timeout=4, more=with_api(running.url)))
    ids = await backend.submit(prompts(5))
    await backend.all_final(5, seconds=60)
    jobs = await backend.jobs(ids)
    print(f"\nhistory: {[(e['what'], e['detail']) for e in jobs[0]['history']]}")
    check_completed_once(jobs)
    assert all(len(job["attempts"]) == 1 for job in jobs)
    assert len(swallower.arrived) == 5


async def test_a_slow_run_is_not_begun_again_while_n8n_says_it_runs(running: RealN8n, backend: Backend) -> None:
    await backend.start(flow(running.webhook_url, callback_timeout=4, more=with_api(running.url)))
    ids = await backend.submit(prompts(3, "[sleep:14] "))
    await backend.all_final(3, seconds=60)
    jobs = await backend.jobs(ids)
    print(f"\nhistory: {[(e['what'], e['detail']) for e in jobs[0]['history']]}")
    check_completed_once(jobs)
    assert all(len(job["attempts"]) == 1 for job in jobs)


async def test_a_cancel_stops_the_execution(running: RealN8n, backend: Backend) -> None:
    await backend.start(flow(running.webhook_url, more=with_api(running.url)))
    [job_id] = await backend.submit(["[sleep:60]"])
    await backend.in_flight(1)
    execution_id = (await backend.job(job_id))["attempts"][0]["executionId"]
    assert execution_id is not None
    await backend.cancel(job_id)

    async def stopped() -> bool:
        return await running.execution_status(execution_id) == "canceled"

    await until("n8n stopped the execution", stopped, seconds=15)
    job = await backend.job(job_id)
    print(f"\nhistory: {[(e['what'], e['detail']) for e in job['history']]}")
    assert job["status"] == "CANCELLED"


async def test_callbacks_that_find_us_dead_come_again(running: RealN8n, backend: Backend) -> None:
    """SIGKILL of our own process with 20 in flight: n8n's retries bring every result after the restart."""
    await backend.start(flow(running.webhook_url))
    ids = await backend.submit(prompts(20, "[sleep:3] "))
    await backend.in_flight(20)
    await backend.kill()

    # Longer than the runs take, so that first deliveries find nobody.
    await asyncio.sleep(5)
    await backend.start(flow(running.webhook_url))
    await backend.all_final(20, seconds=90)
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(len(job["attempts"]) for job in jobs) == {1: 20}


async def test_a_polite_stop_of_n8n_loses_nothing_short(running: RealN8n, backend: Backend) -> None:
    """SIGTERM: n8n lets runs end for up to 30 s, and they deliver."""
    await backend.start(flow(running.webhook_url))
    ids = await backend.submit(prompts(20, "[sleep:4] "))
    await backend.in_flight(20)
    await running.stop()
    await running.start()
    await backend.all_final(20, seconds=120)
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(job["failures"] for job in jobs) == {0: 20}
