"""Callbacks, deletes, retries and acceptances at once: whichever is first, what was answered holds."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from job_processor.acts import Acts, acts_over
from job_processor.acts.callbacks import UnreadableBody
from job_processor.acts.flow_table import FlowTable
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.inbox import (
    Callback,
)
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted
from job_processor.core.report import Report
from job_processor.store.base import InboxQuery, Store
from tests.store_suite import given
from tests.store_suite.callbacks import ids, late, listed
from tests.store_suite.places import Clock, Place


async def test_of_an_accept_and_a_reject_at_once_the_accept_is_the_last_word(store: Store) -> None:
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), ids)
    for n in range(20):
        job = await given.cancelled(store)
        one = late(store, f"late {n}", job_id=job.id)
        await store.keep_callback(one)
        turns: list[Awaitable[object]] = [acts.callbacks.accept(one.id), acts.callbacks.reject(one.id)]
        await asyncio.gather(*(turns if n % 2 else reversed(turns)), return_exceptions=True)
        kept, after = await store.get_callback(one.id), await store.get(job.id)
        assert kept is not None
        assert after is not None
        assert (kept.verdict, after.result) == (CallbackVerdict.ACCEPTED, f"late {n}")


async def test_what_came_again_since_is_not_forgotten(store: Store, clock: Clock) -> None:
    """It comes while forget is at work: whichever is first, what was answered as kept is there."""
    old = [late(store, str(n), job_id=None, verdict=CallbackVerdict.UNKNOWN) for n in range(20)]
    for one in old:
        await store.keep_callback(one)
    clock.forward(10)
    before = store.now()

    again = [replace(one, last_at=before) for one in old]
    _, *kept = await asyncio.gather(store.prune_callbacks(before, 20), *(store.keep_callback(one) for one in again))

    assert sorted(await listed(store)) == sorted(str(id_) for id_ in kept)


async def test_a_job_that_is_retried_before_its_delete_keeps_them(place: Place, store: Store) -> None:
    """A retry and a delete at once: whichever is first, a job that is there has what was kept of it."""
    other = await place.open()
    acts = acts_over(other, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), ids)
    for n in range(20):
        job = await given.cancelled(store)
        mine = late(store, f"late {n}", job_id=job.id)
        await store.keep_callback(mine)

        async def later(turns: int, act: Awaitable[object]) -> object:
            for _ in range(turns):
                await asyncio.sleep(0)
            return await act

        _, deleted = await asyncio.gather(
            later(n if n % 2 else 0, acts.jobs.retry(job.id)),
            later(0 if n % 2 else n, store.delete(job.id)),
            return_exceptions=True,
        )

        assert (await store.get(job.id) is None) is deleted
        kept = await store.list_callbacks(InboxQuery(job_id=job.id))
        assert [one.callback.id for one in kept] == ([] if deleted else [mine.id]), n


async def test_of_a_report_and_the_acceptance_it_is_about_one_sees_the_other(place: Place, store: Store) -> None:
    """Two processes, each writes and then looks: whichever is first, exactly one attempt has failed in the end."""
    other = await place.open()
    rules = {given.RULES.name: given.RULES}
    table = FlowTable(rules, given.RULES.name)
    worker = acts_over(store, table, ids)
    api = acts_over(other, table, ids)
    for n in range(20):
        made = await given.added(store)
        job = await given.claimed(store)

        await asyncio.gather(
            worker.signals.send(job.id, given.says(job, Accepted(60_000, f"e{n}"))),
            api.callbacks.crashed(Report(error="out of memory", execution_id=f"e{n}")),
        )

        after = await other.get(made.id)
        assert after is not None
        assert (after.state, after.failures) == (State.PENDING, 1), n
        await given.moved(store, after, given.Cancelled())
    assert {one.callback.verdict for one in await store.list_callbacks(InboxQuery())} == {CallbackVerdict.APPLIED}


def _late(acts: Acts, job: Job) -> Awaitable[object]:
    return acts.callbacks.report(Report(result="late"), job.id, None)


def _unread(acts: Acts, job: Job) -> Awaitable[object]:
    return acts.callbacks.unreadable("400: no JSON", job.id, None, UnreadableBody(b"?", False, None))


_ARRIVALS = pytest.mark.parametrize("arrives", [_late, _unread])


@_ARRIVALS
async def test_no_callback_of_a_deleted_job_stays_whenever_it_came(
    place: Place, store: Store, arrives: Callable[[Acts, Job], Awaitable[object]]
) -> None:
    """A callback and a delete at once: whichever is first, what is kept of it is not of a job that is gone."""
    other = await place.open()
    acts = acts_over(other, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), ids)
    for n in range(20):
        job = await given.cancelled(store)
        await asyncio.gather(arrives(acts, job), store.delete(job.id), return_exceptions=True)
        assert await store.get(job.id) is None
        of_it = await store.list_callbacks(InboxQuery(job_id=job.id))
        assert {one.callback.verdict for one in of_it} <= {CallbackVerdict.UNKNOWN}, n


async def test_a_late_report_has_its_answer_when_nobody_can_look_for_its_job(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), ids)
    job, keep, get = await given.cancelled(store), store.keep_callback, store.get

    async def away(job_id: str) -> None:
        raise StoreUnavailable("away")

    async def kept_and_then_away(callback: Callback, *, limited: bool = True) -> str | None:
        kept = await keep(callback, limited=limited)
        monkeypatch.setattr(store, "get", away)
        return kept

    monkeypatch.setattr(store, "keep_callback", kept_and_then_away)
    judged = await acts.callbacks.report(Report(result="late"), job.id, None)
    monkeypatch.setattr(store, "get", get)
    assert judged.verdict is CallbackVerdict.LATE
    assert [one.callback.id for one in await store.list_callbacks(InboxQuery())] == [judged.kept]


@_ARRIVALS
async def test_a_callback_of_a_job_that_is_deleted_before_it_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch, arrives: Callable[[Acts, Job], Awaitable[object]]
) -> None:
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), ids)
    job, keep = await given.cancelled(store), store.keep_callback

    async def too_late(callback: Callback, *, limited: bool = True) -> str | None:
        # The first delivery deletes it, the second finds no job from the beginning.
        await store.delete(job.id)
        return await keep(callback, limited=limited)

    monkeypatch.setattr(store, "keep_callback", too_late)
    for _ in range(2):
        with contextlib.suppress(JobNotFound):
            await arrives(acts, job)
        [kept] = await store.list_callbacks(InboxQuery(job_id=job.id))
        assert kept.callback.verdict is CallbackVerdict.UNKNOWN
    assert kept.callback.deliveries == 2


@pytest.mark.parametrize(("flow", "failures"), [("f", 1), ("neighbour", 1), ("other", 0), ("gone", 0), (None, 1)])
async def test_a_report_that_came_first_counts_for_its_own_processors_execution_only(
    store: Store, flow: str | None, failures: int
) -> None:
    """Two n8n each have an execution 7. Whoever says whose it is, is taken at its word."""
    rules = {name: replace(given.RULES, name=name) for name in ("f", "neighbour", "other")}
    together = frozenset({"f", "neighbour"})
    sharing = {"f": together, "neighbour": together}
    acts = acts_over(store, FlowTable(rules, "f", sharing), ids)
    await given.added(store)
    job = await given.claimed(store)
    early = await acts.callbacks.crashed(Report(error="out of memory", flow=flow, execution_id="7"))
    assert (early.verdict, early.job) == (CallbackVerdict.UNKNOWN, None)

    moved = await acts.signals.send(job.id, given.says(job, Accepted(60_000, "7")))

    assert moved.job.failures == failures


@pytest.mark.parametrize(("flow", "failed"), [("f", [1, 0]), ("other", [0, 1]), (None, [0, 0])])
async def test_of_two_executions_of_one_number_a_report_fails_the_one_it_is_about(
    store: Store, flow: str | None, failed: list[int]
) -> None:
    rules = {name: replace(given.RULES, name=name) for name in ("f", "other")}
    acts = acts_over(store, FlowTable(rules, "f"), ids)
    jobs = []
    for one in rules.values():
        await given.added(store, rules=one)
        job = await given.claimed(store, one)
        jobs.append(await given.moved(store, job, given.says(job, Accepted(60_000, "7")), one))

    judged = await acts.callbacks.crashed(Report(error="out of memory", flow=flow, execution_id="7"))

    assert (judged.job is None) == (flow is None)
    assert [after.failures for job in jobs if (after := await store.get(job.id)) is not None] == failed
