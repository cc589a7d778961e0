"""The reaper: what is overdue is ended or asked after, and nobody holds up anybody else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, JobError
from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from job_processor.lifecycle import Moved
from job_processor.workers.reaper import Reaper
from tests.support.clock import Clock
from tests.support.site import Site, open_site


class Asked:
    """A processor that knows what became of an execution, or fails to tell."""

    def __init__(self, answer: Outcome | None | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    async def reconcile(self, job_id: str, attempt: Attempt) -> Outcome | None:
        self.asked.append((job_id, attempt.number))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def reaper(site: Site, processor: object = None) -> Reaper:
    return Reaper(site.lifecycle, site.store, {"main": processor}, site.telemetry)


async def test_the_reaper_ends_leases_callbacks_and_deadlines_and_nothing_else(site: Site, clock: Clock) -> None:
    lost = (await site.submit())["id"]
    await site.claim()
    overdue = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000))
    late = (await site.submit(delaySeconds=10, deadline="2026-09-21T14:13:40Z"))["id"]
    fresh = (await site.submit(delaySeconds=3600))["id"]
    assert await reaper(site).tick() > 0
    assert {(await site.job(one))["failures"] for one in (lost, overdue, late, fresh)} == {0}

    clock.forward(31_000)
    await reaper(site).tick()

    assert [(await site.job(one))["status"] for one in (lost, overdue, late, fresh)] == [
        "PENDING",
        "PENDING",
        "FAILED",
        "PENDING",
    ]
    assert (await site.job(lost))["error"]["code"] == "lease_lost"
    assert (await site.job(overdue))["error"]["code"] == "callback_overdue"
    assert (await site.job(late))["error"]["code"] == "deadline"
    assert (await site.job(fresh))["attempt"] == 0
    assert await site.store.overdue(10) == []


RECONCILED = [
    (Succeeded("found"), "COMPLETED"),
    (Failed(JobError("crashed", "The execution crashed."), retryable=False), "FAILED"),
    (Accepted(60_000), "WAITING"),
    (None, "PENDING"),
    (RuntimeError("n8n is away"), "PENDING"),
]


@pytest.mark.parametrize(("answer", "state"), RECONCILED)
async def test_e3_an_overdue_callback_is_asked_after_before_it_is_given_up(
    site: Site, clock: Clock, answer: Outcome | None | Exception, state: str
) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    clock.forward(20_000)
    asked = Asked(answer)

    await reaper(site, asked).tick()

    assert asked.asked == [(job, 1)]
    assert (await site.job(job))["status"] == state
    assert await site.store.overdue(10) == []


async def test_e3_a_processor_that_says_for_ever_that_it_still_works_is_given_up(site: Site, clock: Clock) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    asked = Asked(Accepted(60_000))

    for _ in range(9):
        clock.forward(60_000)
        await reaper(site, asked).tick()
        assert (await site.job(job))["status"] == "WAITING"
    clock.forward(60_000)
    await reaper(site, asked).tick()

    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["code"]) == ("PENDING", 1, "callback_overdue")
    assert len(asked.asked) == 10
    assert await site.store.overdue(10) == []


UNREAD = [
    (Succeeded("found"), "COMPLETED"),
    (Failed(JobError("crashed", "The execution crashed."), retryable=False), "FAILED"),
    (Accepted(60_000), "WAITING"),
    (None, "WAITING"),
    (RuntimeError("n8n is away"), "WAITING"),
]


@pytest.mark.parametrize(("answer", "state"), UNREAD)
async def test_after_a_callback_that_could_not_be_read_the_processor_is_asked_at_once(
    site: Site, clock: Clock, answer: Outcome | None | Exception, state: str
) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    assert (await site.callback({"jobId": job, "result": "r", "error": "e"})).status == 422
    asked = Asked(answer)

    for _ in range(3):
        await reaper(site, asked).tick()

    assert asked.asked == [(job, 1)]
    told = await site.job(job)
    assert (told["status"], told["failures"]) == (state, 1 if state == "FAILED" else 0)
    assert await site.store.overdue(10) == []
    if state != "WAITING":
        return
    # Nobody knew: it waits until its own deadline, is asked about again, and says then that a callback had come.
    assert told["waitingOn"]["until"] == "2026-09-21T14:13:40.000Z"
    clock.forward(20_000)
    await reaper(site, Asked(None)).tick()
    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["code"]) == ("PENDING", 1, "callback_overdue")
    assert "A callback came and could not be read" in told["error"]["message"]


async def test_a_processor_that_cannot_be_asked_is_waited_for_as_before(site: Site, clock: Clock) -> None:
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000))
    await site.callback({"jobId": job, "result": "r", "error": "e"})

    await reaper(site).tick()

    assert (await site.job(job))["status"] == "WAITING"
    assert await site.store.overdue(10) == []
    assert (await site.callback({"jobId": job, "result": "r"})).json()["status"] == "COMPLETED"


async def test_a_crash_report_whose_match_was_cut_off_is_found_when_its_callback_is_overdue(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was answered as kept; the worker died after the acceptance was written and before it looked."""
    job = (await site.submit())["id"]
    claimed = await site.claim()
    await site.callback({"executionId": "exec-1", "error": "no such model", "retryable": False})

    async def dies(*_: object) -> None:
        raise StoreUnavailable("Here the worker dies.")

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "inbox", dies)
        with pytest.raises(StoreUnavailable):
            await site.say(claimed, Accepted(20_000, "exec-1"))
    assert (await site.job(job))["status"] == "WAITING"
    clock.forward(20_000)

    await reaper(site).tick()

    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["message"]) == ("FAILED", 1, "no such model")
    [kept] = (await site.client.get("/callbacks")).json()
    assert (kept["verdict"], kept["jobId"]) == ("applied", job)


