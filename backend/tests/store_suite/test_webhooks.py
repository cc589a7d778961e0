"""Endpoints and deliveries: stored with the move, claimed by one worker at a time, settled once, listed, deleted."""

import asyncio
from dataclasses import fields, replace

from msgspec import structs

from job_processor.acts.webhook_endpoints import MAX_ENDPOINTS
from job_processor.core.audit import AuditOutcome
from job_processor.core.job import Job, JobWebhook, WebhookEvent
from job_processor.core.webhooks import Delivery, DeliveryState, DisabledBecause, Endpoint, EndpointSecret, Try
from job_processor.store.base import AuditQuery, DeliveryQuery, Store
from tests.store_suite import access, given
from tests.store_suite.places import Clock, Place


def endpoint(endpoint_id: str) -> Endpoint:
    """One with every field filled in."""
    return Endpoint(
        endpoint_id,
        0,
        "https://example.com/ä",
        (WebhookEvent.FAILED,),
        ("f", "g"),
        "words",
        1,
        "maker",
        (EndpointSecret("new"), EndpointSecret("old", 2**40)),
        3,
        DisabledBecause.GONE,
        4,
    )


def delivery(store: Store, lane: str = "e1", **more: object) -> Delivery:
    now = store.now()
    made = Delivery(given.new_id(now), 1, lane, "job.failed", "https://e.example", '{"a":"ä"}', now, "f", next_at=now)
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


async def ended(store: Store, *notices: Delivery) -> Job:
    """A job that was cancelled, with these notices in the same write."""
    job = await given.added(store)
    change = given.decided(job, given.Cancelled(), store.now())
    notices = tuple(replace(one, job_id=job.id) for one in notices)
    assert await store.apply(structs.replace(change, notices=notices))
    return change.job


async def lanes(store: Store) -> list[str]:
    await store.relay_notices(100)
    return list(await store.due_lanes("", 100))


async def test_an_endpoint_is_kept_with_every_field_and_changed_under_its_rev(place: Place, store: Store) -> None:
    one = endpoint("a")
    assert all(getattr(one, f.name) not in (None, (), "") for f in fields(one) if f.name != "rev")
    assert await store.save_webhook_endpoint(one)
    assert not await store.save_webhook_endpoint(one)
    assert await store.webhook_endpoints() == [replace(one, rev=1)]
    plain = replace(one, rev=1, flows=None, disabled_at=None, disabled_because=None, failing_since=None)
    other = await place.open()
    written = await asyncio.gather(*(each.save_webhook_endpoint(plain) for each in (store, other) * 4))
    assert sum(written) == 1
    assert await (await place.crash(store)).webhook_endpoints() == [replace(plain, rev=2)]


async def test_an_endpoint_is_deleted_once_and_the_audit_says_so(store: Store) -> None:
    await store.save_webhook_endpoint(endpoint("a"), access.entry(store, "1"))
    await store.save_webhook_endpoint(endpoint("b"))
    assert await store.delete_webhook_endpoint("a", access.entry(store, "2"))
    assert not await store.delete_webhook_endpoint("a", access.entry(store, "3"))
    assert [one.id for one in await store.webhook_endpoints()] == ["b"]
    entries = await store.list_audit(AuditQuery())
    assert [(one.id[-1], one.outcome) for one in entries] == [("2", AuditOutcome.DONE), ("1", AuditOutcome.DONE)]


async def test_an_end_is_stored_with_long_notices_for_as_many_endpoints_as_there_may_be(store: Store) -> None:
    body = "x" * 100 * 1024
    notices = [delivery(store, f"e{n:03}", body=body) for n in range(MAX_ENDPOINTS)]
    await ended(store, *notices)
    assert await store.relay_notices(100) in (0, 1)
    for one in (notices[0], notices[-1]):
        found = await store.get_delivery(one.id)
        assert found is not None
        assert (found.lane, found.body) == (one.lane, body)
    listed = await store.list_deliveries(DeliveryQuery(limit=MAX_ENDPOINTS + 1))
    assert {one.id for one in listed} == {one.id for one in notices}


