"""Lanes and counts are read once for all who ask at a time, and no answer to a write depends on them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import JobError, State
from job_processor.core.lane import Lane
from job_processor.core.outcome import Failed
from job_processor.http.flow_status import FRESH_SECONDS, MAX_STALE_SECONDS, FlowStatus, FlowStatusCache
from job_processor.store.base import Counts, Store
from tests.support.site import Site

Read = Callable[[], Coroutine[Any, Any, Counts]]


async def failing() -> Counts:
    raise StoreUnavailable("no counts today")


async def silent() -> Counts:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture(params=[failing, silent])
def no_counts(request: pytest.FixtureRequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose store counts no jobs: it says so, or says nothing."""
    monkeypatch.setattr(site.store, "counts", request.param)
    return site


async def test_a_stored_job_is_answered_with_201_although_nobody_can_count(no_counts: Site) -> None:
    reply = await no_counts.client.post("/jobs", {"prompt": "p"})

    assert (reply.status, reply.json()["waitingOn"]) == (201, None)
    assert (await no_counts.stored(reply.json()["id"])).prompt == "p"


async def test_what_the_job_itself_says_of_its_time_is_told_all_the_same(no_counts: Site) -> None:
    reply = await no_counts.client.post("/jobs", {"prompt": "p", "delaySeconds": 60})

    assert (reply.status, reply.json()["waitingOn"]["kind"]) == (201, "schedule")


async def test_every_act_is_answered_although_nobody_can_count(no_counts: Site) -> None:
    client = no_counts.client
    first = (await client.post("/jobs", {"prompt": "p"})).json()["id"]
    job = await no_counts.claim()
    await no_counts.say(job, Failed(JobError("x", "y"), retryable=False))

    statuses = [
        (await client.post(f"/jobs/{first}/retry")).status,
        (await client.post(f"/jobs/{first}/replay")).status,
        (await client.post(f"/jobs/{first}/cancel")).status,
        (await client.get(f"/jobs/{first}")).status,
        (await client.get("/jobs")).status,
        (await client.post("/flows/main/pause")).status,
        (await client.post("/flows/main/resume")).status,
        (await client.request("DELETE", f"/jobs/{first}")).status,
    ]

    assert statuses == [200, 201, 200, 200, 200, 200, 200, 204]


async def test_the_store_is_up_when_it_answers_a_ping_although_nobody_can_count(no_counts: Site) -> None:
    reply = await no_counts.client.get("/metrics")

    assert "job_processor_store_up 1.0" in reply.text.splitlines()


class Counted:
    """A store that counts how often it is asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.now = 1000.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.fails = False
        self.flow_status = FlowStatusCache(self._as_store(), lambda: self.now)

    def _as_store(self) -> Store:
        return self  # type: ignore[return-value]  # the two verbs that are asked for

    async def lanes(self) -> Sequence[Lane]:
        return ()

    async def counts(self) -> Counts:
        self.reads += 1
        self.asked.set()
        read = self.reads
        await self.gate.wait()
        if self.fails:
            raise StoreUnavailable("not now")
        return Counts({("f", State.PENDING): read}, {})


def number(counts: Counts) -> int:
    return counts.by_state["f", State.PENDING]


async def test_a_hundred_who_ask_at_once_are_answered_by_one_read() -> None:
    store = Counted()
    found = await asyncio.gather(*(store.flow_status.recent() for _ in range(100)))
    assert store.reads == 1
    assert {number(one.counts) for one in found if one is not None} == {1}


async def test_a_read_is_given_out_again_while_it_is_fresh_and_renewed_then() -> None:
    store = Counted()
    await store.flow_status.recent()
    store.now += FRESH_SECONDS
    await store.flow_status.recent()
    assert store.reads == 1
    store.now += 0.001
    again = await store.flow_status.recent()
    assert again is not None
    assert number(again.counts) == 2


async def test_the_last_read_is_given_out_while_it_is_renewed_slowly_and_no_longer_than_it_is_kept() -> None:
    store = Counted()
    await store.flow_status.recent()
    store.gate.clear()
    store.now += MAX_STALE_SECONDS
    known = await store.flow_status.recent(0.01)
    assert known is not None
    assert number(known.counts) == 1
    store.now += 0.001
    assert await store.flow_status.recent(0.01) is None
    assert store.reads == 2
    store.gate.set()


async def test_a_read_that_was_asked_for_began_after_it_was_asked_for() -> None:
    store = Counted()
    store.gate.clear()
    early = asyncio.create_task(store.flow_status.read())
    await store.asked.wait()
    late = [asyncio.create_task(store.flow_status.read()) for _ in range(3)]
    store.gate.set()
    assert number((await early).counts) == 1
    assert {number(one.counts) for one in await asyncio.gather(*late)} == {2}


async def test_a_read_that_fails_is_told_to_those_who_need_it_and_hidden_from_the_others() -> None:
    store = Counted()
    store.fails = True
    with pytest.raises(StoreUnavailable):
        await store.flow_status.read()
    assert await store.flow_status.recent() is None
    assert await store.flow_status.read_within(1.0) is None


def test_in_flight_is_never_negative() -> None:
    """Jobs may end between the two reads that say how many are in flight, and how many of these fell back."""
    counts = Counts({("f", State.RUNNING): 1, ("g", State.WAITING): 1}, {}, {("f", "g"): 3, ("h", "f"): 1})
    assert FlowStatus.of([], counts).in_flight == {"f": 1, "g": 4, "h": 0}
