"""The audit: an entry if and only if its write was written, listed with filters, deleted by age."""

from dataclasses import replace

import pytest

from job_processor.core.audit import AuditAct, AuditOutcome
from job_processor.core.errors import StoreUnavailable
from job_processor.core.lane import Lane
from job_processor.store.base import AuditQuery, IdempotencyKey, Store
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import access, given
from tests.store_suite.places import Clock, Place


async def _ids(store: Store, query: AuditQuery | None = None) -> list[str]:
    """The last digits of the entries in the list."""
    return [entry.id[-1] for entry in await store.list_audit(query or AuditQuery())]


async def test_an_entry_is_stored_with_its_write_and_without_one_it_is_not(place: Place, store: Store) -> None:
    job, number = given.a_job(store.now()), iter("123456789")

    def entry() -> str:
        return next(number)

    key = IdempotencyKey("k", "body")
    assert (await store.add(job, key, access.entry(store, entry()))).created
    assert not (await store.add(given.a_job(store.now()), key, access.entry(store, entry()))).created
    change = given.decided(job, given.Cancelled("no"), store.now())
    assert await store.apply(change, access.entry(store, entry()))
    assert not await store.apply(change, access.entry(store, entry()))
    assert await store.save_lane(Lane("f", paused=True), access.entry(store, entry()))
    assert not await store.save_lane(Lane("f"), access.entry(store, entry()))
    assert await store.delete(job.id, access.entry(store, entry()))
    assert not await store.delete(job.id, access.entry(store, entry()))
    assert await store.save_api_key(access.key("a"), access.entry(store, entry()))
    assert await _ids(await place.crash(store)) == ["9", "7", "5", "3", "1"]


async def test_sessions_have_entries_too(store: Store) -> None:
    await store.add_session(access.session("s"), access.entry(store, "1"))
    await store.end_sessions({"s"}, access.entry(store, "2"))
    assert await _ids(store) == ["2", "1"]


async def test_an_entry_is_kept_with_every_field(store: Store) -> None:
    entries = [access.entry(store, "1", who="ünï\0"), replace(access.entry(store, "2"), detail=None)]
    await store.record(entries)
    await store.record([replace(entries[0], who="another")])
    await store.record([])
    assert await store.list_audit(AuditQuery()) == list(reversed(entries))


async def test_each_filter_and_the_pages(store: Store, clock: Clock) -> None:
    start = clock.now()
    for n, (who, what, act, outcome) in enumerate(
        (
            ("a", "j", AuditAct.REFUSED, AuditOutcome.REFUSED),
            ("b", "j", AuditAct.JOB_RETRIED, AuditOutcome.DONE),
            ("a", "i", AuditAct.JOB_DELETED, AuditOutcome.DONE),
            ("b", "i", AuditAct.REFUSED, AuditOutcome.UNKNOWN),
        )
    ):
        await store.record([access.entry(store, str(n), who=who, what=what, act=act, outcome=outcome)])
        clock.forward(10)
    for query, wanted in (
        (AuditQuery(), "3210"),
        (AuditQuery(limit=2), "32"),
        (AuditQuery(who="a"), "20"),
        (AuditQuery(what="j"), "10"),
        (AuditQuery(acts=frozenset({AuditAct.REFUSED, AuditAct.JOB_DELETED})), "320"),
        (AuditQuery(outcomes=frozenset({AuditOutcome.DONE})), "21"),
        (AuditQuery(since=start + 10), "321"),
        (AuditQuery(until=start + 20), "10"),
        (AuditQuery(since=start + 10, until=start + 30), "21"),
        (AuditQuery(who="a", acts=frozenset({AuditAct.REFUSED})), "0"),
        (AuditQuery(who="nobody"), ""),
    ):
        assert "".join(await _ids(store, query)) == wanted, query
    newest = (await store.list_audit(AuditQuery(limit=2)))[-1].id
    assert await _ids(store, AuditQuery(before=newest)) == ["1", "0"]


async def test_the_oldest_are_deleted_first_and_none_that_is_young(store: Store, clock: Clock) -> None:
    for n in range(5):
        await store.record([access.entry(store, str(n))])
        clock.forward(10)
    assert await store.prune_audit(clock.now() - 20, 2) == 2
    assert await store.prune_audit(clock.now() - 20, 2) == 1
    assert await store.prune_audit(clock.now() - 20, 2) == 0
    assert await _ids(store) == ["4", "3"]


async def test_where_the_outcome_was_not_learnt_the_entry_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(store, MongoStore):
        # One transaction: an entry without its write, or a write without its entry, cannot be.
        return

    async def lost(change: object) -> bool:
        raise StoreUnavailable("The reply was lost.")

    change = given.decided(await given.added(store), given.Cancelled("no"), store.now())
    monkeypatch.setattr(store._open.writes, "apply", lost)
    with pytest.raises(StoreUnavailable):
        await store.apply(change, access.entry(store, "1"))
    assert [(one.id[-1], one.outcome) for one in await store.list_audit(AuditQuery())] == [("1", AuditOutcome.UNKNOWN)]
