"""A lane that closes after crashes names the job whose attempt crashed last."""

import pytest

from job_processor.acts.crashes import with_latest_crash
from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Expired, Failed, LaneClosed
from tests.support.clock import Clock
from tests.support.site import Site

CRASHED = Failed(JobError("n8n_crashed", "n8n says that execution 7 crashed."))
CLOSED = LaneClosed(Trouble.MISCONFIGURED, "Not found.", after_crashes="It may have been switched off.")


async def crashed(site: Site, execution: str, *, reported: bool = False) -> str:
    job = str((await site.submit(delaySeconds=0))["id"])
    claimed = await site.claim()
    assert claimed.id == job
    waiting = await site.say(claimed, Accepted(60_000, execution))
    if reported:
        reply = await site.callback({"executionId": execution, "error": "Workflow did not finish"})
        assert reply.json()["status"] == "PENDING"
    else:
        await site.say(waiting, CRASHED)
    await site.client.post(f"/jobs/{job}/cancel")
    return job


@pytest.mark.parametrize("reported", [True, False])
async def test_the_job_whose_attempt_crashed_last_is_named(site: Site, clock: Clock, reported: bool) -> None:
    """Whether n8n told of the crash itself or said so when it was asked."""
    for execution in ("7", "8"):
        clock.forward(1_000)
        job = await crashed(site, execution, reported=reported)

    sign = await with_latest_crash(site.store, "main", CLOSED)

    words = f"Attempt 1 of job {job} crashed before it (and 1 more jobs in the last hour)."
    assert sign.detail == f"Not found. It may have been switched off. {words}"


async def test_one_crash_is_one_crash(site: Site) -> None:
    job = await crashed(site, "7")
    sign = await with_latest_crash(site.store, "main", CLOSED)
    assert sign.detail.endswith(f"Attempt 1 of job {job} crashed before it.")


async def test_without_crashes_of_this_flow_lately_nothing_is_said_of_them(site: Site, clock: Clock) -> None:
    assert await with_latest_crash(site.store, "main", CLOSED) == CLOSED
    await crashed(site, "7")
    assert await with_latest_crash(site.store, "another", CLOSED) == CLOSED
    assert await with_latest_crash(site.store, "main", LaneClosed(Trouble.OUTAGE, "Away.")) == LaneClosed(
        Trouble.OUTAGE, "Away."
    )
    clock.forward(3_600_001)
    assert await with_latest_crash(site.store, "main", CLOSED) == CLOSED


async def test_a_report_that_came_after_the_attempt_was_given_up_counts_as_well(site: Site, clock: Clock) -> None:
    """n8n was down past the callback's deadline; when it is back it reports, and switches the workflow off."""
    job = str((await site.submit())["id"])
    await site.say(await site.claim(), Accepted(1_000, "7"))
    clock.forward(1_000)
    await site.acts.signals.send(job, Expired())
    assert (await site.callback({"executionId": "7", "error": "Workflow did not finish"})).status == 202

    sign = await with_latest_crash(site.store, "main", CLOSED)

    assert sign.detail.endswith(f"Attempt 1 of job {job} crashed before it.")


async def test_other_failures_are_no_crashes(site: Site) -> None:
    await site.submit()
    await site.say(await site.claim(), Failed(JobError("http_500", "no"), retryable=False))
    assert await with_latest_crash(site.store, "main", CLOSED) == CLOSED
