"""How a bulk action is carried out: hand-over between processes, what it waits for, what is told, its end."""

import contextlib
from dataclasses import replace

import pytest

from job_processor.acts import Acts, bulk_groups
from job_processor.acts.bulk import NewBulkAction
from job_processor.acts.facts import BulkActionMoved, Fact
from job_processor.core.access import COMMAND
from job_processor.core.bulk import LEASE_MS, BulkAction, BulkKind, BulkState
from job_processor.core.errors import SearchIncomplete, StoreBusy, StoreUnavailable
from job_processor.core.job import State
from job_processor.core.permits import Limits
from job_processor.http.job_filters import stored_query
from job_processor.store.base import Store
from job_processor.workers.bulk_runner import BulkRunner
from tests.acts.bulk_given import FAILED, acts, carried_out, limited_to, made_over, retry
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.stores import place, store

__all__ = ["acts", "place", "store"]


async def test_a_search_that_could_miss_jobs_is_refused_and_one_under_way_waits(
    acts: Acts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade, older jobs are made searchable in the background."""
    job = await given.failed(store)
    action = (await acts.bulk.start(retry(q="error:bad"), COMMAND)).action
    with monkeypatch.context() as upgraded:
        upgraded.setattr(store, "is_searchable", lambda: False)
        for ask in (acts.bulk.count, acts.bulk.start):
            with pytest.raises(SearchIncomplete):
                await ask(retry(q="error:bad"), COMMAND)
        assert (await acts.bulk.count(retry(q="status:failed"), COMMAND)).count == 1
        held = await acts.bulk_groups.act(action, "w1")
        assert held is not None
        assert (held.waits_for, held.done, held.is_open) == ("search_incomplete", 0, True)
    done = await carried_out(acts, held, store)
    assert (done.done, done.waits_for) == (1, None)
    assert (await given.stored(store, job.id)).state is State.PENDING


async def test_one_process_has_it_and_another_takes_it_over(place: Place, acts: Acts, store: Store) -> None:
    job = await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    assert await store.save_bulk_action(
        replace(action, runner="w1", lease_until=store.now() + LEASE_MS, planned=(job.id,))
    )
    held = await store.get_bulk_action(action.id)
    assert held is not None
    assert await acts.bulk_groups.act(held, "w2") is None
    place.clock.forward(LEASE_MS)
    after = await acts.bulk_groups.act(held, "w2")
    assert after is not None
    assert (after.done, after.runner) == (1, "w2")


async def test_a_process_that_stops_lets_others_have_it(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(retry(**FAILED), COMMAND)).action
    after = await acts.bulk_groups.act(action, "w1")
    assert after is not None
    await acts.bulk_groups.release("w2")
    assert await acts.bulk_groups.act(after, "w2") is None
    await acts.bulk_groups.release("w1")
    [free] = await store.open_bulk_actions()
    done = await acts.bulk_groups.act(free, "w2")
    assert done is not None
    assert done.state is BulkState.DONE


async def test_replays_wait_for_room_under_the_quota(store: Store) -> None:
    acts = made_over(store, Limits(waiting_jobs=1))
    jobs = [await given.failed(store) for _ in range(3)]
    by = limited_to("f")
    action = (await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, FAILED), by)).action
    held = await acts.bulk_groups.act(action, "w1")
    assert held is not None
    assert (held.waits_for, held.done, len(held.planned)) == ("too_many_waiting", 0, 3)
    # It says all the time for what it waits, and is not written again for that.
    again = await acts.bulk_groups.act(held, "w1")
    assert again is not None
    assert (again.waits_for, again.rev) == ("too_many_waiting", held.rev + 1)
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert len(made) == 1
    # The quota is the key's: with a larger one the rest is replayed, and nothing twice.
    done = await carried_out(made_over(store, seed=0xFFFFFF654321), again, store)
    assert (done.done, done.waits_for) == (3, None)
    made = [job for job in await given.jobs_of(store) if job.replay_of is not None]
    assert sorted(str(job.replay_of) for job in made) == [job.id for job in jobs]


async def test_a_busy_store_is_waited_for(acts: Acts, store: Store) -> None:
    await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.REPLAY, FAILED), COMMAND)).action

    class Busy:
        async def replay(self, *args: object) -> None:
            raise StoreBusy(1)

    groups = bulk_groups.BulkGroups(store, Busy(), acts.facts, stored_query)  # type: ignore[arg-type]  # a double
    held = await groups.act(action, "w1")
    assert held is not None
    assert held.waits_for == "store_busy"


async def test_they_are_deleted_after_their_time(place: Place, acts: Acts, store: Store) -> None:
    ended = await carried_out(acts, (await acts.bulk.start(retry(), COMMAND)).action, store)
    still_open = (await acts.bulk.start(retry(), COMMAND)).action
    assert ended.ended_at is not None
    place.clock.forward(10)
    assert await acts.bulk.prune(store.now(), 9) == 1
    assert await acts.bulk.list(9, None, COMMAND.principal) == [still_open]


async def test_the_facts(acts: Acts, store: Store) -> None:
    told: list[Fact] = []
    await given.failed(store)
    acts.facts.subscribe(told.append)
    await carried_out(acts, (await acts.bulk.start(retry(), COMMAND)).action, store)
    moves = [fact for fact in told if isinstance(fact, BulkActionMoved)]
    assert [(one.before is None, one.after.state, one.after.done) for one in moves] == [
        (True, BulkState.RUNNING, 0),
        (False, BulkState.RUNNING, 1),
        (False, BulkState.DONE, 1),
    ]


@pytest.mark.parametrize("query", [{"newer": "x"}, {**FAILED, "newer": "x"}, {"status": ["NEWER"]}])
async def test_a_filter_of_a_newer_version_is_not_left_out(acts: Acts, store: Store, query: dict[str, object]) -> None:
    failed = await given.failed(store)
    action = (await acts.bulk.start(NewBulkAction(BulkKind.DELETE, {}), COMMAND)).action
    newer = replace(action, query=query)
    assert await store.save_bulk_action(newer)
    for _ in range(2):
        [found] = await store.open_bulk_actions()
        after = await acts.bulk_groups.act(found, "w1")
        assert after is not None
        assert (after.state, after.waits_for, after.handled) == (BulkState.RUNNING, "unknown_filter", 0)
    assert await given.stored(store, failed.id) == failed


@pytest.mark.parametrize(
    "fault",
    [RuntimeError("a fault that nobody thought of"), StoreUnavailable("The search index is damaged.")],
    ids=["fault", "store"],
)
async def test_one_bulk_action_that_fails_does_not_hold_up_the_others(
    acts: Acts, store: Store, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = [(await acts.bulk.start(NewBulkAction(BulkKind.DELETE, FAILED), COMMAND)).action for _ in range(2)]
    act = acts.bulk_groups.act

    async def sometimes(action: BulkAction, runner: str) -> BulkAction | None:
        if action.id == broken.id:
            raise fault
        return await act(action, runner)

    monkeypatch.setattr(acts.bulk_groups, "act", sometimes)
    runner = BulkRunner(acts, store, "w1")
    await runner.tick()
    assert [one.id for one in await store.open_bulk_actions()] == [broken.id]
    ended = await store.get_bulk_action(sound.id)
    assert ended is not None
    assert ended.state is BulkState.DONE
    # Alone, the loop waits for a store that is not available, longer each time.
    with pytest.raises(StoreUnavailable) if isinstance(fault, StoreUnavailable) else contextlib.nullcontext():
        await runner.tick()
