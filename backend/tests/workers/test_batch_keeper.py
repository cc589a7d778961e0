"""The keeper carries batches on: cancels, ends, deletes, and looks again."""

import pytest

from job_processor.acts.facts import BatchCancelled
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Query
from job_processor.workers.batch_keeper import POLL_SECONDS, PRUNED, UPKEEP_SECONDS, BatchKeeper
from job_processor.workers.trusted_time import TrustedTime
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until

DAY = 86_400_000


async def submitted(site: Site, number: int, **options: object) -> str:
    reply = await site.client.post("/batches", {"jobs": [{"prompt": f"{n}"} for n in range(number)], **options})
    assert reply.status == 201, reply.text
    batch_id: str = reply.json()["id"]
    return batch_id


def keeper_of(site: Site) -> BatchKeeper:
    # Both clocks go forward together.
    return BatchKeeper(site.acts, site.store, TrustedTime(site.store.now(), lambda: site.store.now() / 1000))


async def test_it_notes_the_end_when_the_last_job_has_ended(site: Site, clock: Clock) -> None:
    batch_id, keeper = await submitted(site, 2, retentionDays=1), keeper_of(site)
    for _ in range(2):
        await keeper.tick()
        batch = await site.store.get_batch(batch_id)
        assert batch is not None
        assert batch.ended_at is None
        await site.say(await site.claim(), Succeeded("r"))
    ended = clock.now()
    clock.forward(5_000)
    assert await keeper.tick() == POLL_SECONDS
    batch = await site.store.get_batch(batch_id)
    assert batch is not None
    assert (batch.ended_at, batch.prune_at) == (ended, ended + DAY)
    assert 'what="ended"} 1.0' in (await site.client.get("/metrics")).text


async def test_it_deletes_a_batch_with_its_jobs_after_its_retention_time(site: Site, clock: Clock) -> None:
    batch_id, keeper = await submitted(site, PRUNED + 5, retentionDays=1), keeper_of(site)
    await site.client.post(f"/batches/{batch_id}/cancel")
    await keeper.tick()
    assert await site.store.count(Query(limit=1_000)) == PRUNED + 5
    clock.forward(DAY - 1)
    await keeper.tick()
    assert await site.store.count(Query(limit=1_000)) == PRUNED + 5
    clock.forward(int(UPKEEP_SECONDS * 1000))
    while await keeper.tick() < POLL_SECONDS:
        pass
    assert await site.store.count(Query(limit=1_000)) == 0
    assert (await site.client.get(f"/batches/{batch_id}")).status == 404


async def test_what_it_completes_is_looked_at_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that a crashed process left incomplete may have been cancelled: its jobs must not wait to be claimed."""
    batch_id, keeper = await submitted(site, 2), keeper_of(site)

    async def complete() -> int:
        await site.client.post(f"/batches/{batch_id}/cancel")
        return 1

    monkeypatch.setattr(site.acts.batches, "complete", complete)
    await keeper.tick()
    assert (await site.client.get(f"/batches/{batch_id}")).json()["status"] == "ENDED"


async def test_a_cancel_wakes_it(site: Site) -> None:
    batch_id, keeper = await submitted(site, 3), keeper_of(site)
    site.acts.facts.subscribe_to(BatchCancelled, keeper.hear)
    keeper.start()
    try:
        await site.client.post(f"/batches/{batch_id}/cancel")

        async def has_ended() -> bool:
            found: bool = (await site.client.get(f"/batches/{batch_id}")).json()["status"] == "ENDED"
            return found

        await until(has_ended)
    finally:
        await keeper.stop()
