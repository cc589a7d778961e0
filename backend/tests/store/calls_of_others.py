"""Calls of the store's verbs that are not about single jobs: callbacks, lanes, keys, batches, webhooks, series."""

from dataclasses import replace

from job_processor.core.audit import AuditAct, AuditOutcome
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.series import MINUTE
from job_processor.core.webhooks import DeliveryState
from job_processor.store.base import (
    AuditQuery,
    BatchQuery,
    DeliveryQuery,
    IdempotencyKey,
    InboxQuery,
    KeysQuery,
    Query,
    SeriesQuery,
    Store,
    Worker,
)
from tests.store_suite import access, given
from tests.store_suite import test_bulk as bulk
from tests.store_suite import test_webhooks as webhooks
from tests.store_suite.batches import a_batch


async def keep(store: Store) -> None:
    now = store.now()
    for answer in (CallbackVerdict.LATE, CallbackVerdict.UNKNOWN):
        job_id = "0" * 24 if answer is CallbackVerdict.LATE else None
        callback = Callback(given.new_id(now), now, now, answer, CallbackContent.RESULT, f"r{answer}", job_id)
        await store.keep_callback(callback)
        await store.keep_callback(callback)
        await store.reject_callback(callback.id)
        await store.set_callback_verdict(callback.id, CallbackVerdict.ACCEPTED, "1" * 24)
    await store.prune_callbacks(now + 1, 10)


async def list_callbacks(store: Store) -> None:
    await store.get_callback("0" * 24)
    await store.list_callbacks(InboxQuery())
    await store.list_callbacks(InboxQuery(before="f" * 24))
    await store.list_callbacks(InboxQuery(job_id="0" * 24))
    await store.list_callbacks(InboxQuery(execution_id="x"))
    await store.list_callbacks(InboxQuery(flows=frozenset({"f", "g"})))
    await store.list_callbacks(InboxQuery(verdicts=frozenset({CallbackVerdict.UNKNOWN})))


async def count_callbacks(store: Store) -> None:
    await store.count_callbacks()
    await store.count_callbacks(frozenset({"f", "g"}))


async def lanes(store: Store) -> None:
    await given.changed_lane(store, "f", paused=True)
    await store.lanes()


async def workers(store: Store) -> None:
    await store.record_heartbeat(Worker("w", "w", ("f",), 0, 0, store.now()))
    await store.workers(0)


async def api_keys(store: Store) -> None:
    key = access.key("a")
    assert await store.save_api_key(key)
    assert await store.save_api_key(replace(key, rev=1, revoked_at=1))
    await store.mark_keys_used({"a": 1})
    await store.api_keys()
    await store.prune_api_keys(store.now())


async def sessions(store: Store) -> None:
    await store.add_session(access.session("s"))
    await store.sessions({"s"})
    await store.sessions_of("k")
    await store.sessions_of()
    await store.mark_sessions_seen({"s": 1})
    await store.end_sessions({"s"})
    await store.prune_sessions(1, 1)


async def audit(store: Store) -> None:
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


async def take_permits(store: Store) -> None:
    for _ in range(2):
        assert (await store.take_permits("k", 10, 2)).permits == 2


async def endpoints_and_deliveries(store: Store) -> None:
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


async def bulk_actions(store: Store) -> None:
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


async def add_batch(store: Store) -> None:
    assert (await store.add_batch(a_batch(store), IdempotencyKey("k", "b"))).created


async def add_batch_again(store: Store) -> None:
    await add_batch(store)
    assert not (await store.add_batch(a_batch(store), IdempotencyKey("k", "b"))).created


async def read_batches(store: Store) -> None:
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


async def tend_batches(store: Store) -> None:
    batch = (await store.add_batch(a_batch(store))).batch
    await store.batches_to_tend(10)
    await store.cancel_batch(batch.id, 1)
    await store.end_batch(batch.id, 1)
    await store.complete_batches()


async def prune_batches(store: Store) -> None:
    new = a_batch(store, 2)
    await store.add_batch(new)
    for job in new.jobs:
        await given.moved(store, job, given.Cancelled("no"))
    await store.end_batch(new.batch.id, store.now())
    assert (await store.prune_batches(store.now() + 1_000, 10)).batches == 1


async def series(store: Store) -> None:
    await given.cancelled(store)
    assert await store.roll_up_series(500) == 1
    await store.note_waiting({"f": 1})
    await store.series(SeriesQuery(MINUTE, 0, 1, MINUTE))
    await store.series_of_keys(KeysQuery(0, 1, 100))
    await store.list_series("", 200)
    await store.series_since()
    await store.prune_series(2**50, 500)
    await store.delete((await given.cancelled(store)).id)
