"""beat and workers: who was heard of, and when."""

from dataclasses import replace

from job_processor.store.base import Store, Worker
from tests.store_suite.places import Clock, Place

W = Worker("host-1-abc", "wörker", ("f", "g"), 3, 100, 0, clock_trusted=False)


async def test_a_heartbeat_is_kept_and_the_newest_counts(store: Store, clock: Clock) -> None:
    await store.record_heartbeat(replace(W, seen_at=clock.now()))
    newest = replace(W, seen_at=clock.forward(5), running=0)
    await store.record_heartbeat(newest)
    assert list(await store.workers(0)) == [newest]


async def test_only_those_heard_of_since_then(store: Store, clock: Clock) -> None:
    first = replace(W, id="a", seen_at=clock.now())
    second = replace(W, id="b", seen_at=clock.forward(10))
    await store.record_heartbeat(first)
    await store.record_heartbeat(second)
    assert list(await store.workers(first.seen_at)) == [first, second]
    assert list(await store.workers(second.seen_at)) == [second]
    assert list(await store.workers(second.seen_at + 1)) == []


async def test_a_worker_of_one_process_is_seen_by_another(place: Place, store: Store, clock: Clock) -> None:
    worker = replace(W, seen_at=clock.now())
    await store.record_heartbeat(worker)
    assert list(await (await place.open()).workers(0)) == [worker]
