"""keep, kept, inbox, settle, forget: callbacks that changed nothing, each kept once however often it comes."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.core.access import NOBODY, Requester
from job_processor.core.audit import AuditAct, entry_of
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import (
    FINAL_VERDICTS,
    MAX_COUNTED,
    MAX_KEPT_PER_JOB,
    MAX_KEPT_WITHOUT_JOB,
    REJECTABLE_VERDICTS,
    Callback,
    CallbackContent,
)
from job_processor.store.base import AuditQuery, InboxQuery, Store
from tests.store_suite import given
from tests.store_suite.callbacks import JOB, OTHER, Wanted, ids, late, listed
from tests.store_suite.places import Clock


@pytest.fixture
def limit(driver: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many callbacks are kept of no job, and counted of a verdict: on SQLite the product's own limits, on MongoDB,
    where a write takes longer, lower ones."""
    assert MAX_KEPT_WITHOUT_JOB == MAX_COUNTED
    if driver == "sqlite":
        return MAX_COUNTED
    for name in ("MAX_KEPT_WITHOUT_JOB", "MAX_COUNTED"):
        monkeypatch.setattr(f"job_processor.store.mongo.inbox.{name}", 20)
    return 20


@pytest.mark.parametrize(
    "callback",
    [
        {
            "verdict": CallbackVerdict.UNKNOWN,
            "said": CallbackContent.ERROR,
            "job_id": None,
            "execution_id": "e1",
            "retryable": False,
        },
        {"verdict": CallbackVerdict.STALE, "attempt": 7},
        {"verdict": CallbackVerdict.UNREADABLE, "said": CallbackContent.UNREADABLE},
        {
            "verdict": CallbackVerdict.UNREADABLE,
            "said": CallbackContent.UNREADABLE,
            "body": b"",
            "content_type": "text/plain",
        },
        {
            "verdict": CallbackVerdict.UNREADABLE,
            "said": CallbackContent.UNREADABLE,
            "body": bytes(range(256)) * 5,
            "body_cut": True,
        },
        {
            "verdict": CallbackVerdict.UNKNOWN,
            "said": CallbackContent.ERROR,
            "job_id": None,
            "execution_id": "e1",
            "flow": "f",
        },
    ],
)
@pytest.mark.parametrize("content", ["", "r", "$set", "before\0after", "\u00e4\u20ac\U0001f600" * 3_000])
async def test_a_callback_comes_back_as_it_was_kept(store: Store, callback: Wanted, content: str) -> None:
    given_ = late(store, content, **callback)
    assert await store.keep_callback(given_) == given_.id
    assert await store.get_callback(given_.id) == given_
    [one] = await store.list_callbacks(InboxQuery(clip=5))
    assert one.callback == replace(given_, content=content[:5], body=None)
    assert one.content_bytes == len(content.encode())
    assert one.body_bytes == (None if given_.body is None else len(given_.body))


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.get_callback(JOB) is None
    assert await listed(store) == []


async def test_another_delivery_of_the_same_is_counted(store: Store, clock: Clock) -> None:
    first = late(store, verdict=CallbackVerdict.STALE)
    await store.keep_callback(first)
    clock.forward(10)
    again = late(store, verdict=CallbackVerdict.LATE)
    assert await store.keep_callback(again) == first.id
    assert await store.get_callback(first.id) == replace(
        first, deliveries=2, last_at=again.last_at, verdict=CallbackVerdict.LATE
    )
    assert await listed(store) == [first.id]


async def test_deliveries_at_once_are_one_callback(store: Store) -> None:
    kept = await asyncio.gather(*(store.keep_callback(late(store)) for _ in range(20)))
    assert len(set(kept)) == 1
    [one] = await store.list_callbacks(InboxQuery())
    assert one.callback.deliveries == 20


@pytest.mark.parametrize("settled", sorted(FINAL_VERDICTS))
async def test_a_settled_verdict_stays_when_it_comes_again(store: Store, settled: CallbackVerdict) -> None:
    first = late(store, said=CallbackContent.ERROR, execution_id="e1", job_id=None)
    await store.keep_callback(first)
    await store.set_callback_verdict(first.id, settled, OTHER)
    assert (
        await store.keep_callback(late(store, said=CallbackContent.ERROR, execution_id="e1", job_id=None)) == first.id
    )
    kept = await store.get_callback(first.id)
    assert kept is not None
    assert (kept.verdict, kept.job_id, kept.deliveries) == (settled, OTHER, 2)


