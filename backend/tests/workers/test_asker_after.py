"""The asker after an outage, and after a callback that could not be read: what waits is asked about early."""

from dataclasses import replace

import pytest

from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed
from job_processor.processors.base import Finding
from job_processor.workers import asker as asker_module
from tests.support.clock import Clock
from tests.support.site import Site
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
    comes_back,
    goes_out,
    lane,
    waiting,
)

AFTER: list[tuple[Finding, str, list[str]]] = [
    (DONE, "COMPLETED", ["It has finished it."]),
    (CRASHED, "PENDING", ["It crashed."]),
    (KEPT_NOTHING, "WAITING", ["It has finished it."]),
    (WORKS, "WAITING", ["It still works on it."]),
    (UNKNOWN, "WAITING", ["It does not know it."]),
    (AWAY, "WAITING", ["It could not be reached."]),
]


@pytest.mark.parametrize(("answer", "state", "words"), AFTER)
async def test_what_waits_is_asked_about_as_soon_as_its_lane_opens(
    site: Site, clock: Clock, answer: Finding, state: str, words: list[str]
) -> None:
    """Long before its callback is overdue; and whatever leaves doubt leaves the deadline as it was."""
    job = await waiting(site, ms=300_000)
    due = (await site.stored(job)).due_at()
    asked = Asked(answer)
    clock.forward(5)
    await goes_out(site)
    await asker(site, asked).tick()
    assert asked.asked == [], "not while it is away"
    await comes_back(site, clock)

    await asker(site, asked).tick()

    told = await site.job(job)
    assert (told["status"], await asked_words(site, job)) == (state, words)
    assert asked.asked == [(job, 1)]
    if state == "WAITING":
        assert (await site.stored(job)).due_at() == due
    else:
        assert told["attempts"][0]["end"] is not None


async def test_each_is_asked_about_once_an_outage(site: Site, clock: Clock) -> None:
    job = await waiting(site, ms=300_000)
    asked = Asked(WORKS)
    for times in (1, 2):
        clock.forward(31_000)
        await goes_out(site)
        await comes_back(site, clock)
        for _ in range(3):
            await asker(site, asked).tick()
        assert asked.asked == [(job, 1)] * times


async def test_whoever_could_not_be_reached_is_asked_again(site: Site, clock: Clock) -> None:
    job = await waiting(site, ms=300_000)
    asked = Asked(AWAY)
    clock.forward(5)
    await goes_out(site)
    await comes_back(site, clock)
    assert await asker(site, asked).tick() == asker_module.UNANSWERED_PAUSE_SECONDS
    await asker(site, asked).tick()
    assert len(asked.asked) == 1
    clock.forward(30_000)
    asked.answer = CRASHED

    await asker(site, asked).tick()

    assert (await site.job(job))["failures"] == 1


async def test_nobody_is_asked_about_what_began_after_the_outage(site: Site, clock: Clock) -> None:
    await goes_out(site)
    await comes_back(site, clock)
    await waiting(site, ms=300_000)
    asked = Asked(WORKS)
    await asker(site, asked).tick()
    assert asked.asked == []


async def test_a_lane_that_was_only_slowed_down_asks_nobody(site: Site, clock: Clock) -> None:
    await waiting(site, ms=300_000)
    clock.forward(5)
    await goes_out(site, Trouble.RATE_LIMITED)
    await comes_back(site, clock)
    asked = Asked(WORKS)
    await asker(site, asked).tick()
    assert asked.asked == []


async def test_one_that_starts_is_out_of_reach_until_it_does_its_part(site: Site, clock: Clock) -> None:
    """Refused connections, then 404 while it starts: one outage, and what began before it is asked about."""
    await waiting(site, ms=300_000)
    clock.forward(5)
    await goes_out(site)
    out_at = (await lane(site)).out_at
    clock.forward(2_000)
    await goes_out(site, Trouble.MISCONFIGURED)
    assert (await lane(site)).out_at == out_at
    await comes_back(site, clock)
    asked = Asked(WORKS)
    await asker(site, asked).tick()
    assert len(asked.asked) == 1


async def test_what_gave_no_execution_id_is_left_to_its_deadline(site: Site, clock: Clock) -> None:
    await waiting(site, None, ms=300_000)
    clock.forward(5)
    await goes_out(site)
    await comes_back(site, clock)
    asked = Asked(WORKS)
    await asker(site, asked).tick()
    assert asked.asked == []


UNREAD: list[tuple[Answer, str]] = [
    (DONE, "COMPLETED"),
    (replace(CRASHED, outcome=Failed(JobError("x", "y"), retryable=False)), "FAILED"),
    (KEPT_NOTHING, "WAITING"),
    (WORKS, "WAITING"),
    (UNKNOWN, "WAITING"),
    (AWAY, "WAITING"),
    (None, "WAITING"),
    (RuntimeError("a fault of ours"), "WAITING"),
]


@pytest.mark.parametrize(("answer", "state"), UNREAD)
async def test_after_a_callback_that_could_not_be_read_the_processor_is_asked_at_once(
    site: Site, clock: Clock, answer: Answer, state: str
) -> None:
    job = await waiting(site)
    assert (await site.callback({"jobId": job, "result": "r", "error": "e"})).status == 422
    asked = Asked(answer)

    for _ in range(3):
        await asker(site, asked).tick()

    assert asked.asked == [(job, 1)]
    told = await site.job(job)
    assert (told["status"], told["failures"]) == (state, 1 if state == "FAILED" else 0)
    assert await site.store.overdue(10) == []
    if state != "WAITING":
        return
    # Nobody knew: it waits until its own deadline, is asked about again, and says then that a callback had come.
    assert told["waitingOn"]["until"] == "2026-09-21T14:13:40.000Z"
    clock.forward(20_000)
    await asker(site, Asked(None)).tick()
    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["code"]) == ("PENDING", 1, "callback_overdue")
    assert "A callback could not be read" in told["error"]["message"]
