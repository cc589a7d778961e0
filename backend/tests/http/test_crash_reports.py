"""Error reports that name only an execution: matched with the attempt that is accepted under its id."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted
from tests.http.inbox import failed_job, inbox
from tests.support.clock import Clock
from tests.support.site import Site


async def test_a_crash_report_before_the_acceptance_counts_when_that_is_recorded(site: Site) -> None:
    job = (await site.submit())["id"]
    claimed = await site.claim()
    early = await site.callback({"executionId": "e-7", "error": "out of memory"})
    assert (early.status, early.json()) == (202, {"callback": "unknown"})

    after = await site.say(claimed, Accepted(60_000, "e-7"))

    assert (after.id, after.state.value, after.failures) == (job, "PENDING", 1)
    assert after.error == JobError("processor_reported", "out of memory")
    [kept] = await inbox(site)
    assert (kept["verdict"], kept["jobId"]) == ("applied", job)


async def test_a_crash_report_that_may_not_be_retried_ends_the_job_when_it_is_matched(site: Site) -> None:
    await site.submit()
    claimed = await site.claim()
    await site.callback({"executionId": "e-7", "error": "no", "retryable": False})

    assert (await site.say(claimed, Accepted(60_000, "e-7"))).state.value == "FAILED"


async def test_a_crash_report_from_before_the_attempt_is_not_about_it(site: Site, clock: Clock) -> None:
    """A new n8n counts its executions from one again."""
    await site.callback({"executionId": "1", "error": "long ago"})
    clock.forward(60_000)
    await site.submit()

    after = await site.say(await site.claim(), Accepted(60_000, "1"))

    assert (after.state.value, after.failures) == ("WAITING", 0)


async def test_what_another_job_got_from_an_execution_of_the_same_number_is_no_crash_report(site: Site) -> None:
    """Two n8n behind one Job Processor count their executions alike."""
    other = await failed_job(site)
    await site.submit()
    claimed = await site.claim()
    await site.callback({"jobId": other, "executionId": "7", "result": "a secret"})
    await site.callback({"jobId": other, "executionId": "7", "error": "stale"})
    await site.callback({"jobId": "0" * 24, "executionId": "7", "error": "nobody's"})

    after = await site.say(claimed, Accepted(60_000, "7"))

    assert (after.state.value, after.failures, after.error) == ("WAITING", 0, None)


async def test_a_crash_report_that_came_again_counts_for_the_attempt_it_is_about_now(site: Site, clock: Clock) -> None:
    """A new n8n, the same number, the same words: the report is known already, and is news all the same."""
    for n in range(2):
        await site.submit()
        claimed = await site.claim()
        clock.forward(60_000)
        await site.callback({"executionId": "1", "error": "crashed"})
        assert (await site.say(claimed, Accepted(60_000, "1"))).failures == 1, n
        await site.client.post(f"/jobs/{claimed.id}/cancel")


async def test_a_crash_report_stamped_by_a_clock_that_is_a_little_behind_still_counts(site: Site, clock: Clock) -> None:
    """Each process carries the database's time on by itself, so two of them differ by a little."""
    await site.submit()
    claimed = await site.claim()
    clock.forward(-3_000)
    await site.callback({"executionId": "e-7", "error": "out of memory"})
    clock.forward(3_000)

    assert (await site.say(claimed, Accepted(60_000, "e-7"))).failures == 1


async def test_a_crash_report_that_comes_again_is_counted_and_changes_nothing(site: Site) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000, "e-7"))
    for _ in range(3):
        await site.callback({"executionId": "e-7", "error": "crashed"})

    [kept] = await inbox(site)

    assert (kept["verdict"], kept["jobId"], kept["deliveries"]) == ("applied", job, 3)
    assert (await site.job(job))["failures"] == 1
