"""The asker: what waits for a callback is asked about when it is overdue, and when its processor was away."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Attempt, JobError
from job_processor.core.outcome import Accepted, Failed
from job_processor.processors.base import Finding
from job_processor.workers import asker as asker_module
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until
from tests.workers.asked import (
    AWAY,
    CRASHED,
    DONE,
    KEPT_NOTHING,
    UNKNOWN,
    WORKS,
    Answer,
    Asked,
    asked_words,
    asker,
    lane,
    waiting,
)

# --- overdue ---------------------------------------------------------------------------------------


RECONCILED: list[tuple[Answer, str, list[str]]] = [
    (DONE, "COMPLETED", ["It has finished it."]),
    (CRASHED, "PENDING", ["It crashed."]),
    (replace(CRASHED, outcome=Failed(JobError("x", "y"), retryable=False)), "FAILED", ["It crashed."]),
    (KEPT_NOTHING, "PENDING", ["It has finished it."]),
    (WORKS, "WAITING", ["It still works on it."]),
    (UNKNOWN, "PENDING", ["It does not know it."]),
    (AWAY, "PENDING", ["It could not be reached."]),
    (None, "PENDING", []),
    (RuntimeError("a fault of ours"), "PENDING", ["The processor could not be asked: RuntimeError."]),
]


@pytest.mark.parametrize(("answer", "state", "words"), RECONCILED)
async def test_e3_an_overdue_callback_is_asked_after_before_it_is_given_up(
    site: Site, clock: Clock, answer: Answer, state: str, words: list[str]
) -> None:
    job = await waiting(site)
    clock.forward(20_000)
    asked = Asked(answer)

    await asker(site, asked).tick()

    assert asked.asked == [(job, 1)]
    assert (await site.job(job))["status"] == state
    assert await asked_words(site, job) == words
    assert await site.store.overdue(10) == []


async def test_e3_a_processor_that_says_for_ever_that_it_still_works_is_given_up(site: Site, clock: Clock) -> None:
    """And its history says when it said so first and last, not each time."""
    job = await waiting(site, ms=60_000)
    asked = Asked(WORKS)

    for _ in range(9):
        clock.forward(60_000)
        await asker(site, asked).tick()
        assert (await site.job(job))["status"] == "WAITING"
    clock.forward(60_000)
    await asker(site, asked).tick()

    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["code"]) == ("PENDING", 1, "callback_overdue")
    assert len(asked.asked) == 10
    assert await asked_words(site, job) == ["It still works on it."] * 2
    times = [event["at"] for event in told["history"] if event["what"] == "asked"]
    assert times == ["2026-09-21T14:14:20.000Z", "2026-09-21T14:23:20.000Z"]
    assert await site.store.overdue(10) == []


async def test_several_executions_are_asked_after_at_once(site: Site, clock: Clock) -> None:
    jobs = [await waiting(site) for _ in range(3)]
    clock.forward(20_000)
    all_asked = asyncio.Barrier(len(jobs))

    class Meets(Asked):
        async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
            async with asyncio.timeout(5):
                await all_asked.wait()
            return DONE

    await asker(site, Meets(None)).tick()

    assert [(await site.job(job))["status"] for job in jobs] == ["COMPLETED"] * 3


async def test_of_two_workers_one_asks(site: Site, clock: Clock) -> None:
    job = await waiting(site)
    clock.forward(20_000)
    both_here = asyncio.Event()

    class Slow(Asked):
        async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
            await both_here.wait()
            return await super().reconcile(job_id, attempt)

    asked = Slow(DONE)
    first = asyncio.create_task(asker(site, asked).tick())

    async def asking() -> bool:
        return (await site.stored(job)).attempts[-1].asked_at is not None

    await until(asking, "somebody asks")
    await asker(site, asked).tick()
    both_here.set()
    await first

    assert asked.asked == [(job, 1)]
    assert (await site.job(job))["status"] == "COMPLETED"


async def test_when_who_asked_died_another_asks_later(site: Site, clock: Clock) -> None:
    job = await waiting(site)
    clock.forward(20_000)

    class Dies(Asked):
        async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await asker(site, Dies(None)).tick()
    asked = Asked(DONE)
    await asker(site, asked).tick()
    assert asked.asked == []
    clock.forward(30_000)
    await asker(site, asked).tick()

    assert (await site.job(job))["status"] == "COMPLETED"


async def test_of_many_a_tick_asks_about_some_and_the_next_about_the_rest(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker_module, "MAX_CONCURRENT_QUESTIONS", 2)
    for _ in range(3):
        await waiting(site)
    clock.forward(20_000)
    asked = Asked(DONE)
    one = asker(site, asked)
    assert await one.tick() == 0
    assert len(asked.asked) == 2
    assert await one.tick() > 0
    assert len(asked.asked) == 3


async def test_a_store_that_is_away_while_somebody_is_asked_is_waited_for(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(site)
    clock.forward(20_000)

    async def away(*_: object) -> bool:
        raise StoreUnavailable("down")

    monkeypatch.setattr(site.store, "apply", away)
    with pytest.raises(StoreUnavailable):
        await asker(site, Asked(DONE)).tick()


async def test_nobody_is_asked_about_a_job_past_its_own_deadline(site: Site, clock: Clock) -> None:
    """The reaper ends it."""
    await site.submit(deadline="2026-09-21T14:13:30Z")
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    clock.forward(10_000)
    asked = Asked(WORKS)

    await asker(site, asked).tick()

    assert asked.asked == []


# --- while nothing seems wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("bad_news", [CRASHED, AWAY])
async def test_one_that_is_lost_makes_us_ask_about_all(site: Site, clock: Clock, bad_news: Finding) -> None:
    """All places are taken, so no hand-over can notice that the processor died and came back."""
    jobs = [await waiting(site, f"exec-{n}", ms=300_000) for n in range(3)]
    asked = Asked(WORKS)
    await asker(site, asked).tick()
    assert asked.asked == [], "nobody has waited for long"
    clock.forward(15_001)
    asked.answer = bad_news
    await asker(site, asked).tick()
    assert len(asked.asked) == 1
    clock.forward(30_000)
    asked.answer = CRASHED

    await asker(site, asked).tick()

    assert {(await site.job(job))["failures"] for job in jobs} == {1}


async def test_good_news_of_one_is_good_for_the_rest(site: Site, clock: Clock) -> None:
    for n in range(3):
        await waiting(site, f"exec-{n}", ms=300_000)
    clock.forward(15_001)
    asked = Asked(WORKS)
    for _ in range(5):
        await asker(site, asked).tick()
    assert len(asked.asked) <= 3
    assert (await lane(site)).out_at is None
