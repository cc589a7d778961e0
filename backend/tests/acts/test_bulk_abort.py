"""An abort ends a bulk action, whatever it waits for: no job is acted on after it, and what was done is counted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from job_processor.acts import Acts, bulk_groups
from job_processor.acts.bulk import NewBulkAction
from job_processor.core.access import COMMAND
from job_processor.core.bulk import BulkAction, BulkKind, BulkState
from job_processor.core.errors import JobDamaged, ReadTooLong, StoreBusy
from job_processor.core.job import Job, State
from job_processor.core.permits import Limits
from job_processor.http.job_filters import stored_query
from job_processor.store.base import AuditQuery, Query, Store
from tests.acts.bulk_given import FAILED, acts, carried_out, limited_to, made_over, retry
from tests.store_suite import given
from tests.support.stores import place, store

__all__ = ["acts", "place", "store"]
ACT = {
    BulkKind.RETRY: "job_retried",
    BulkKind.CANCEL: "job_cancelled",
    BulkKind.REPLAY: "job_replayed",
    BulkKind.DELETE: "job_deleted",
}


async def aborted(acts: Acts, store: Store, action_id: str, runner: str = "w1") -> BulkAction:
    """The bulk action after an abort, and after one look of a process at it."""
    assert (await acts.bulk.abort(action_id, COMMAND)).state is BulkState.ABORTING
    [found] = await store.open_bulk_actions()
    after = await acts.bulk_groups.act(found, runner)
    assert after is not None
    return after


async def acted_on(store: Store, action: BulkAction) -> list[str]:
    """The jobs on which the bulk action acted, by the audit, which has each act in the same write."""
    entries = await store.list_audit(AuditQuery(limit=1000))
    return [one.what for one in entries if one.detail == action.id and one.act.value == ACT[action.kind]]


@dataclass
class Failing:
    """The jobs of a process whose acts fail after the first ``works`` of them."""

    acts: Acts
    works: int
    error: Exception

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        verb: Callable[..., Awaitable[object]] = getattr(self.acts.jobs, name)

        async def sometimes(*args: object, **more: object) -> object:
            self.works -= 1
            if self.works < 0:
                raise self.error
            return await verb(*args, **more)

        return sometimes


async def test_an_abort_ends_it_after_the_group_under_way(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_groups, "GROUP", 2)
    jobs = [await given.failed(store) for _ in range(5)]
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    first = await acts.bulk_groups.act(action, "w1")
    assert first is not None
    aborting = await acts.bulk.abort(action.id, COMMAND)
    assert aborting.state is BulkState.ABORTING
    assert await acts.bulk_groups.act(first, "w1") is None, "it was read before the abort"
    done = await carried_out(acts, aborting, store)
    assert (done.state, done.done, done.matched) == (BulkState.ABORTED, 2, 5)
    assert done.ended_at is not None
    assert await acts.bulk.abort(action.id, COMMAND) == done, "what has ended stays"
    states = [(await given.stored(store, job.id)).state for job in jobs]
    assert states == [State.FAILED] * 3 + [State.PENDING] * 2
    entries = [one.act.value for one in await store.list_audit(AuditQuery(what=action.id))]
    assert entries == ["bulk_aborted", "bulk_started"]


async def test_an_abort_while_a_group_is_acted_on_counts_the_group(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    aborted = []

    class Aborting:
        """Somebody aborts while the first job is acted on."""

        def __getattr__(self, name: str) -> object:
            return getattr(acts.jobs, name)

        async def retry(self, *args: object, **more: object) -> object:
            aborted.append(await acts.bulk.abort(action.id, COMMAND))
            return await acts.jobs.retry(*args, **more)  # type: ignore[arg-type]  # passed on as they are

    groups = bulk_groups.BulkGroups(store, Aborting(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    after = await groups.act(action, "w1")
    assert after is not None
    assert [one.state for one in aborted] == [BulkState.ABORTING]
    assert (after.state, after.done, after.planned) == (BulkState.ABORTING, 1, ())
    assert (await carried_out(acts, after, store)).state is BulkState.ABORTED


@pytest.mark.parametrize("error", [StoreBusy(1), RuntimeError("a fault that nobody thought of")], ids=["busy", "fault"])
@pytest.mark.parametrize("works", range(4))
@pytest.mark.parametrize("kind", list(BulkKind))
async def test_part_of_a_group_was_acted_on(
    acts: Acts, store: Store, kind: BulkKind, works: int, error: Exception
) -> None:
    for _ in range(4):
        await (given.added if kind is BulkKind.CANCEL else given.failed)(store)
    action = (await acts.bulk.start(NewBulkAction(kind, {}), COMMAND)).action
    failing = Failing(acts, works, error)
    groups = bulk_groups.BulkGroups(store, failing, acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    if isinstance(error, StoreBusy):
        held = await groups.act(action, "w1")
        assert held is not None
        assert (held.waits_for, held.handled) == ("store_busy", 0)
    else:
        with pytest.raises(RuntimeError):
            await groups.act(action, "w1")
    jobs = await given.jobs_of(store)

    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.done, ended.handled) == (BulkState.ABORTED, works, works)
    assert (ended.planned, ended.waits_for, ended.matched) == ((), None, 4)
    assert await given.jobs_of(store) == jobs, "nothing was done after the abort"
    assert len(await acted_on(store, action)) == works
    assert await store.get_bulk_action(action.id) == ended


async def test_replays_that_wait_for_room_under_the_quota(store: Store) -> None:
    acts = made_over(store, Limits(waiting_jobs=2))
    for _ in range(5):
        await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, FAILED), limited_to("f"))).action
    held = await acts.bulk_groups.act(action, "w1")
    assert held is not None
    assert held.waits_for == "too_many_waiting"
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.done, ended.handled, ended.waits_for) == (BulkState.ABORTED, 2, 2, None)
    assert len([job for job in await given.jobs_of(store) if job.replay_of is not None]) == 2


async def test_a_search_index_that_is_not_complete(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(q="error:bad"), COMMAND)).action
    monkeypatch.setattr(store, "is_searchable", lambda: False)
    assert await acts.bulk_groups.act(action, "w1") is not None
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.waits_for, ended.handled) == (BulkState.ABORTED, None, 0)


async def test_a_query_that_takes_too_long(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(), COMMAND)).action

    async def slow(query: Query) -> object:
        raise ReadTooLong

    monkeypatch.setattr(store, "list", slow)
    held = await acts.bulk_groups.act(action, "w1")
    assert held is not None
    assert held.waits_for == "read_too_long"
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.waits_for) == (BulkState.ABORTED, None)


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("query", [{"newer": "x"}, {**FAILED, "newer": "x"}, {"status": ["NEWER"]}])
async def test_a_filter_of_a_newer_version(acts: Acts, store: Store, query: dict[str, object], planned: bool) -> None:
    job = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {}), COMMAND)).action
    assert await store.save_bulk_action(replace(action, query=query, planned=(job.id,) if planned else ()))
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.waits_for, ended.handled) == (BulkState.ABORTED, None, 0)
    assert await given.stored(store, job.id) == job


async def test_a_job_that_cannot_be_read(acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [await given.failed(store) for _ in range(2)]
    action = (await acts.bulk.start(retry(), COMMAND)).action
    assert await store.save_bulk_action(replace(action, planned=tuple(job.id for job in reversed(jobs))))

    async def damaged(job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        raise JobDamaged(job_id)

    monkeypatch.setattr(store, "get", damaged)
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.handled) == (BulkState.ABORTED, 0)


async def test_another_process_had_it(acts: Acts, store: Store) -> None:
    """Only the process with the lease ends it, and so none that may be acting on a group now."""
    job = await given.failed(store)
    action = (await acts.bulk.start(retry(), COMMAND)).action
    assert await store.save_bulk_action(replace(action, runner="w1", lease_until=store.now() + 1000, planned=(job.id,)))
    await acts.bulk.abort(action.id, COMMAND)
    [found] = await store.open_bulk_actions()
    assert await acts.bulk_groups.act(found, "w2") is None
    assert (await carried_out(acts, found, store)).state is BulkState.ABORTED
    assert (await given.stored(store, job.id)).state is State.FAILED


async def test_a_deletion_that_has_begun_is_completed(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store failed within it: the job can no longer be changed."""
    begun, other = [await given.failed(store) for _ in range(2)]
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, FAILED), COMMAND)).action
    assert await store.save_bulk_action(replace(action, planned=(other.id, begun.id)))

    async def is_begun(job_id: str) -> bool:
        return job_id == begun.id

    monkeypatch.setattr(store, "is_being_deleted", is_begun)
    ended = await aborted(acts, store, action.id)
    assert (ended.state, ended.done) == (BulkState.ABORTED, 1)
    assert await given.ids_of(store) == [other.id]
