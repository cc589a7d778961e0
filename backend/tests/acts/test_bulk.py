"""Bulk actions on both stores: what they act on, and what they skip and why."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.acts import Acts, bulk_groups
from job_processor.acts import bulk as bulk_acts
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.jobs import NewJob
from job_processor.core.access import COMMAND
from job_processor.core.bulk import BulkKind, BulkState
from job_processor.core.errors import MoveRefused
from job_processor.core.events import EventKind
from job_processor.core.job import State
from job_processor.core.search import parse
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.http.job_filters import stored_query
from job_processor.store.base import AuditQuery, Query, Store, with_search
from tests.acts.bulk_given import FAILED, acts, carried_out, retry
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.stores import place, store

__all__ = ["acts", "place", "store"]


async def test_a_retry_acts_on_what_matches_and_says_why_not_on_the_rest(acts: Acts, store: Store) -> None:
    failed, cancelled, completed = await given.failed(store), await given.cancelled(store), await given.completed(store)
    pending = await given.added(store)
    new = replace(retry(), reason="the model was down")
    assert (await acts.bulk.count(new, COMMAND)).count == 4
    action = (await acts.bulk.start(new, COMMAND)).action
    assert (action.matched, action.more, action.state) == (4, False, BulkState.RUNNING)

    done = await carried_out(acts, action, store)

    assert (done.state, done.done, done.failed) == (BulkState.DONE, 2, {})
    assert done.skipped == {"is_completed": 1, "is_pending": 1}
    for job in (failed, cancelled):
        after = await given.stored(store, job.id)
        last = after.history[-1]
        assert (after.state, last.what, last.detail) == (State.PENDING, EventKind.RETRIED, "the model was down")
    assert await given.stored(store, completed.id) == completed
    assert await given.stored(store, pending.id) == pending
    entries = {(one.act.value, one.what, one.detail) for one in await store.list_audit(AuditQuery())}
    assert entries == {
        ("bulk_started", action.id, "retry"),
        ("job_retried", failed.id, action.id),
        ("job_retried", cancelled.id, action.id),
    }


async def test_newer_jobs_are_not_acted_on(acts: Acts, store: Store) -> None:
    """Even those of the same millisecond; and older ones of it are."""
    older = (await acts.jobs.submit(NewJob("p"))).job
    action = (await acts.bulk.start(NewBulkAction(BulkKind.CANCEL, {}), COMMAND)).action
    newer = (await acts.jobs.submit(NewJob("p"))).job
    assert older.created_at == action.created_at == newer.created_at
    done = await carried_out(acts, action, store)
    assert (done.done, done.matched) == (1, 1)
    assert (await given.stored(store, older.id)).state is State.CANCELLED
    assert await given.stored(store, newer.id) == newer


async def test_a_job_that_fails_again_meanwhile_is_retried_once(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 1)
    older, newer = await given.failed(store), await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    first = await acts.bulk_groups.act(action, "w1")
    assert first is not None
    assert first.cursor == newer.id
    for signal in (given.Cancelled(), given.Retried(1), given.Cancelled()):
        await given.moved(store, await given.stored(store, newer.id), signal)
    done = await carried_out(acts, first, store)
    assert done.done == 2
    for job in (older, newer):
        marks = (await given.stored(store, job.id)).bulk_actions
        assert marks == (action.id,)


async def test_a_job_that_matches_no_more_is_left_alone(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the plan and the act."""
    job = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, FAILED), COMMAND)).action
    assert await store.save_bulk_action(replace(action, planned=(job.id,)))
    changed = await given.moved(store, await given.moved(store, job, given.Retried(1)), given.Cancelled())
    found = await store.get_bulk_action(action.id)
    assert found is not None
    done = await carried_out(acts, found, store)
    assert (done.done, done.skipped) == (0, {"no_longer_matches": 1})
    assert await given.stored(store, job.id) == changed


async def test_ages_of_a_search_are_those_at_the_start(place: Place, acts: Acts, store: Store) -> None:
    old = await given.failed(store)
    place.clock.forward(3_600_000)
    new = await given.failed(store)
    action = (await acts.bulk.start(retry(q="status:failed created:<30m"), COMMAND)).action
    place.clock.forward(3_600_000)
    done = await carried_out(acts, action, store)
    assert (action.matched, done.done) == (1, 1)
    assert (await given.stored(store, new.id)).state is State.PENDING
    assert await given.stored(store, old.id) == old


