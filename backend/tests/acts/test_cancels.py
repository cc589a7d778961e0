"""A cancel that is passed on: what the processor makes of it is in the job's history, in words."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from job_processor.acts.cancels import Cancels
from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Attempt, Job
from job_processor.core.outcome import Accepted, Succeeded
from job_processor.core.transitions import Change
from tests.support.site import Site
from tests.support.waiting import until
from tests.workers.processors import Doing, saying

SAID = "n8n could not be reached to stop execution 12."


def answering(cancel: Callable[[], Awaitable[str | None]]) -> Doing:
    class Answering(Doing):
        async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
            return await cancel()

    return Answering(saying(Succeeded("r")).work)


async def saying_so() -> str | None:
    return SAID


async def having_no_way() -> str | None:
    return None


async def failing() -> str | None:
    raise RuntimeError("no")


async def never_answering() -> str | None:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def cancelled(site: Site) -> Job:
    """A job whose attempt was with a processor when it was called off."""
    made = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000, "12"))
    return (await site.acts.jobs.cancel(made, "enough")).job


def told(job: Job) -> list[tuple[str, int | None, str | None]]:
    """What the history has beyond the cancel."""
    at = [event.what.value for event in job.history].index("cancelled")
    return [(event.what.value, event.attempt, event.detail) for event in job.history[at + 1 :]]


@pytest.mark.parametrize(
    ("cancel", "words"),
    [
        (saying_so, SAID),
        (failing, "The cancel could not be passed on: RuntimeError."),
        (never_answering, "The processor did not answer to the cancel within 0.05 seconds."),
    ],
)
async def test_what_the_processor_answers_is_in_the_history(
    site: Site, cancel: Callable[[], Awaitable[str | None]], words: str
) -> None:
    job = await cancelled(site)
    cancels = Cancels(site.acts.signals, {"main": answering(cancel)}, seconds=0.05)

    await cancels.pass_on("main", job.id, job.attempts[-1])

    async def answered() -> bool:
        return told(await site.stored(job.id)) == [("cancel_answered", 1, words)]

    await until(answered, "the answer in the history")
    assert (await site.job(job.id))["status"] == "CANCELLED"


async def test_where_there_is_nobody_to_tell_nothing_is_said(site: Site) -> None:
    job = await cancelled(site)
    cancels = Cancels(site.acts.signals, {"main": answering(having_no_way)})

    await cancels.pass_on("main", job.id, job.attempts[-1])
    await cancels.pass_on("gone", job.id, job.attempts[-1])

    assert await site.stored(job.id) == job


async def test_a_deleted_job_and_a_store_that_is_down_are_no_fault_of_the_cancel(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancels = Cancels(site.acts.signals, {"main": answering(saying_so)})
    gone = await cancelled(site)
    assert await site.store.delete(gone.id)
    await cancels.pass_on("main", gone.id, gone.attempts[-1])

    job = await cancelled(site)

    async def down(change: Change) -> bool:
        raise StoreUnavailable("down")

    monkeypatch.setattr(site.store, "apply", down)
    await cancels.pass_on("main", job.id, job.attempts[-1])

    assert told(await site.stored(job.id)) == []


async def test_who_cancels_waits_no_longer_than_the_processor_may_take(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there and cannot be written yet: it is kept when it can, and nobody waits for that."""
    job = await cancelled(site)
    cancels = Cancels(site.acts.signals, {"main": answering(saying_so)}, seconds=0.05)
    apply, up = site.store.apply, asyncio.Event()

    async def slow(change: Change) -> bool:
        await up.wait()
        return await apply(change)

    monkeypatch.setattr(site.store, "apply", slow)
    await cancels.pass_on("main", job.id, job.attempts[-1])
    assert told(await site.stored(job.id)) == []
    up.set()

    async def kept() -> bool:
        return told(await site.stored(job.id)) != []

    await until(kept, "the answer in the history")


async def test_an_end_does_not_wait_for_answers(site: Site) -> None:
    job = await cancelled(site)
    asked = asyncio.Event()

    async def asked_and_never_answering() -> str | None:
        asked.set()
        return await never_answering()

    cancels = Cancels(site.acts.signals, {"main": answering(asked_and_never_answering)})
    passing = asyncio.create_task(cancels.pass_on("main", job.id, job.attempts[-1]))
    await asked.wait()

    await cancels.close()

    await passing
    assert told(await site.stored(job.id)) == []
