"""What each verb really sends: which commands, under which concern, limit and hint; and every move by its id."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from job_processor.core.audit import AuditAct, AuditOutcome
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.flow import SharedLimit
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.job import State
from job_processor.core.lane import Trouble
from job_processor.core.series import MINUTE
from job_processor.core.transitions import submit
from job_processor.core.webhooks import DeliveryState
from job_processor.store.base import (
    Ahead,
    AuditQuery,
    BatchQuery,
    Claim,
    DeliveryQuery,
    Held,
    IdempotencyKey,
    InboxQuery,
    KeysQuery,
    Query,
    SeriesQuery,
    Store,
    WaitingQuery,
    Worker,
)
from job_processor.store.mongo import expected, plans
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import access, given
from tests.store_suite import test_bulk as bulk
from tests.store_suite import test_webhooks as webhooks
from tests.store_suite.batches import a_batch
from tests.store_suite.given import RULES
from tests.store_suite.places import MongoPlace
from tests.support.mongo_commands import Recording, recorded

pytestmark = pytest.mark.mongo
READS = {"find", "aggregate", "distinct", "count"}
WRITES = {"update", "insert", "delete"}
Verb: TypeAlias = Callable[[Store], Awaitable[object]]


async def _add(store: Store) -> None:
    await given.added(store)


async def _add_with_a_key(store: Store) -> None:
    await given.added(store, key=IdempotencyKey("k", "body"))


async def _apply(store: Store) -> None:
    await given.moved(store, await given.added(store), given.Cancelled("no"))


async def _apply_that_loses(store: Store) -> None:
    job = await given.added(store)
    late = given.decided(job, given.Cancelled("late"), store.now())
    await given.moved(store, job, given.Cancelled("first"))
    assert not await store.apply(late)


async def _claim(store: Store) -> None:
    await given.added(store)
    await given.claimed(store)


async def _claim_of_keys(store: Store) -> None:
    """Several rounds over the keys, and more than one priority."""
    for n in range(6):
        for key in "abc":
            await store.add(submit(job_id=given.new_id(n), prompt="p", rules=RULES, now=0, key=key, priority=n % 2))
    for _ in range(5):
        assert len((await given.claim(store, 2)).jobs) == 2
    assert len((await given.claim(store, 20)).jobs) == 8


async def _claim_with_limits_of_keys(store: Store) -> None:
    rules = replace(RULES, concurrency=9, concurrency_per_key=2, rate_per_key=60)
    for n in range(6):
        for key in "abc":
            await store.add(submit(job_id=given.new_id(n), prompt="p", rules=RULES, now=0, key=key, priority=n % 2))
    assert len((await given.claim(store, 2, rules)).jobs) == 2
    assert len((await given.claim(store, 9, rules)).jobs) == 1
    assert len((await given.claim(store, 9, rules)).jobs) == 0
    assert len(await store.full_keys(rules)) == 3


async def _claim_with_a_shared_limit(store: Store) -> None:
    limit = SharedLimit("l", ("f", "g"), 2, 600, 6_000_000)
    for _ in range(3):
        await given.added(store)
    for jobs in (1, 1, 0):
        assert len((await given.claim(store, 3, replace(RULES, limit=limit))).jobs) == jobs
    assert len((await given.claim(store, 3, replace(RULES, name="g", limit=limit))).jobs) == 0


async def _claim_with_a_limit(store: Store) -> None:
    await given.added(store)
    await given.claimed(store, replace(RULES, concurrency=2))


async def _claim_that_falls_back(store: Store) -> None:
    of = replace(RULES, fallback=("g",), fallback_after_seconds=0)
    for _ in range(3):
        await given.added(store)
    await given.changed_lane(store, "f", trouble=Trouble.OUTAGE, closed_since=1, closed_until=2)
    for rules in (replace(RULES, name="g"), replace(RULES, name="g", concurrency=2)):
        assert len((await store.claim(Claim(rules, 1, "w1", of))).jobs) == 1


async def _extend(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    assert job.lease is not None
    await store.extend([Held(job.id, job.lease.token), Held(job.id, "0" * 32)], job.lease.until + 1)


async def _delete(store: Store) -> None:
    await store.delete((await given.cancelled(store)).id)


async def _prune(store: Store) -> None:
    await given.cancelled(store)
    await store.prune(store.now() + 1, 10)


async def _keep(store: Store) -> None:
    now = store.now()
    for answer in (CallbackVerdict.LATE, CallbackVerdict.UNKNOWN):
        job_id = "0" * 24 if answer is CallbackVerdict.LATE else None
        callback = Callback(given.new_id(now), now, now, answer, CallbackContent.RESULT, f"r{answer}", job_id)
        await store.keep_callback(callback)
        await store.keep_callback(callback)
        await store.reject_callback(callback.id)
        await store.set_callback_verdict(callback.id, CallbackVerdict.ACCEPTED, "1" * 24)
    await store.prune_callbacks(now + 1, 10)


async def _list_callbacks(store: Store) -> None:
    await store.get_callback("0" * 24)
    await store.list_callbacks(InboxQuery())
    await store.list_callbacks(InboxQuery(before="f" * 24))
    await store.list_callbacks(InboxQuery(job_id="0" * 24))
    await store.list_callbacks(InboxQuery(execution_id="x"))
    await store.list_callbacks(InboxQuery(flows=frozenset({"f", "g"})))
    await store.list_callbacks(InboxQuery(verdicts=frozenset({CallbackVerdict.UNKNOWN})))


async def _count_callbacks(store: Store) -> None:
    await store.count_callbacks()
    await store.count_callbacks(frozenset({"f", "g"}))


async def _list(store: Store) -> None:
    for query in (
        Query(),
        Query(before="f" * 24),
        Query(states=frozenset({State.FAILED})),
        Query(flow="f"),
        Query(flows=frozenset({"f", "g"})),
        Query(flow="f", states=frozenset({State.FAILED})),
        Query(tag="t"),
        Query(created_after=1, created_before=2),
        Query(states=frozenset({State.FAILED}), finished_after=1, finished_before=2),
    ):
        await store.list(query)


async def _find_execution(store: Store) -> None:
    await store.find_execution("x")
    await store.find_execution("x", frozenset({"f", "g"}))


async def _overdue(store: Store) -> None:
    """Also after an outage, when leases that ended in it are left to their workers for a while."""
    assert isinstance(store, MongoStore)
    for _ in range(2):
        await store.overdue(10)
        await store.overdue(10, frozenset({"f", "g"}))
        store._open.link.outage.slept(60)


async def _list_waiting(store: Store) -> None:
    await store.list_waiting(WaitingQuery("f", 50))
    await store.list_waiting(WaitingQuery("f", 50, lost_before=store.now()))
    await store.list_waiting(WaitingQuery("f", 50, lost_before=store.now(), oldest=True))


async def _counts(store: Store) -> None:
    await given.added(store)
    await store.counts()
    assert isinstance(store, MongoStore)
    await store._open.counting._open.get()


async def _lanes(store: Store) -> None:
    await given.changed_lane(store, "f", paused=True)
    await store.lanes()


async def _workers(store: Store) -> None:
    await store.record_heartbeat(Worker("w", "w", ("f",), 0, 0, store.now()))
    await store.workers(0)


async def _apply_with_a_record(store: Store) -> None:
    change = given.decided(await given.added(store), given.Cancelled("no"), store.now())
    assert await store.apply(change, access.entry(store, "1"))
    assert not await store.apply(change, access.entry(store, "2"))


async def _api_keys(store: Store) -> None:
    key = access.key("a")
    assert await store.save_api_key(key)
    assert await store.save_api_key(replace(key, rev=1, revoked_at=1))
    await store.mark_keys_used({"a": 1})
    await store.api_keys()
    await store.prune_api_keys(store.now())


async def _sessions(store: Store) -> None:
    await store.add_session(access.session("s"))
    await store.sessions({"s"})
    await store.sessions_of("k")
    await store.sessions_of()
    await store.mark_sessions_seen({"s": 1})
    await store.end_sessions({"s"})
    await store.prune_sessions(1, 1)


async def _audit(store: Store) -> None:
    await store.record([access.entry(store, "1")])
    for query in (
        AuditQuery(),
        AuditQuery(before="f" * 24),
        AuditQuery(since=1, until=2),
        AuditQuery(who="k"),
        AuditQuery(what="j"),
        AuditQuery(acts=frozenset({AuditAct.REFUSED})),
        AuditQuery(outcomes=frozenset({AuditOutcome.DONE})),
    ):
        await store.list_audit(query)
    await store.prune_audit(1, 500)


async def _count_waiting(store: Store) -> None:
    assert await store.count_waiting("k", 10) == 0


async def _ahead(store: Store) -> None:
    """Of a job behind so many keys that they are read in two parts."""
    for key in "abcde":
        await store.add(submit(job_id=given.new_id(1), prompt="p", rules=RULES, now=0, key=key))
    job = submit(job_id=given.new_id(2), prompt="p", rules=RULES, now=0, key="e")
    await store.add(job)
    assert await store.ahead(job, 4) == Ahead(4, more=True)


async def _take_permits(store: Store) -> None:
    for _ in range(2):
        assert (await store.take_permits("k", 10, 2)).permits == 2


async def _webhooks(store: Store) -> None:
    one = webhooks.endpoint("e")
    assert await store.save_webhook_endpoint(one)
    assert await store.save_webhook_endpoint(replace(one, rev=1))
    assert not await store.save_webhook_endpoint(replace(one, rev=1))
    await store.webhook_endpoints()
    await store.delete_webhook_endpoint("e")
    await webhooks.ended(store, webhooks.delivery(store))
    await store.relay_notices(10)
    assert await store.due_lanes("", 10) == ["e1"]
    [claimed] = await store.claim_deliveries("e1", 1, 1000)
    assert not await store.save_delivery(replace(claimed, rev=1))
    for flows in (None, frozenset({"f"})):
        await store.get_delivery(claimed.id, flows)
    for query in (
        DeliveryQuery(),
        DeliveryQuery(before="f" * 24),
        DeliveryQuery(job_id="1" * 24),
        DeliveryQuery(endpoint_id="e"),
        DeliveryQuery(states=frozenset({DeliveryState.FAILED})),
        DeliveryQuery(flows=frozenset({"f"})),
    ):
        await store.list_deliveries(query)
    await store.prune_deliveries(1, 10)


async def _bulk_actions(store: Store) -> None:
    action = bulk.an_action(store)
    assert await store.save_bulk_action(action)
    assert await store.save_bulk_action(replace(action, rev=1))
    assert not await store.save_bulk_action(action)
    await store.get_bulk_action(action.id)
    await store.bulk_action_of_key("k")
    await store.open_bulk_actions()
    await store.list_bulk_actions(50)
    await store.list_bulk_actions(50, "f" * 24)
    await store.prune_bulk_actions(1, 200)


async def _add_batch(store: Store) -> None:
    assert (await store.add_batch(a_batch(store), IdempotencyKey("k", "b"))).created


async def _add_batch_again(store: Store) -> None:
    await _add_batch(store)
    assert not (await store.add_batch(a_batch(store), IdempotencyKey("k", "b"))).created


async def _read_batches(store: Store) -> None:
    flows = frozenset({"f"})
    await store.batch_of_key(IdempotencyKey("k", "b"))
    await store.get_batch("0" * 24)
    await store.get_batch("0" * 24, flows)
    await store.list_batches(BatchQuery())
    await store.list_batches(BatchQuery(before="f" * 24, flows=flows))
    await store.count_batches(["0" * 24])
    await store.refused_lines("0" * 24)
    await store.jobs_of_batch("0" * 24, None, 10)
    await store.list(Query(batch="0" * 24))


async def _tend_batches(store: Store) -> None:
    batch = (await store.add_batch(a_batch(store))).batch
    await store.batches_to_tend(10)
    await store.cancel_batch(batch.id, 1)
    await store.end_batch(batch.id, 1)
    await store.complete_batches()


async def _prune_batches(store: Store) -> None:
    new = a_batch(store, 2)
    await store.add_batch(new)
    for job in new.jobs:
        await given.moved(store, job, given.Cancelled("no"))
    await store.end_batch(new.batch.id, store.now())
    assert (await store.prune_batches(store.now() + 1_000, 10)).batches == 1


async def _series(store: Store) -> None:
    await given.cancelled(store)
    assert await store.roll_up_series(500) == 1
    await store.note_waiting({"f": 1})
    await store.series(SeriesQuery(MINUTE, 0, 1, MINUTE))
    await store.series_of_keys(KeysQuery(0, 1, 100))
    await store.list_series("", 200)
    await store.series_since()
    await store.prune_series(2**50, 500)
    await store.delete((await given.cancelled(store)).id)


VERBS: dict[str, tuple[Verb, list[str]]] = {
    "add": (_add, ["update jobs"]),
    "add with a key": (_add_with_a_key, ["update keys", "update jobs"]),
    "get": (lambda store: store.get("0" * 24), ["find jobs"]),
    "find_execution": (_find_execution, ["find jobs"] * 2),
    "list": (_list, ["find jobs"] * 9),
    "counts": (
        _counts,
        ["update jobs", "aggregate jobs", "find jobs", "find jobs", "distinct jobs", "aggregate jobs"],
    ),
    "claim": (_claim, ["update jobs", "find lanes", *["find jobs"] * 3, "update jobs"]),
    "claim of keys": (_claim_of_keys, []),
    "claim with limits of keys": (_claim_with_limits_of_keys, []),
    "claim with a shared limit": (_claim_with_a_shared_limit, []),
    "claim that falls back": (_claim_that_falls_back, []),
    "claim with a limit": (
        _claim_with_a_limit,
        [
            "update jobs",
            *("find lanes", "find jobs", "find lanes", *["find jobs"] * 4),
            # The lane is not there yet: tried as an update, then made.
            *("update lanes", "insert lanes", "update jobs"),
        ],
    ),
    "apply": (_apply, ["update jobs", "update jobs"]),
    "apply that loses": (_apply_that_loses, ["update jobs", "update jobs", "update jobs", "find jobs"]),
    "extend": (
        _extend,
        ["update jobs", "find lanes", *["find jobs"] * 3, "update jobs", "update jobs", "find jobs"],
    ),
    "overdue": (_overdue, ["find jobs"] * 4),
    "list_waiting": (_list_waiting, ["find jobs"] * 6),
    "delete": (
        _delete,
        [
            "update jobs",
            "update jobs",
            "find jobs",
            # What happened to it is counted first: the ledger, four rows, and nothing is left.
            *("find seriesMeta", "find jobs", "update seriesMeta", *["find series", "insert series"] * 4),
            *("update jobs", "update seriesMeta", "find jobs"),
            "update jobs",
            "update gone",
            "delete callbacks",
            "delete deliveries",
            "delete jobs",
            "delete callbacks",
        ],
    ),
    "prune": (
        _prune,
        [
            *("update jobs", "update jobs", "find jobs"),
            *("find seriesMeta", "find jobs", "update seriesMeta", *["find series", "insert series"] * 4),
            *("update jobs", "update seriesMeta", "update gone", "update jobs", "find jobs", "delete jobs"),
        ],
    ),
    "add_batch": (
        _add_batch,
        # A chunk, the record, the jobs from the chunk, until there is none left.
        [
            *("update batchChunks", "insert batches", "find batchChunks", "update jobs", "delete batchChunks"),
            *("find batchChunks", "update batches"),
        ],
    ),
    "add_batch again": (_add_batch_again, []),
    "batches": (_read_batches, [*["find batches"] * 6, "aggregate jobs", *["find jobs"] * 2]),
    "batches_to_tend, cancel_batch, end_batch, complete_batches": (_tend_batches, []),
    "prune_batches": (_prune_batches, []),
    "since": (lambda store: given.position(store), []),
    "changes": (lambda store: store.since(store.now() * 1000, 10), []),
    "keep_callback, set_callback_verdict, reject_callback, prune_callbacks": (_keep, []),
    "list_callbacks": (_list_callbacks, ["find callbacks"] * 7),
    "count_callbacks": (_count_callbacks, ["aggregate callbacks"] * 2 * len(CallbackVerdict)),
    "lanes": (_lanes, ["find lanes", "update lanes", "insert lanes", "find lanes", "find lanes"]),
    "apply with a record": (
        _apply_with_a_record,
        # The entry, the change, its outcome; the second change is not written, and its entry is taken back.
        [
            "update jobs",
            *("update audit", "update jobs", "update audit"),
            *("update audit", "update jobs", "find jobs", "delete audit"),
        ],
    ),
    "api keys": (_api_keys, ["insert apiKeys", *["update apiKeys"] * 2, "find apiKeys", "delete apiKeys"]),
    "count_waiting": (_count_waiting, ["aggregate jobs"]),
    "ahead": (_ahead, [*["update jobs"] * 6, *["aggregate jobs"] * 3, *["find jobs"] * 3]),
    "take_permits": (_take_permits, ["find permits", "update permits"] * 2),
    "sessions": (
        _sessions,
        ["update sessions", *["find sessions"] * 3, "update sessions", *["delete sessions"] * 2],
    ),
    "audit": (_audit, ["update audit", *["find audit"] * 8, "delete audit"]),
    "webhooks": (
        _webhooks,
        [
            *("insert webhookEndpoints", "update webhookEndpoints", "update webhookEndpoints", "find webhookEndpoints"),
            *("find webhookEndpoints", "delete webhookEndpoints"),
            # A job that ends with a notice, and its relay.
            *("update jobs", "update jobs", "find jobs", "update deliveries", "update jobs", "find batches"),
            # The lane, the end of the lanes; the delivery and its claim; a write that loses.
            *("find deliveries", "find deliveries", "find deliveries", "update deliveries", "update deliveries"),
            *["find deliveries"] * 8,
            "find deliveries",
            # Nothing is old enough to be deleted.
            "delete deliveries",
        ],
    ),
    "bulk actions": (
        _bulk_actions,
        ["insert bulkActions"] * 2 + ["update bulkActions", "delete bulkActions"] + ["find bulkActions"] * 7,
    ),
    "series": (_series, []),
    "workers": (_workers, ["update workers", "find workers"]),
}
_HINTS: dict[str, list[str | None]] = {
    "count_waiting": ["waiting_of"],
    "claim": [None, None, "turns", "turns"],
    "claim with a limit": [None, None, None, None, "fallen_back", "turns", "turns"],
    "counts": ["counts", "counts", None, "counts", "fallen_back"],
}


async def _sent_by(place: MongoPlace, verb: str) -> Recording:
    store = await place.open()
    with recorded(place.database) as commands:
        await VERBS[verb][0](store)
    return commands


@pytest.mark.parametrize("verb", VERBS)
async def test_each_verb(place: MongoPlace, verb: str) -> None:
    commands = await _sent_by(place, verb)
    names = [f"{next(iter(one))} {next(iter(one.values()))}" for one in commands.sent]
    expected = VERBS[verb][1]
    if expected:
        # What is asked at the same time comes in any order.
        assert sorted(names) == sorted(expected)
    for one in commands.sent:
        name = next(iter(one))
        assert name in READS | WRITES, one
        # Every command ends: the server has a limit for it. None of these is thrown away half done by that.
        assert 0 < one["maxTimeMS"] <= 60_000, one
        if name in READS:
            assert one["readConcern"] == {"level": "majority"}, one
        else:
            assert one["writeConcern"] == {"w": "majority", "j": True}, one
    if verb in _HINTS:
        hints = [one.get("hint") for one in commands.sent if next(iter(one)) in READS]
        assert sorted(map(str, hints)) == sorted(map(str, _HINTS[verb]))
    for one in commands.of("update", "jobs") + commands.of("delete", "jobs"):
        for write in one.get("updates", one.get("deletes", [])):
            # On a sharded cluster a write with its id goes to one shard, any other to all of them.
            assert isinstance(write["q"].get("_id"), str | dict), write
    for one in commands.of("update", "keys"):
        assert all(isinstance(write["q"]["_id"], str) for write in one["updates"])


@pytest.mark.parametrize("verb", VERBS)
async def test_every_query_has_a_plan_that_is_checked(place: MongoPlace, verb: str) -> None:
    """``check --plans`` explains what the driver really asks: nothing is missing from its table."""
    known = {plans.shape(one.command) for one in expected.table("f", 1)}
    for one in (await _sent_by(place, verb)).sent:
        if next(iter(one)) in READS and not _in_memory(one):
            assert plans.shape(one) in known, plans.shape(one)


def _in_memory(command: dict[str, Any]) -> bool:
    """Counting kept callbacks: those of a job, or the newest of a verdict. Both are few, and have an index."""
    return "aggregate" in command and command["aggregate"] == "callbacks"


async def test_moves_carry_their_ids_in_every_form(place: MongoPlace) -> None:
    """Claims, outcomes, renewals, deletions: the filter of each names the document."""
    store = await place.open()
    with recorded(place.database) as commands:
        for verb in ("claim with a limit", "apply", "extend", "delete", "prune"):
            await VERBS[verb][0](store)
            place.clock.forward(1)
    single = [write for one in commands.of("update", "jobs") for write in one["updates"] if not write.get("multi")]
    assert len(single) >= 10
    assert all(isinstance(write["q"]["_id"], str) for write in single)
