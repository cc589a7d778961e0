"""A real n8n and our backend, when something between them goes wrong. Run by ``make test-n8n``."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from . import workflows
from .backend import Backend
from .processes import free_ports, until
from .real_n8n import RealN8n
from .receiver import Receiver
from .scenario import TROUBLES, check_completed_once, details, flow, happened, prompts, with_api

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(400, func_only=True)]


@pytest.fixture
async def swallower() -> AsyncIterator[Receiver]:
    """Takes every callback with a 200 and tells nobody: a proxy that is wired wrongly."""
    async with Receiver().serve() as receiver:
        yield receiver


@pytest.fixture
async def elsewhere(backend: Backend, tmp_path: Path) -> AsyncIterator[Backend]:
    """A backend that n8n's error workflow does not know."""
    port = free_ports(1)
    environment = {**backend.process.environment, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    environment.pop("FLOWS_FILE")
    other = Backend(tmp_path / "elsewhere", port, environment)
    yield other
    await other.stop()


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

    async def put_back() -> bool:
        return (await backend.counts()).get("PENDING") == 5

    # Some were handed over before the lane was closed.
    await until("all jobs are put back", put_back, seconds=30)


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
    ids = await backend.submit(prompts(20, "[sleep:10] "))
    await backend.in_flight(20)
    await backend.kill()

    # Longer than the runs take, so that first deliveries find nobody.
    await asyncio.sleep(12)
    await backend.start(flow(running.webhook_url))
    await backend.all_final(20, seconds=90)
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(len(job["attempts"]) for job in jobs) == {1: 20}


async def test_a_polite_stop_of_n8n_loses_nothing_short(running: RealN8n, backend: Backend) -> None:
    """SIGTERM: n8n lets runs end for up to 30 s, and they deliver."""
    await backend.start(flow(running.webhook_url))
    # Long enough that none has ended when the last is handed over.
    ids = await backend.submit(prompts(20, "[sleep:15] "))
    await backend.in_flight(20)
    await running.stop()
    await running.start()
    await backend.all_final(20, seconds=120)
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    assert Counter(job["failures"] for job in jobs) == {0: 20}


async def test_what_a_kill_took_is_tried_again_whether_n8n_tells_of_it_or_not(
    running: RealN8n, backend: Backend
) -> None:
    """SIGKILL right after the acceptance, when n8n's event log may not hold what it needs to tell of it."""
    await backend.start(flow(running.webhook_url, callback_timeout=8, more=with_api(running.url)))
    ids = await backend.submit(prompts(3, "[sleep:20] "))
    await backend.in_flight(3)
    await running.kill()
    await running.start()
    seconds = await backend.all_final(3, seconds=200)
    jobs = await backend.jobs(ids)
    check_completed_once(jobs)
    told = [[e["detail"] for e in job["history"] if e["what"] in TROUBLES] for job in jobs]
    print(f"\nall complete after {seconds:.1f} s; {told}")
    assert all(details and all(details) for details in told), "the history is silent about the crash"


async def test_what_was_lost_is_known_when_n8n_is_back_and_not_at_the_deadline(
    running: RealN8n, elsewhere: Backend
) -> None:
    """All places are taken, the error workflow's reports reach nobody, and the callback is due in an hour."""
    backend = elsewhere
    more = with_api(running.url)
    await backend.start(flow(running.webhook_url, concurrency=5, callback_timeout=3600, more=more))
    ids = await backend.submit(prompts(5, "[sleep:60] "))
    await backend.in_flight(5)
    executions = [str(job["attempts"][0]["executionId"]) for job in await backend.jobs(ids)]

    async def under_way() -> bool:
        # Nodes that began are what n8n's event log needs to hold for it to know of the crash.
        return "Sleep" in running.event_log() and all(f'"{one}"' in running.event_log() for one in executions)

    await until("n8n's event log knows of the runs", under_way, seconds=15)
    await running.kill()
    await running.start()

    async def known() -> bool:
        return all(job["failures"] >= 1 for job in await backend.jobs(ids))

    seconds = await until("each lost attempt is known to be lost", known, seconds=150)
    jobs = await backend.jobs(ids)
    print(f"\nknown {seconds:.1f} s after the restart")
    print("history:", [(e["what"], e["detail"]) for e in jobs[0]["history"]])
    assert all("it says that it crashed" in details(job) for job in jobs)


async def test_a_workflow_that_n8n_switched_off_after_crashes_is_named(
    prepared: RealN8n, backend: Backend, tmp_path: Path
) -> None:
    home = tmp_path / "n8n"
    shutil.copytree(prepared.home, home)
    switches_off = {
        "N8N_WORKFLOW_AUTODEACTIVATION_ENABLED": "true",
        "N8N_WORKFLOW_AUTODEACTIVATION_MAX_LAST_EXECUTIONS": "1",
    }
    n8n = RealN8n(home, free_ports(2), {**prepared.environment, **switches_off}, prepared.api_key)
    try:
        await n8n.start()
        # Due long after n8n is back: a new execution of it before n8n has counted the crashes would spare the workflow.
        await backend.start(flow(n8n.webhook_url, callback_timeout=60, max_attempts=3, more=with_api(n8n.url)))
        ids = await backend.submit(prompts(3, "[sleep:90] "))
        await backend.in_flight(3)

        async def under_way() -> bool:
            return "Sleep" in n8n.event_log()

        await until("n8n's event log knows of the runs", under_way, seconds=15)
        await n8n.kill()
        await n8n.start(published=False)

        async def named() -> bool:
            return "switched the workflow off" in ((await backend.lane())["detail"] or "")

        await until("the lane names it", named, seconds=150)
        lane = await backend.lane()
        print(f"\nlane: {lane}")
        assert (lane["kind"], lane["state"]) == ("misconfigured", "closed")
        assert any(job_id in (lane["detail"] or "") for job_id in ids)
        jobs = await backend.jobs(ids)
        assert {job["status"] for job in jobs} <= {"PENDING", "WAITING"}
    finally:
        await n8n.kill()


async def test_one_prompt_that_gets_no_answer_stops_nobody_else(running: RealN8n, backend: Backend) -> None:
    """200 with an empty body for one prompt of 51: that one has FAILED, 50 are COMPLETED, the lane is open."""
    await backend.start(flow(running.webhook(workflows.SILENT_PATH), max_attempts=2))
    [poisoned] = await backend.submit([f"{workflows.EMPTY} and nothing more"])
    ids = await backend.submit(prompts(50))
    seconds = await backend.all_final(51, seconds=240, failures=True)
    bad = await backend.job(poisoned)
    print(f"\nall final after {seconds:.1f} s; {bad['error']}; history: {happened(bad)}")
    assert bad["status"] == "FAILED"
    check_completed_once(await backend.jobs(ids))
    await backend.lane_opens()