@pytest.mark.parametrize(
    "different",
    [
        {"job_id": OTHER},
        {"attempt": 2},
        {"execution_id": "e2"},
        {"said": CallbackContent.ERROR},
        {"retryable": False},
        {"body": b""},
        {"body": b"x"},
    ],
)
async def test_what_differs_is_another_callback(store: Store, different: Wanted) -> None:
    one, two = late(store), late(store, **different)
    assert [await store.keep_callback(one), await store.keep_callback(two)] == [one.id, two.id]
    assert await listed(store) == [two.id, one.id]


async def test_a_duplicate_is_not_taken_for_an_empty_result(store: Store) -> None:
    one, two = late(store, "", verdict=CallbackVerdict.DIFFERENT), late(store, "", verdict=CallbackVerdict.DUPLICATE)
    assert [await store.keep_callback(one), await store.keep_callback(two)] == [one.id, two.id]


async def test_what_could_not_be_read_of_two_jobs_is_two_callbacks(store: Store) -> None:
    """The same bytes, refused for the same reason."""
    one = late(store, "no JSON", verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE, body=b"oops")
    two = replace(one, id=ids.new(store.now()), job_id=OTHER)
    three = replace(one, id=ids.new(store.now()), body=b"oops!")
    assert [await store.keep_callback(callback) for callback in (one, two, three)] == [one.id, two.id, three.id]
    assert await store.keep_callback(replace(two, id=ids.new(store.now()))) == two.id


async def test_the_largest_body_is_kept_whole(store: Store) -> None:
    given_ = late(store, verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE, body=b"\xff" * 8_388_608)
    await store.keep_callback(given_)
    assert await store.get_callback(given_.id) == given_


async def test_other_content_is_another_callback(store: Store) -> None:
    one, two = late(store, "a"), late(store, "b")
    assert [await store.keep_callback(one), await store.keep_callback(two)] == [one.id, two.id]


async def test_no_more_than_the_limit_is_kept_of_a_job(store: Store) -> None:
    for n in range(MAX_KEPT_PER_JOB):
        assert await store.keep_callback(late(store, str(n))) is not None
    assert await store.keep_callback(late(store, "one more")) is None
    assert await store.keep_callback(late(store, "0")) is not None
    assert await store.keep_callback(late(store, "another", job_id=OTHER)) is not None
    assert len(await store.list_callbacks(InboxQuery(limit=2_000))) == MAX_KEPT_PER_JOB + 1


async def test_a_copy_of_a_store_is_not_held_to_the_limit(store: Store) -> None:
    """A job gets more of them when reports by execution are found to be about it."""
    callbacks = [late(store, str(n)) for n in range(MAX_KEPT_PER_JOB + 1)]
    kept = [await store.keep_callback(callback, limited=False) for callback in callbacks]
    assert kept == [callback.id for callback in callbacks]


@pytest.mark.parametrize("names_jobs", [False, True])
async def test_of_what_is_about_no_job_of_ours_the_newest_are_kept(store: Store, limit: int, names_jobs: bool) -> None:
    """Whatever came before: a report on an execution that is about to be accepted must find room."""

    def unknown(n: int) -> Callback:
        job_id = f"{n:024x}" if names_jobs else None
        return late(store, str(n), verdict=CallbackVerdict.UNKNOWN, said=CallbackContent.ERROR, job_id=job_id)

    mine = late(store)
    unreadable = late(store, "0", verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE, job_id=None)
    of_a_job = late(store, "0", verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE)
    for other in (mine, unreadable, of_a_job):
        await store.keep_callback(other)
    callbacks = [unknown(n) for n in range(limit + 2)]
    for callback in callbacks:
        assert await store.keep_callback(callback) == callback.id
    newest = [callback.id for callback in reversed(callbacks[2:])]
    assert await listed(store, InboxQuery(limit=2_000)) == [*newest, of_a_job.id, unreadable.id, mine.id]
    assert await store.keep_callback(callbacks[-1]) == callbacks[-1].id
    assert len(await store.list_callbacks(InboxQuery(limit=2_000))) == limit + 3


