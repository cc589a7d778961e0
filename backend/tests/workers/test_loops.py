"""The one loop shape, and the pruner, the notifier and the heartbeat in it."""

import asyncio
import contextlib

import pytest
import structlog

from job_processor.bus import Bus
from job_processor.core.errors import StoreBroken, StoreUnavailable
from job_processor.core.outcome import Accepted
from job_processor.store.base import Resync
from job_processor.workers.heartbeat import Heartbeat
from job_processor.workers.loop import Loop
from job_processor.workers.notifier import Notifier
from job_processor.workers.pruner import BATCH, Pruner
from job_processor.workers.pruning import POLL_SECONDS
from job_processor.workers.trusted_time import TrustedTime
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until_true

DAY = 86_400_000


class Ticking(Loop):
    """Counts its ticks; raises what it is given, one a tick."""

    def __init__(self, *errors: Exception, pause: float = 3600) -> None:
        super().__init__()
        self.errors = list(errors)
        self.pause = pause
        self.ticks = 0
        self.ends = 0

    async def tick(self) -> float:
        self.ticks += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.pause

    async def stopped(self) -> None:
        self.ends += 1


class Writing(Ticking):
    """Its last writes meet a store that is given: it hangs, fails, or works."""

    def __init__(self, store: str) -> None:
        super().__init__()
        self.store = store
        self.written = False

    async def last_writes(self) -> None:
        assert self.ends == 1, "after the last tick"
        if self.store == "hangs":
            # As a driver that swallows the first cancellation.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
        if self.store == "fails":
            raise StoreUnavailable("away")
        if self.store == "cancels":
            raise asyncio.CancelledError
        self.written = True


@pytest.mark.parametrize(
    ("store", "reasons"),
    [
        ("hangs", ["TimeoutError()"]),
        ("fails", ["StoreUnavailable('away')"]),
        ("cancels", ["TimeoutError()"]),
        ("works", []),
    ],
)
async def test_a_store_that_does_not_answer_does_not_delay_the_end(
    store: str, reasons: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("job_processor.workers.loop.STOP_SECONDS", 0.05 if store == "hangs" else 60.0)
    monkeypatch.setattr("job_processor.tasks.AGAIN_SECONDS", 0.05)
    loop = Writing(store)
    loop.start()
    await until_true(lambda: loop.ticks == 1)
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(30):
            await loop.stop()
    assert [one["reason"] for one in logs if one["event"] == "last_writes_failed"] == reasons
    assert loop.written == (store == "works")


async def test_a_wake_up_cuts_the_sleep_short() -> None:
    loop = Ticking()
    loop.start()
    for n in range(1, 4):
        await until_true(lambda n=n: loop.ticks == n)  # type: ignore[misc]
        loop.wake()
    await loop.stop()


async def test_start_and_stop_are_idempotent_and_the_end_comes_once() -> None:
    loop = Ticking()
    await loop.stop()
    assert loop.ends == 0
    loop = Ticking()
    loop.start()
    loop.start()
    await until_true(lambda: loop.ticks == 1)
    await loop.stop()
    await loop.stop()
    assert (loop.ticks, loop.ends) == (1, 1)


async def test_a_store_that_is_away_is_waited_for_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    timeout = asyncio.timeout

    def noting(seconds: float) -> asyncio.Timeout:
        pauses.append(seconds)
        return timeout(0)

    loop = Ticking(*(StoreUnavailable("away") for _ in range(7)))
    monkeypatch.setattr("job_processor.workers.loop.asyncio.timeout", noting)
    loop.start()
    await until_true(lambda: loop.ticks >= 8)
    await loop.stop()

    assert pauses[:7] == [0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
    assert pauses[7] == 3600


async def test_a_fault_of_its_own_does_not_end_a_loop() -> None:
    loop = Ticking(RuntimeError("bug"))
    loop.start()
    await until_true(lambda: loop.ticks == 1)
    loop.wake()
    await until_true(lambda: loop.ticks == 2)
    await loop.stop()


async def test_l8_the_pruner_forgets_final_jobs_after_their_time_and_no_others(site: Site, clock: Clock) -> None:
    final = (await site.submit())["id"]
    await site.client.post(f"/jobs/{final}/cancel")
    waiting = (await site.submit())["id"]
    await site.say(await site.claim(), Accepted(60_000))
    pending = (await site.submit(delaySeconds=100))["id"]
    pruner = Pruner(site.acts, site.store, 1, TrustedTime(clock.now()))

    clock.forward(DAY)
    assert await pruner.tick() == POLL_SECONDS
    assert (await site.client.get(f"/jobs/{final}")).status == 200
    clock.forward(1)
    await pruner.tick()

    assert (await site.client.get(f"/jobs/{final}")).status == 404
    assert {job["id"] for job in (await site.client.get("/jobs")).json()} == {waiting, pending}


async def test_the_pruner_forgets_kept_callbacks_after_their_time(site: Site, clock: Clock) -> None:
    await site.callback({"jobId": "0" * 24, "result": "old"})
    clock.forward(1)
    await site.callback({"jobId": "0" * 24, "result": "new"})
    clock.forward(DAY)

    await Pruner(site.acts, site.store, 1, TrustedTime(clock.now())).tick()

    assert [one["content"] for one in (await site.client.get("/callbacks")).json()] == ["new"]


@pytest.mark.parametrize("verb", ["prune", "prune_callbacks"])
async def test_a_full_batch_is_followed_by_another_soon(site: Site, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    async def pruned(before: int, limit: int) -> int:
        return limit

    monkeypatch.setattr(site.store, verb, pruned)

    assert BATCH > 0
    assert await Pruner(site.acts, site.store, 1, TrustedTime(site.store.now())).tick() < 1


async def test_the_heartbeat_tells_of_its_worker(site: Site, clock: Clock) -> None:
    beat = Heartbeat(site.store, "w-1", "w", ["main"], [], on_broken=lambda: None, time=TrustedTime(None))
    clock.forward(7)
    assert await beat.tick() == 5.0

    [worker] = await site.store.workers(0)
    assert (worker.id, worker.flows, worker.seen_at - worker.started_at) == ("w-1", ("main",), 7)


async def test_b2_a_broken_store_ends_the_process(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(worker: object) -> None:
        raise StoreBroken("EIO")

    monkeypatch.setattr(site.store, "record_heartbeat", broken)
    told = asyncio.Event()
    beat = Heartbeat(site.store, "w-1", "w", ["main"], [], on_broken=told.set, time=TrustedTime(None))

    with pytest.raises(StoreBroken):
        await beat.tick()
    assert told.is_set()


async def test_the_notifier_goes_on_after_its_watch_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a change stream is cut, another is opened, and followers are told that something may be missing."""
    watches = 0
    store_watch = site.store.watch

    async def watch():  # type: ignore[no-untyped-def]  # an async generator of notices
        nonlocal watches
        watches += 1
        if watches == 1:
            yield Resync(7)
            return
        async for notice in store_watch():
            yield notice

    monkeypatch.setattr(site.store, "watch", watch)
    hub = Bus()
    notifier = Notifier(site.store, hub, {})
    with hub.listen() as listener:
        notifier.start()
        assert await listener.take() == [Resync(7)]
        # Between the two watches nobody listened.
        [again] = await listener.take()
        assert isinstance(again, Resync)
        await until_true(lambda: watches == 2)
        made = await site.submit()
        [notice] = await listener.take()
        assert not isinstance(notice, Resync)
        assert notice.job_id == made["id"]
    await notifier.stop()
    await notifier.stop()
