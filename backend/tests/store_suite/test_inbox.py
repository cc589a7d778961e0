"""keep, kept, inbox, settle, forget: callbacks that changed nothing, each kept once however often it comes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypedDict, Unpack

import pytest

from job_processor.acts import Acts, acts_over
from job_processor.acts.callbacks import UnreadableBody
from job_processor.acts.flow_table import FlowTable
from job_processor.core.access import NOBODY, Requester
from job_processor.core.audit import AuditAct, entry_of
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import (
    FINAL_VERDICTS,
    MAX_COUNTED,
    MAX_KEPT_PER_JOB,
    MAX_KEPT_WITHOUT_JOB,
    REJECTABLE_VERDICTS,
    Callback,
    CallbackContent,
)
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted
from job_processor.core.report import Report
from job_processor.store.base import AuditQuery, InboxQuery, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

_ids = IdFactory(0xABCDEF123456)
JOB, OTHER = "0" * 23 + "1", "0" * 23 + "2"


class Wanted(TypedDict, total=False):
    verdict: CallbackVerdict
    said: CallbackContent
    job_id: str | None
    attempt: int
    execution_id: str
    retryable: bool
    body: bytes | None
    body_cut: bool
    content_type: str | None
    flow: str


def late(store: Store, content: str = "r", **wanted: Unpack[Wanted]) -> Callback:
    now = store.now()
    made = Callback(
        id=_ids.new(now),
        received_at=now,
        last_at=now,
        verdict=CallbackVerdict.LATE,
        said=CallbackContent.RESULT,
        content=content,
        job_id=JOB,
    )
    return replace(made, **wanted)


async def listed(store: Store, query: InboxQuery | None = None) -> list[str]:
    return [one.callback.id for one in await store.list_callbacks(query or InboxQuery())]


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
    two = replace(one, id=_ids.new(store.now()), job_id=OTHER)
    three = replace(one, id=_ids.new(store.now()), body=b"oops!")
    assert [await store.keep_callback(callback) for callback in (one, two, three)] == [one.id, two.id, three.id]
    assert await store.keep_callback(replace(two, id=_ids.new(store.now()))) == two.id


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
async def test_of_what_is_about_no_job_of_ours_the_newest_are_kept(store: Store, names_jobs: bool) -> None:
    """Whatever came before: a report on an execution that is about to be accepted must find room."""

    def unknown(n: int) -> Callback:
        job_id = f"{n:024x}" if names_jobs else None
        return late(store, str(n), verdict=CallbackVerdict.UNKNOWN, said=CallbackContent.ERROR, job_id=job_id)

    mine = late(store)
    unreadable = late(store, "0", verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE, job_id=None)
    of_a_job = late(store, "0", verdict=CallbackVerdict.UNREADABLE, said=CallbackContent.UNREADABLE)
    for other in (mine, unreadable, of_a_job):
        await store.keep_callback(other)
    callbacks = [unknown(n) for n in range(MAX_KEPT_WITHOUT_JOB + 2)]
    for callback in callbacks:
        assert await store.keep_callback(callback) == callback.id
    newest = [callback.id for callback in reversed(callbacks[2:])]
    assert await listed(store, InboxQuery(limit=2_000)) == [*newest, of_a_job.id, unreadable.id, mine.id]
    assert await store.keep_callback(callbacks[-1]) == callbacks[-1].id
    assert len(await store.list_callbacks(InboxQuery(limit=2_000))) == MAX_KEPT_WITHOUT_JOB + 3


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
    entry = entry_of(Requester(NOBODY), _ids.new(now), now, AuditAct.CALLBACK_REJECTED, one.id)
    rejected = verdict in REJECTABLE_VERDICTS
    assert await store.reject_callback(one.id, entry) is rejected
    assert await store.get_callback(one.id) == replace(one, verdict=CallbackVerdict.REJECTED if rejected else verdict)
    assert await store.get_callback(other.id) == other
    assert await store.list_audit(AuditQuery()) == ([entry] if rejected else [])
    assert not await store.reject_callback(one.id)
    assert not await store.reject_callback(JOB)


async def test_of_an_accept_and_a_reject_at_once_the_accept_is_the_last_word(store: Store) -> None:
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), _ids)
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


async def test_each_verdict_is_counted_up_to_its_limit(store: Store) -> None:
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
    many = [late(store, str(n), verdict=CallbackVerdict.STALE) for n in range(MAX_COUNTED + 1)]
    await asyncio.gather(*(store.keep_callback(one, limited=False) for one in many))
    assert await store.count_callbacks() == expected | {CallbackVerdict.STALE: MAX_COUNTED}


async def test_a_deleted_job_takes_its_callbacks_along(store: Store) -> None:
    job = await given.cancelled(store)
    mine, other = late(store, job_id=job.id), late(store)
    await store.keep_callback(mine)
    await store.keep_callback(other)
    assert await store.delete(job.id)
    assert await listed(store) == [other.id]


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


async def test_a_job_that_is_not_deleted_keeps_them(store: Store) -> None:
    job = await given.added(store)
    mine = late(store, job_id=job.id)
    await store.keep_callback(mine)
    assert not await store.delete(job.id)
    assert await listed(store) == [mine.id]


async def test_a_job_that_is_retried_before_its_delete_keeps_them(place: Place, store: Store) -> None:
    """A retry and a delete at once: whichever is first, a job that is there has what was kept of it."""
    other = await place.open()
    acts = acts_over(other, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), _ids)
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
    worker = acts_over(store, table, _ids)
    api = acts_over(other, table, _ids)
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
    acts = acts_over(other, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), _ids)
    for n in range(20):
        job = await given.cancelled(store)
        await asyncio.gather(arrives(acts, job), store.delete(job.id), return_exceptions=True)
        assert await store.get(job.id) is None
        of_it = await store.list_callbacks(InboxQuery(job_id=job.id))
        assert {one.callback.verdict for one in of_it} <= {CallbackVerdict.UNKNOWN}, n


async def test_a_late_report_has_its_answer_when_nobody_can_look_for_its_job(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), _ids)
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
    acts = acts_over(store, FlowTable({given.RULES.name: given.RULES}, given.RULES.name), _ids)
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
    acts = acts_over(store, FlowTable(rules, "f", sharing), _ids)
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
    acts = acts_over(store, FlowTable(rules, "f"), _ids)
    jobs = []
    for one in rules.values():
        await given.added(store, rules=one)
        job = await given.claimed(store, one)
        jobs.append(await given.moved(store, job, given.says(job, Accepted(60_000, "7")), one))

    judged = await acts.callbacks.crashed(Report(error="out of memory", flow=flow, execution_id="7"))

    assert (judged.job is None) == (flow is None)
    assert [after.failures for job in jobs if (after := await store.get(job.id)) is not None] == failed
