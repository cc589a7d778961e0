"""Bulk actions: stored by compare-and-set, read, listed, deleted by age; and the marks that they leave in jobs."""

import asyncio
from dataclasses import replace

from job_processor.core.access import Principal, PrincipalKind, Requester, Right
from job_processor.core.audit import AuditAct
from job_processor.core.bulk import BulkAction, BulkKind, BulkState
from job_processor.core.job import State
from job_processor.core.outcome import Cancelled, Retried
from job_processor.core.transitions import decide
from job_processor.store.base import AuditQuery, Store
from tests.store_suite import access, given
from tests.store_suite.places import Clock, Place

BY = Requester(
    Principal(
        PrincipalKind.KEY,
        "k",
        "ünï",
        frozenset({Right.OPERATE, Right.SUBMIT}),
        frozenset({"f", "g"}),
        "k",
        rate_per_minute=3,
    ),
    "10.0.0.1",
    "r1",
)


def an_action(store: Store, number: int = 0) -> BulkAction:
    now = store.now()
    return BulkAction(
        id=f"{now:012x}{number:012x}",
        kind=BulkKind.REPLAY,
        query={"status": ["FAILED"], "q": "$where ünï", "flow": "a.b"},
        by=BY,
        created_at=now,
        updated_at=now,
        matched=7,
        cursor=f"{number:024x}",
        more=True,
        limit=9,
        reason="why",
        flow="g",
        planned=("a" * 24, "b" * 24),
        done=3,
        skipped={"is_pending": 2},
        failed={"job_damaged": 1},
        waits_for="store_busy",
        runner="w1",
        lease_until=now + 5,
    )


async def test_one_is_kept_with_every_field_and_survives_a_crash(place: Place, store: Store) -> None:
    action = an_action(store)
    assert await store.save_bulk_action(action, access.entry(store, "1", act=AuditAct.BULK_STARTED))
    store = await place.crash(store)
    assert await store.get_bulk_action(action.id) == replace(action, rev=1)
    assert [entry.id[-1] for entry in await store.list_audit(AuditQuery())] == ["1"]
    assert await store.get_bulk_action("f" * 24) is None


async def test_of_writers_at_the_same_time_one_writes(store: Store) -> None:
    new = an_action(store)
    for expected in range(3):
        changes = [replace(new, rev=expected, done=n) for n in range(5)]
        written = await asyncio.gather(*map(store.save_bulk_action, changes))
        assert sum(written) == 1
        stored = await store.get_bulk_action(new.id)
        assert stored is not None
        assert (stored.rev, stored.done) == (expected + 1, written.index(True))
    assert not await store.save_bulk_action(replace(new, id="e" * 24, rev=4)), "there is none to be changed"


async def test_an_entry_of_the_audit_comes_with_its_write_alone(store: Store) -> None:
    action = an_action(store)
    assert await store.save_bulk_action(action, access.entry(store, "1"))
    assert not await store.save_bulk_action(action, access.entry(store, "2"))
    assert [entry.id[-1] for entry in await store.list_audit(AuditQuery())] == ["1"]


async def test_the_open_ones_the_list_and_what_is_deleted_by_age(store: Store, clock: Clock) -> None:
    ended = (BulkState.DONE, BulkState.ABORTED)
    states = (BulkState.DONE, BulkState.RUNNING, BulkState.ABORTED, BulkState.ABORTING, BulkState.RUNNING)
    ids = []
    for number, state in enumerate(states):
        made = replace(an_action(store, number), state=state)
        await store.save_bulk_action(replace(made, ended_at=store.now() if state in ended else None))
        ids.append(made.id)
        clock.forward(10)
    assert [one.id for one in await store.open_bulk_actions()] == [ids[1], ids[3], ids[4]]
    assert [one.id for one in await store.list_bulk_actions(3)] == [ids[4], ids[3], ids[2]]
    assert [one.id for one in await store.list_bulk_actions(3, ids[2])] == [ids[1], ids[0]]
    assert await store.prune_bulk_actions(store.now(), 1) == 1
    assert [one.id for one in await store.list_bulk_actions(9)] == list(reversed(ids[1:]))
    assert await store.prune_bulk_actions(store.now(), 9) == 1
    assert await store.prune_bulk_actions(store.now(), 9) == 0
    assert [one.id for one in await store.list_bulk_actions(9)] == [ids[4], ids[3], ids[1]]


async def test_an_action_that_ends_is_open_no_more(store: Store) -> None:
    action = an_action(store)
    await store.save_bulk_action(action)
    await store.save_bulk_action(replace(action, rev=1, state=BulkState.DONE, ended_at=store.now()))
    assert not await store.open_bulk_actions()


async def test_a_bulk_action_retries_a_job_once_however_often_it_fails_again(place: Place, store: Store) -> None:
    job = await given.failed(store)
    retried = await given.moved(store, job, Retried(1, "again", bulk="b1"))
    assert (retried.history[-1].detail, retried.bulk_actions) == ("again", ("b1",))
    again = await given.moved(store, retried, Cancelled("no", bulk="b2"))
    store = await place.crash(store)
    stored = await given.stored(store, job.id)
    assert stored == again
    assert stored.bulk_actions == ("b1", "b2")
    for signal in (Retried(1, bulk="b1"), Retried(1, bulk="b2")):
        assert decide(stored, signal, store.now(), given.RULES, 0.5) is None
    assert (await given.moved(store, stored, Retried(1, bulk="b3"))).state is State.PENDING


async def test_a_job_keeps_the_newest_of_many_bulk_actions(store: Store) -> None:
    job = await given.cancelled(store)
    for number in range(20):
        job = await given.moved(store, job, Retried(1, bulk=f"r{number}"))
        job = await given.moved(store, job, Cancelled(bulk=f"c{number}"))
    assert (await given.stored(store, job.id)).bulk_actions[-3:] == ("c18", "r19", "c19")
    assert len(job.bulk_actions) == 8


async def test_a_job_that_changed_is_not_deleted(store: Store) -> None:
    job = await given.failed(store)
    changed = await given.moved(store, await given.moved(store, job, Retried(1)), Cancelled())
    assert not await store.delete(job.id, access.entry(store, "1"), rev=job.rev)
    assert await given.stored(store, job.id) == changed
    assert not await store.list_audit(AuditQuery())
    assert await store.delete(job.id, access.entry(store, "2"), rev=changed.rev)
    assert await store.get(job.id) is None


async def test_a_key_is_of_one_until_it_is_deleted(place: Place, store: Store) -> None:
    keyed = replace(an_action(store), key="o ünï", fingerprint="2:a")
    second = replace(an_action(store, 1), key="o ünï", fingerprint="2:b")
    without = [an_action(store, number) for number in (2, 3)]
    assert sorted(await asyncio.gather(*map(store.save_bulk_action, (keyed, second, *without)))) == [
        False,
        True,
        True,
        True,
    ]
    found = await store.bulk_action_of_key("o ünï")
    assert found in (replace(keyed, rev=1), replace(second, rev=1))
    assert await store.bulk_action_of_key("o") is None

    ended = replace(found, state=BulkState.DONE, ended_at=store.now() - 10)
    assert await store.save_bulk_action(ended)
    store = await place.crash(store)
    assert await store.bulk_action_of_key("o ünï") == replace(ended, rev=2)
    assert await store.prune_bulk_actions(store.now(), 10) == 1
    assert await store.bulk_action_of_key("o ünï") is None
    assert await store.save_bulk_action(replace(second, id="e" * 24))