async def test_notices_are_stored_with_the_move_and_survive_the_process(place: Place, store: Store) -> None:
    first, second = delivery(store, "e1"), delivery(store, "host x", owner="me")
    job = await ended(store, first, second)
    store = await place.crash(store)
    assert await lanes(store) == ["e1", "host x"]
    assert await store.relay_notices(100) == 0
    for one in (first, second):
        assert await store.get_delivery(one.id) == replace(one, job_id=job.id)


async def test_a_move_that_is_not_written_leaves_no_notice(store: Store) -> None:
    job = await given.added(store)
    late = given.decided(job, given.Cancelled("late"), store.now())
    await ended(store, delivery(store))
    await given.moved(store, job, given.Cancelled("first"))
    lost = delivery(store, "e9")
    assert not await store.apply(structs.replace(late, notices=(lost,)))
    assert await lanes(store) == ["e1"]
    assert await store.get_delivery(lost.id) is None


async def test_each_end_of_a_job_has_its_own_notices(store: Store) -> None:
    first, second = delivery(store), delivery(store)
    job = await ended(store, first)
    job = await given.moved(store, job, given.Retried(1))
    change = given.decided(job, given.Cancelled(), store.now())
    assert await store.apply(structs.replace(change, notices=(replace(second, job_id=job.id),)))
    await store.relay_notices(100)
    assert [one.id for one in await store.list_deliveries(DeliveryQuery(job_id=job.id))] == [second.id, first.id]


async def test_lanes_are_those_with_something_due(clock: Clock, store: Store) -> None:
    for lane in ("b", "a", "c", "a", "d"):
        await store.add_delivery(delivery(store, lane))
    await store.add_delivery(delivery(store, "later", next_at=store.now() + 1))
    assert await store.due_lanes("", 100) == ["a", "b", "c", "d"]
    assert await store.due_lanes("a", 2) == ["b", "c"]
    assert await store.due_lanes("d", 2) == []
    clock.forward(1)
    assert await store.due_lanes("d", 2) == ["later"]


async def test_a_delivery_is_for_one_worker_until_its_lease_ends(clock: Clock, place: Place, store: Store) -> None:
    other = await place.open()
    made = [delivery(store, next_at=store.now() - n) for n in range(6)]
    for one in made:
        await store.add_delivery(one)
    taken = await asyncio.gather(*(each.claim_deliveries("e1", 2, 1000) for each in (store, other) * 3))
    ids = [one.id for group in taken for one in group]
    assert sorted(ids) == sorted({*ids})
    # In a race some may be left for the next time.
    left = await store.claim_deliveries("e1", 10, 1000)
    assert {*ids, *(one.id for one in left)} == {one.id for one in made}
    assert await lanes(store) == []
    clock.forward(1000)
    again = await store.claim_deliveries("e1", 2, 1000)
    assert [one.rev for one in again] == [3, 3]
    assert [one.body for one in again] == ['{"a":"ä"}'] * 2


async def test_the_longest_due_are_claimed_first(store: Store) -> None:
    made = [delivery(store, next_at=store.now() - n) for n in (1, 3, 2)]
    for one in made:
        await store.add_delivery(one)
    claimed = await store.claim_deliveries("e1", 2, 1000)
    assert [one.id for one in claimed] == [made[1].id, made[2].id]


async def test_who_lost_the_lease_changes_nothing(clock: Clock, store: Store) -> None:
    await store.add_delivery(delivery(store))
    [slow] = await store.claim_deliveries("e1", 1, 1000)
    clock.forward(1000)
    [quick] = await store.claim_deliveries("e1", 1, 1000)
    done = replace(
        quick, state=DeliveryState.DELIVERED, next_at=None, settled_at=5, tries=(Try(1, 2, 200, None, "ok"),)
    )
    assert await store.save_delivery(done)
    assert not await store.save_delivery(replace(slow, note="late"))
    assert await store.get_delivery(slow.id) == replace(done, rev=done.rev + 1)
    clock.forward(10_000)
    assert await lanes(store) == []


