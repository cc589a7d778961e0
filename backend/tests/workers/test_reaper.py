"""The reaper: what is overdue is ended, and nobody holds up anybody else."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from job_processor.acts.signals import Moved
from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.outcome import Accepted
from job_processor.core.transitions import Change
from job_processor.workers.reaper import Reaper
from tests.support.clock import Clock
from tests.support.site import Site, open_site


def reaper(site: Site, asked_first: Iterable[str] = ()) -> Reaper:
    return Reaper(site.acts, site.store, asked_first)


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
        patch.setattr(site.store, "list_callbacks", dies)
        with pytest.raises(StoreUnavailable):
            await site.say(claimed, Accepted(20_000, "exec-1"))
    assert (await site.job(job))["status"] == "WAITING"
    clock.forward(20_000)

    await reaper(site).tick()

    told = await site.job(job)
    assert (told["status"], told["failures"], told["error"]["message"]) == ("FAILED", 1, "no such model")
    [kept] = (await site.client.get("/callbacks")).json()
    assert (kept["verdict"], kept["jobId"]) == ("applied", job)


async def test_a_job_that_cannot_be_ended_is_in_nobodys_way(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, other = [(await site.submit())["id"] for _ in range(2)]
    for _ in range(2):
        await site.claim()
    clock.forward(31_000)
    signal = site.acts.signals.send

    async def fails_for_one(job_id: str, *rest: Any, **more: Any) -> Moved:
        if job_id == odd:
            raise ValueError("a fault of ours")
        return await signal(job_id, *rest, **more)

    monkeypatch.setattr(site.acts.signals, "send", fails_for_one)
    await reaper(site).tick()

    assert [(await site.job(one))["status"] for one in (odd, other)] == ["RUNNING", "PENDING"]


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


async def test_callbacks_of_a_flow_that_is_asked_first_are_left_alone_and_everything_else_of_it_is_ended(
    site: Site, clock: Clock
) -> None:
    """However many wait for a processor that is slow to answer, a lost lease is in nobody's queue."""
    waits = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000, "exec-1"))
    past = (await site.submit(deadline="2026-09-21T14:13:45Z"))["id"]
    await site.say(await site.claim(), Accepted(20_000, "exec-2"))
    lost = (await site.submit())["id"]
    await site.claim()
    clock.forward(31_000)

    await reaper(site, ["main"]).tick()

    assert [(await site.job(one))["status"] for one in (waits, past, lost)] == ["WAITING", "FAILED", "PENDING"]


async def test_a_processor_that_cannot_be_asked_is_waited_for_as_before(site: Site) -> None:
    """A callback came that could not be read: there is nobody to ask about it, and nothing has expired."""
    job = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(20_000))
    await site.callback({"jobId": job, "result": "r", "error": "e"})

    await reaper(site).tick()

    assert (await site.job(job))["status"] == "WAITING"
    assert await site.store.overdue(10) == []
    assert (await site.callback({"jobId": job, "result": "r"})).json()["status"] == "COMPLETED"


async def test_what_is_overdue_together_is_ended_together(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None lands before the last of them has come to the store, which can then write them as one group."""
    jobs = [(await site.submit())["id"] for _ in range(20)]
    for _ in jobs:
        await site.claim()
    clock.forward(31_000)
    all_there = asyncio.Barrier(len(jobs))
    apply = site.store.apply

    async def together(change: Change) -> bool:
        async with asyncio.timeout(20):
            await all_there.wait()
        return await apply(change)

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "apply", together)
        await reaper(site).tick()

    assert {(await site.job(job))["error"]["code"] for job in jobs} == {"lease_lost"}


async def test_a_store_that_goes_away_meanwhile_is_told_when_all_have_tried(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await site.submit()
        await site.claim()
    clock.forward(31_000)
    apply = site.store.apply
    tried = 0

    async def sometimes(change: Change) -> bool:
        nonlocal tried
        tried += 1
        if tried == 2:
            raise StoreUnavailable("away")
        return await apply(change)

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "apply", sometimes)
        with pytest.raises(StoreUnavailable):
            await reaper(site).tick()

    assert tried == 5
    assert len(await site.store.overdue(10)) == 1