async def test_a_job_whose_error_changed_matches_no_more(acts: Acts, store: Store) -> None:
    """Between the plan and the act."""
    job = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {"q": "error:bad"}), COMMAND)).action
    assert action.matched == 1
    assert await store.save_bulk_action(replace(action, planned=(job.id,)))
    changed = await given.moved(store, await given.moved(store, job, given.Retried(1)), given.Cancelled())
    found = await store.get_bulk_action(action.id)
    assert found is not None
    done = await carried_out(acts, found, store)
    assert (done.done, done.skipped) == (0, {"no_longer_matches": 1})
    assert await given.stored(store, job.id) == changed


@pytest.mark.parametrize(
    ("search", "after"),
    [
        ("", True),
        ("status:failed", False),
        ("status:failed,completed", True),
        ("attempts:>1", True),
        ("attempts:<2", False),
        ("attempts:2", True),
        ("error:bad", False),
        ("-error:bad", True),
        ("verdict:text", True),
        ("verdict:json", False),
        ("-verdict:text", False),
        ("tag:x meta.a:1 words flow:other", True),
    ],
)
def test_what_is_looked_at_again_before_the_act(search: str, after: bool) -> None:
    """What a job never changes was right when it was found."""
    job = structs.replace(
        given.a_job(1), state=State.COMPLETED, attempt=2, finished_at=1, result="r", verdict=Verdict(ResultKind.TEXT)
    )
    assert with_search(Query(), parse(search), 0).still_finds(job) is after


async def test_a_limit(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 2)
    jobs = [await given.failed(store) for _ in range(5)]
    new = replace(retry(**FAILED), limit=3)
    counted = await acts.bulk.count(new, COMMAND)
    assert (counted.count, counted.more) == (3, False)
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert (done.done, done.matched, done.handled) == (3, 3, 3)
    states = [(await given.stored(store, job.id)).state for job in jobs]
    assert states == [State.FAILED] * 2 + [State.PENDING] * 3, "the newest"


async def test_of_many_it_is_only_said_that_there_are_more(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_acts, "MAX_COUNTED", 2)
    for _ in range(3):
        await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    assert (action.matched, action.more) == (2, True)
    done = await carried_out(acts, action, store)
    assert (done.matched, done.more, done.done) == (3, False, 3), "exactly, once it is done"


async def test_cancel(acts: Acts, store: Store) -> None:
    await given.completed(store)
    before, pending = await given.cancelled(store), await given.added(store)
    new = NewBulkAction(BulkKind.CANCEL, {}, reason="not needed")
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert (done.done, done.skipped) == (1, {"is_cancelled": 1, "is_completed": 1})
    after = await given.stored(store, pending.id)
    assert (after.state, after.history[-1].detail) == (State.CANCELLED, "not needed")
    assert await given.stored(store, before.id) == before


async def test_delete(acts: Acts, store: Store) -> None:
    failed, pending = await given.failed(store), await given.added(store)
    done = await carried_out(acts, (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {}), COMMAND)).action, store)
    assert (done.done, done.skipped) == (1, {"is_pending": 1})
    assert await store.get(failed.id) is None
    assert await store.get(pending.id) == pending


async def test_replay_to_another_flow(acts: Acts, store: Store) -> None:
    jobs = [await given.failed(store) for _ in range(2)]
    new = NewBulkAction(BulkKind.REPLAY, FAILED, flow="other")
    done = await carried_out(acts, (await acts.bulk.start(new, COMMAND)).action, store)
    assert done.done == 2
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert {job.replay_of for job in made} == {job.id for job in jobs}
    assert {job.flow for job in made} == {"other"}
    assert [await given.stored(store, job.id) for job in jobs] == jobs


async def test_why_a_job_could_not_be_acted_on(acts: Acts, store: Store) -> None:
    """Refusals that come after the job was read."""

    class Refusing:
        async def retry(self, *args: object, **more: object) -> None:
            raise MoveRefused

    groups = bulk_groups.BulkGroups(store, Refusing(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    await given.failed(store)
    action = (await acts.bulk.start(retry(), COMMAND)).action
    after = await groups.act(action, "w1")
    assert after is not None
    assert after.skipped == {"changed_meanwhile": 1}