async def test_a_processor_that_is_slow_to_tell_holds_up_no_lost_lease(site: Site, clock: Clock) -> None:
    await site.submit()
    await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    lost = (await site.submit())["id"]
    await site.claim()
    clock.forward(31_000)
    seen: list[str] = []

    class Looks(Asked):
        async def reconcile(self, job_id: str, attempt: Attempt) -> Outcome | None:
            seen.append((await site.job(lost))["error"]["code"])
            return None

    await reaper(site, Looks(None)).tick()

    assert seen == ["lease_lost"]


async def test_a_job_that_cannot_be_ended_is_in_nobodys_way(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, other = [(await site.submit())["id"] for _ in range(2)]
    for _ in range(2):
        await site.claim()
    clock.forward(31_000)
    signal = site.lifecycle.signal

    async def fails_for_one(job_id: str, *rest: Any, **more: Any) -> Moved:
        if job_id == odd:
            raise ValueError("a fault of ours")
        return await signal(job_id, *rest, **more)

    monkeypatch.setattr(site.lifecycle, "signal", fails_for_one)
    await reaper(site).tick()

    assert [(await site.job(one))["status"] for one in (odd, other)] == ["RUNNING", "PENDING"]


async def test_several_executions_are_asked_after_at_once(site: Site, clock: Clock) -> None:
    jobs = [(await site.submit())["id"] for _ in range(3)]
    for _ in jobs:
        await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    clock.forward(20_000)
    all_asked = asyncio.Barrier(len(jobs))

    class Meets(Asked):
        async def reconcile(self, job_id: str, attempt: Attempt) -> Outcome | None:
            async with asyncio.timeout(5):
                await all_asked.wait()
            return Succeeded("found")

    await reaper(site, Meets(None)).tick()

    assert [(await site.job(job))["status"] for job in jobs] == ["COMPLETED"] * 3


async def test_when_asking_takes_long_the_rest_is_asked_after_by_the_next_tick(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("job_processor.workers.reaper.ASKED_AT_ONCE", 2)
    monkeypatch.setattr("job_processor.workers.reaper.ASK_SECONDS", 0)
    for _ in range(3):
        await site.submit()
        await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    clock.forward(20_000)
    asked = Asked(Succeeded("found"))
    for at_all in (2, 3, 3):
        await reaper(site, asked).tick()
        assert len(asked.asked) == at_all


async def test_a_store_that_is_away_while_somebody_is_asked_is_waited_for(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.submit()
    await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    clock.forward(20_000)

    async def away(*_: object) -> bool:
        raise StoreUnavailable("down")

    monkeypatch.setattr(site.store, "apply", away)
    with pytest.raises(StoreUnavailable):
        await reaper(site, Asked(Succeeded("found"))).tick()


async def test_nobody_is_asked_about_a_job_past_its_own_deadline(site: Site, clock: Clock) -> None:
    job = (await site.submit(deadline="2026-09-21T14:13:30Z"))["id"]
    await site.say(await site.claim(), Accepted(60_000))
    clock.forward(10_000)
    asked = Asked(Accepted(60_000))

    await reaper(site, asked).tick()

    assert (asked.asked, (await site.job(job))["status"]) == ([], "FAILED")


async def test_after_a_crash_open_leases_are_taken_up_at_once(tmp_path: Path, clock: Clock) -> None:
    """A new process of the one that died: what it held is retried, what waits for a callback still waits."""
    rules = (FlowRules("main"),)
    async with open_site(tmp_path / "data", now=clock.now, flows=rules) as site:
        held = (await site.submit())["id"]
        await site.claim()
        waits = (await site.submit())["id"]
        await site.say(await site.claim(), Accepted(60_000))
    async with open_site(tmp_path / "data", now=clock.now, flows=rules) as site:
        await reaper(site).tick()
        assert (await site.job(held))["status"] == "PENDING"
        assert (await site.job(waits))["status"] == "WAITING"
        assert (await site.callback({"jobId": waits, "result": "r"})).json()["status"] == "COMPLETED"
