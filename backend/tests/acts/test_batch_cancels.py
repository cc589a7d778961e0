"""The cancel of a batch does not wait for what other batches wait for."""

import asyncio

import pytest

from job_processor.acts import Acts, acts_over
from job_processor.acts import batches as module
from job_processor.acts.batches import NewLine, Submitted
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import NewJob
from job_processor.core.access import COMMAND
from job_processor.core.errors import JobDamaged
from job_processor.core.ids import IdFactory
from job_processor.core.job import Attempt, Job, State
from job_processor.core.outcome import Accepted
from job_processor.http.job_filters import stored_query
from job_processor.store.base import Claim, Query, Store
from tests.acts.bulk_given import OTHER
from tests.store_suite import given
from tests.support.stores import place, store
from tests.support.waiting import until_true
from tests.workers.processors import Silent

__all__ = ["place", "store"]
SOME = 2 * module.CONCURRENT_CANCELS + 1


@pytest.fixture
def silent() -> Silent:
    return Silent()


@pytest.fixture
def acts(store: Store, silent: Silent) -> Acts:
    table = FlowTable({"f": given.RULES, "other": OTHER}, "f")
    return acts_over(store, table, IdFactory(0xABCDEF000005), read_query=stored_query, processors={"f": silent})


async def a_batch(acts: Acts, jobs: int, flow: str) -> str:
    lines = [NewLine(n, NewJob(prompt=f"{n}", flow=flow)) for n in range(1, jobs + 1)]
    return (await acts.batches.submit(Submitted(lines), None, COMMAND)).batch.id


async def in_flight(acts: Acts, store: Store) -> str:
    """A batch whose jobs are all with the silent processor."""
    batch = await a_batch(acts, SOME, "f")
    for job in (await store.claim(Claim(given.RULES, SOME, "w1"))).jobs:
        await given.moved(store, job, given.says(job, Accepted(600_000, execution_id=job.id)))
    return batch


async def count(store: Store, batch: str, state: State) -> int:
    return await store.count(Query(batch=batch, states=frozenset({state}), limit=1000))


async def test_no_job_is_handed_over_while_processors_answer_to_other_cancels(
    acts: Acts, store: Store, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT_SECONDS", 60.0)
    batches = [await in_flight(acts, store), await a_batch(acts, 3, "other"), await in_flight(acts, store)]
    for batch in batches:
        await acts.batches.cancel(batch, COMMAND)
    tending = asyncio.create_task(acts.batches.tend(10))
    # Each batch has its turn.
    await until_true(lambda: silent.asked == 2 * module.CONCURRENT_CANCELS)
    assert await count(store, batches[1], State.CANCELLED) == 3
    silent.may_answer.set()
    assert await tending is False
    assert [await count(store, batch, State.CANCELLED) for batch in batches] == [SOME, 3, SOME]
    assert silent.asked == 2 * SOME


async def test_within_a_batch_too(acts: Acts, store: Store, silent: Silent) -> None:
    """The lines that wait are listed last, as the oldest; they are cancelled first."""
    lines = [NewLine(1, NewJob(prompt="waits", flow="other")), NewLine(2, NewJob(prompt="with the processor"))]
    batch = (await acts.batches.submit(Submitted(lines), None, COMMAND)).batch.id
    [job] = (await store.claim(Claim(given.RULES, 1, "w1"))).jobs
    await given.moved(store, job, given.says(job, Accepted(600_000, execution_id="12")))
    states: list[State] = []

    async def cancel(job_id: str, attempt: Attempt) -> str | None:
        [waiting] = [one for one in await given.jobs_of(store) if one.id != job_id]
        states.append(waiting.state)
        return "stopped"

    silent.cancel = cancel  # type: ignore[method-assign]  # a double
    await acts.batches.cancel(batch, COMMAND)
    assert await acts.batches.tend(10) is False
    assert states == [State.CANCELLED]


async def test_a_batch_that_is_cancelled_meanwhile_has_its_turn(
    acts: Acts, store: Store, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT_SECONDS", 0.0)
    silent.may_answer.set()
    first, second = await in_flight(acts, store), await a_batch(acts, 3, "other")
    await acts.batches.cancel(first, COMMAND)
    assert await acts.batches.tend(10) is True
    assert await count(store, first, State.CANCELLED) == module.CONCURRENT_CANCELS
    await acts.batches.cancel(second, COMMAND)
    assert await acts.batches.tend(10) is True
    assert await count(store, second, State.CANCELLED) == 3
    assert await acts.batches.tend(10) is False
    assert await count(store, first, State.CANCELLED) == SOME


async def test_a_turn_that_is_over_begins_with_no_further_batch(
    acts: Acts, store: Store, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many batches are cancelled, one that is cancelled meanwhile waits for one answer of each at work."""
    monkeypatch.setattr(module, "IN_FLIGHT_SECONDS", 0.0)
    monkeypatch.setattr(module, "CONCURRENT_BATCHES", 1)
    silent.may_answer.set()
    batches = [await in_flight(acts, store) for _ in range(3)]
    for batch in batches:
        await acts.batches.cancel(batch, COMMAND)
    turns = 0
    while await acts.batches.tend(10):
        turns += 1
        assert silent.asked <= turns * module.CONCURRENT_CANCELS
    assert [await count(store, batch, State.CANCELLED) for batch in batches] == [SOME] * 3


async def test_a_damaged_job_holds_up_no_other(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await a_batch(acts, 3, "f"), await a_batch(acts, 3, "f")
    [damaged, *_] = await given.ids_of(store, Query(batch=first))
    read = store.get

    async def get(job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        if job_id == damaged:
            raise JobDamaged(job_id)
        return await read(job_id, flows)

    monkeypatch.setattr(store, "get", get)
    acts = acts_over(store, FlowTable({"f": given.RULES}, "f"), IdFactory(1), read_query=stored_query)
    for batch in (first, second):
        await acts.batches.cancel(batch, COMMAND)
    assert await acts.batches.tend(10) is False
    assert (await count(store, first, State.CANCELLED), await count(store, second, State.CANCELLED)) == (2, 3)
    ended = await store.get_batch(second)
    assert ended is not None
    assert ended.ended_at is not None
