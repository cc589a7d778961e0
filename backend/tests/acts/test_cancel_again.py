"""A cancel that is repeated reaches the processor, if the first one was cut off before it did."""

import asyncio

import pytest

from job_processor import tasks
from job_processor.acts import Acts, acts_over
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.flow_table import FlowTable
from job_processor.core.access import COMMAND
from job_processor.core.bulk import BulkKind
from job_processor.core.errors import StoreUnavailable
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted
from job_processor.core.transitions import Change
from job_processor.http.job_filters import stored_query
from job_processor.store.base import Store
from tests.store_suite import given
from tests.support.stores import place, store
from tests.support.waiting import until_true
from tests.workers.processors import Silent

__all__ = ["place", "store"]


def over(store: Store, processor: Silent, seed: int) -> Acts:
    """The acts of a process."""
    table = FlowTable({"f": given.RULES}, "f")
    return acts_over(store, table, IdFactory(seed), read_query=stored_query, processors={"f": processor})


async def waiting(store: Store) -> Job:
    await given.added(store)
    job = await given.claimed(store)
    return await given.moved(store, job, given.says(job, Accepted(600_000, execution_id="12")))


def answers(job: Job) -> int:
    return sum(event.what.value == "cancel_answered" for event in job.history)


async def test_after_a_reply_that_was_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Silent()
    processor.may_answer.set()
    job, acts = await waiting(store), over(store, processor, 1)
    apply = store.apply

    async def lost(change: Change) -> bool:
        await apply(change)
        raise StoreUnavailable("nobody knows")

    with monkeypatch.context() as losing:
        losing.setattr(store, "apply", lost)
        with pytest.raises(StoreUnavailable):
            await acts.jobs.cancel(job.id)
    assert processor.asked == 0
    await acts.jobs.cancel(job.id)
    assert (processor.asked, answers(await given.stored(store, job.id))) == (1, 1)


async def test_after_the_process_ended(store: Store) -> None:
    job = await waiting(store)
    processor, other = Silent(), Silent()
    first = over(store, processor, 1)
    cancelling = asyncio.create_task(first.jobs.cancel(job.id))
    await until_true(lambda: processor.asked == 1)
    await first.cancels.close()
    assert (await cancelling).job.state is State.CANCELLED
    other.may_answer.set()
    await over(store, other, 2).jobs.cancel(job.id)
    assert (other.asked, answers(await given.stored(store, job.id))) == (1, 1)


async def test_the_processor_is_told_once_by_cancels_at_the_same_time(store: Store) -> None:
    processor = Silent()
    job, acts = await waiting(store), over(store, processor, 1)
    cancelling = [asyncio.create_task(acts.jobs.cancel(job.id)) for _ in range(3)]
    await until_true(lambda: processor.asked > 0)
    await asyncio.wait(cancelling, timeout=0)
    processor.may_answer.set()
    await asyncio.gather(*cancelling)
    await acts.jobs.cancel(job.id)
    assert (processor.asked, answers(await given.stored(store, job.id))) == (1, 1)


async def test_by_a_bulk_action_whose_process_died(store: Store) -> None:
    processor, other = Silent(), Silent()
    other.may_answer.set()
    job, first, second = await waiting(store), over(store, processor, 0xABCDEF000001), over(store, other, 2)
    action = (await first.bulk.start(NewBulkAction(BulkKind.CANCEL, {}), COMMAND)).action
    acting = asyncio.create_task(first.bulk_groups.act(action, "w1"))
    await until_true(lambda: processor.asked == 1)
    [planned] = await store.open_bulk_actions()
    assert planned.planned == (job.id,)
    await tasks.end(acting)
    await first.cancels.close()
    done = await second.bulk_groups.act(planned, "w1")
    assert done is not None
    assert (done.done, other.asked, answers(await given.stored(store, job.id))) == (1, 1, 1)
