"""Reservations in a lane: never exceeded, and healed after a claimer that died between its two writes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import State
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim, Query, Store
from job_processor.store.mongo.claims import Claims
from job_processor.store.mongo.lanes import Lanes, Stored
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, MongoPlace

pytestmark = pytest.mark.mongo
ONE = replace(RULES, concurrency=1)


class Killed(Exception):
    """Stands for SIGKILL between two writes."""


@pytest.fixture
async def hasty(server: MongoServer) -> AsyncIterator[MongoPlace]:
    """Reservations grow old at once: whoever has not filled one yet may be shut out by the next claimer."""
    made = MongoPlace(server, Clock(), tuning=Tuning(reservation=0.0, count_reuse=0.0))
    yield made
    await made.close()


async def _dies_after_reserving(store: Store, rules: FlowRules, patch: pytest.MonkeyPatch) -> None:
    async def killed(*_: object) -> None:
        raise Killed

    with patch.context() as context, contextlib.suppress(Killed):
        context.setattr(Claims, "_take", killed)
        await given.claim(store, 1, rules)


async def test_a_slot_of_a_claimer_that_died_is_kept_for_a_while(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await place.open()
    await given.added(store)
    await _dies_after_reserving(store, ONE, monkeypatch)
    # It cannot be told from one that is slow.
    assert len((await given.claim(store, 1, ONE)).jobs) == 0


async def test_a_slot_of_a_claimer_that_died_heals(hasty: MongoPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await hasty.open()
    await given.added(store)
    await _dies_after_reserving(store, ONE, monkeypatch)
    assert len((await given.claim(store, 1, ONE)).jobs) == 1


@pytest.mark.parametrize("dies_in", ["_take", "reserve"])
async def test_a_shared_place_of_a_claimer_that_died_heals(
    hasty: MongoPlace, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    """After both of its reservations, and between them."""
    store = await hasty.open()
    rules = replace(RULES, limit=SharedLimit("l", ("f", "g"), 1))
    await given.added(store)
    if dies_in == "_take":
        await _dies_after_reserving(store, rules, monkeypatch)
    else:
        real = Lanes.reserve

        async def killed(self: Lanes, stored: Stored, *rest: Any) -> bool:
            if stored.lane.flow == "f":
                raise Killed
            return await real(self, stored, *rest)

        with monkeypatch.context() as context, contextlib.suppress(Killed):
            context.setattr(Lanes, "reserve", killed)
            await given.claim(store, 1, rules)
    assert len((await given.claim(store, 1, rules)).jobs) == 1
    await given.added(store)
    assert len((await given.claim(store, 1, rules)).jobs) == 0


async def test_a_claimer_that_was_shut_out_cannot_fill_its_slot(
    hasty: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claimer is stopped between its two writes, another takes its slot back; then it goes on."""
    slow, quick = await hasty.open(), await hasty.open()
    for _ in range(2):
        await given.added(slow)
    reserved, go_on = asyncio.Event(), asyncio.Event()
    real = Claims._take

    async def stopped(self: Claims, *args: object) -> object:
        if not reserved.is_set():
            reserved.set()
            await go_on.wait()
        return await real(self, *args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Claims, "_take", stopped)
    first = asyncio.create_task(given.claim(slow, 1, ONE))
    await reserved.wait()
    second = await given.claim(quick, 1, ONE)
    go_on.set()
    assert len(second.jobs) == 1
    assert len((await first).jobs) == 0
    assert len(await quick.list(Query(states=frozenset({State.RUNNING})))) == 1


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_racing_claimers_that_shut_each_other_out_never_exceed(hasty: MongoPlace, concurrency: int) -> None:
    rules = replace(RULES, concurrency=concurrency)
    peers = [await hasty.open() for _ in range(4)]
    for _ in range(20):
        await given.added(peers[0])
    done = 0
    for _ in range(60):
        answers = await asyncio.gather(*(peer.claim(Claim(rules, 3, f"w{n}")) for n, peer in enumerate(peers)))
        running = await peers[0].list(Query(limit=100, states=frozenset({State.RUNNING})))
        assert len(running) <= concurrency
        for answer in answers:
            for job in answer.jobs:
                await given.moved(peers[0], job, given.says(job, Succeeded("r")), rules)
                done += 1
        if done == 20:
            break
    assert done == 20


async def test_what_others_got_first_gives_rate_and_probe_back(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = await place.open(), await place.open()
    limit = SharedLimit("l", ("f",), requests_per_minute=60, tokens_per_minute=60_000)
    rules = replace(RULES, rate_per_minute=60, limit=limit)
    await given.added(store)
    lane = await given.changed_lane(store, "f", trouble=Trouble.OUTAGE, closed_until=store.now() - 1)
    real = Claims._take

    async def too_late(self: Claims, *args: object) -> object:
        with monkeypatch.context() as context:
            context.setattr(Claims, "_take", real)
            # Somebody whose configuration has no limits yet is faster.
            await given.moved(other, (await given.jobs_of(other))[0], given.Cancelled())
        return await real(self, *args)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as context:
        context.setattr(Claims, "_take", too_late)
        assert len((await given.claim(store, 1, rules)).jobs) == 0
    after = await given.lane_of(store, "f")
    assert after.probe is None
    assert after.tokens >= 1
    assert after.trouble is lane.trouble
    shared = await given.lane_of(store, "limit:l")
    assert (shared.tokens, shared.model_tokens.left) == (1, 1_000)
    await given.added(store)
    assert len((await given.claim(store, 1, rules)).jobs) == 1