async def test_filters_and_pages(store: Store) -> None:
    one = late(store, "1")
    two = late(store, "2", verdict=CallbackVerdict.DIFFERENT)
    three = late(store, "3", job_id=OTHER, verdict=CallbackVerdict.STALE, execution_id="e3")
    for callback in (one, two, three):
        await store.keep_callback(callback)
    assert await listed(store) == [three.id, two.id, one.id]
    assert await listed(store, InboxQuery(limit=2)) == [three.id, two.id]
    assert await listed(store, InboxQuery(before=two.id)) == [one.id]
    assert await listed(store, InboxQuery(job_id=JOB)) == [two.id, one.id]
    assert await listed(store, InboxQuery(execution_id="e3")) == [three.id]
    assert await listed(store, InboxQuery(execution_id="E3")) == []
    verdicts = frozenset({CallbackVerdict.LATE, CallbackVerdict.STALE})
    assert await listed(store, InboxQuery(verdicts=verdicts)) == [three.id, one.id]
    assert await listed(store, InboxQuery(verdicts=verdicts, job_id=JOB)) == [one.id]


async def test_what_last_came_before_then_is_forgotten_oldest_first(store: Store, clock: Clock) -> None:
    old, older = late(store, "old"), late(store, "older")
    await store.keep_callback(older)
    clock.forward(10)
    await store.keep_callback(replace(old, last_at=store.now()))
    clock.forward(10)
    again = late(store, "again")
    await store.keep_callback(again)
    assert await store.prune_callbacks(store.now(), 1) == 1
    assert await listed(store) == [again.id, old.id]
    assert await store.prune_callbacks(store.now(), 10) == 1
    assert await store.prune_callbacks(store.now(), 10) == 0
    assert await listed(store) == [again.id]


@pytest.mark.parametrize("verdict", CallbackVerdict)
async def test_a_person_rejects_what_is_undecided_only(store: Store, verdict: CallbackVerdict) -> None:
    """And the audit has an entry if, and only if, something was written."""
    one, other = late(store, verdict=verdict), late(store, "another")
    await store.keep_callback(one)
    await store.keep_callback(other)
    now = store.now()
    entry = entry_of(Requester(NOBODY), ids.new(now), now, AuditAct.CALLBACK_REJECTED, one.id)
    rejected = verdict in REJECTABLE_VERDICTS
    assert await store.reject_callback(one.id, entry) is rejected
    assert await store.get_callback(one.id) == replace(one, verdict=CallbackVerdict.REJECTED if rejected else verdict)
    assert await store.get_callback(other.id) == other
    assert await store.list_audit(AuditQuery()) == ([entry] if rejected else [])
    assert not await store.reject_callback(one.id)
    assert not await store.reject_callback(JOB)


async def test_each_verdict_is_counted_up_to_its_limit(store: Store, limit: int) -> None:
    none = dict.fromkeys(CallbackVerdict, 0)
    assert await store.count_callbacks() == none
    for n in range(3):
        await store.keep_callback(replace(late(store, f"f{n}"), job_flow="f"))
    await store.keep_callback(late(store, "g", verdict=CallbackVerdict.UNREADABLE, job_id=None))
    expected = none | {CallbackVerdict.LATE: 3, CallbackVerdict.UNREADABLE: 1}
    assert await store.count_callbacks() == expected
    assert await store.count_callbacks(frozenset({"f", "other"})) == none | {CallbackVerdict.LATE: 3}
    assert await store.count_callbacks(frozenset({"other"})) == none
    assert await store.count_callbacks(frozenset()) == none
    many = [late(store, str(n), verdict=CallbackVerdict.STALE) for n in range(limit + 1)]
    await asyncio.gather(*(store.keep_callback(one, limited=False) for one in many))
    assert await store.count_callbacks() == expected | {CallbackVerdict.STALE: limit}


async def test_a_deleted_job_takes_its_callbacks_along(store: Store) -> None:
    job = await given.cancelled(store)
    mine, other = late(store, job_id=job.id), late(store)
    await store.keep_callback(mine)
    await store.keep_callback(other)
    assert await store.delete(job.id)
    assert await listed(store) == [other.id]


async def test_a_job_that_is_not_deleted_keeps_them(store: Store) -> None:
    job = await given.added(store)
    mine = late(store, job_id=job.id)
    await store.keep_callback(mine)
    assert not await store.delete(job.id)
    assert await listed(store) == [mine.id]