async def test_a_settled_delivery_comes_back_when_it_is_replayed(store: Store) -> None:
    await store.add_delivery(delivery(store, state=DeliveryState.FAILED, next_at=None, settled_at=5, note="why"))
    [one] = await store.list_deliveries(DeliveryQuery())
    again = replace(one, state=DeliveryState.PENDING, next_at=store.now(), settled_at=None, note=None)
    assert await store.save_delivery(again, access.entry(store, "1"))
    assert not await store.save_delivery(again, access.entry(store, "2"))
    [claimed] = await store.claim_deliveries("e1", 1, 1000)
    assert (claimed.settled_at, claimed.note, claimed.body) == (None, None, '{"a":"ä"}')
    assert len(await store.list_audit(AuditQuery())) == 1
    assert await store.prune_deliveries(2**40, 10) == 0


async def test_deliveries_are_listed_newest_first_by_each_filter(store: Store) -> None:
    made = [
        delivery(store, endpoint_id="e1", job_id="1" * 24),
        delivery(store, endpoint_id="e2", job_id="1" * 24, state=DeliveryState.FAILED, next_at=None),
        delivery(store, endpoint_id="e1", flow="g", state=DeliveryState.DELIVERED, next_at=None),
    ]
    for one in made:
        await store.add_delivery(one)
        # A second time it changes nothing.
        await store.add_delivery(replace(one, event="other"))
    a, b, c = (one.id for one in made)
    for query, expected in (
        (DeliveryQuery(), [c, b, a]),
        (DeliveryQuery(limit=2), [c, b]),
        (DeliveryQuery(before=b), [a]),
        (DeliveryQuery(job_id="1" * 24), [b, a]),
        (DeliveryQuery(endpoint_id="e1"), [c, a]),
        (DeliveryQuery(states=frozenset({DeliveryState.FAILED, DeliveryState.PENDING})), [b, a]),
        (DeliveryQuery(flows=frozenset({"g", "h"})), [c]),
        (DeliveryQuery(flows=frozenset()), []),
        (DeliveryQuery(endpoint_id="e1", flows=frozenset({"f"})), [a]),
    ):
        found = await store.list_deliveries(query)
        assert [one.id for one in found] == expected, query
        assert {one.body for one in found} <= {""}
    assert await store.get_delivery(a, frozenset({"g"})) is None
    assert await store.get_delivery(a, frozenset({"f"})) == made[0]
    assert await store.get_delivery("0" * 24) is None


async def test_settled_deliveries_are_deleted_after_their_time(store: Store) -> None:
    for settled_at in (1, 2, 3, None):
        state = DeliveryState.PENDING if settled_at is None else DeliveryState.DELIVERED
        next_at = store.now() if settled_at is None else None
        await store.add_delivery(delivery(store, settled_at=settled_at, state=state, next_at=next_at))
    assert await store.prune_deliveries(3, 1) == 1
    assert await store.prune_deliveries(3, 10) == 1
    assert [one.settled_at for one in await store.list_deliveries(DeliveryQuery())] == [None, 3]


async def test_a_job_that_is_deleted_still_has_its_notice_sent(clock: Clock, store: Store) -> None:
    job = await ended(store, delivery(store))
    settled = delivery(store, job_id=job.id, state=DeliveryState.DELIVERED, next_at=None, settled_at=1)
    await store.add_delivery(settled)
    assert await store.delete(job.id)
    assert await lanes(store) == ["e1"]
    assert len(await store.list_deliveries(DeliveryQuery())) == 1
    # Nor does retention take a notice along that nobody has seen yet.
    other = await ended(store, delivery(store, "e2"))
    clock.forward(10)
    await store.prune(store.now(), 10)
    assert await lanes(store) == ["e1", "e2"]
    await store.prune(store.now(), 10)
    assert await store.get(other.id) is None


async def test_the_webhook_of_a_job_is_kept_with_it(place: Place, store: Store) -> None:
    webhook = JobWebhook("https://example.com/a?b", (WebhookEvent.FAILED,))
    job = structs.replace(given.a_job(store.now()), webhook=webhook)
    await store.add(job)
    found = await (await place.crash(store)).get(job.id)
    assert found == job
