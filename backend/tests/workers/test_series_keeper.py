"""The keeper of the series: rolls up, notes how long jobs wait, and deletes what is older than is kept."""

from job_processor.core.series import DAY, HOUR, MINUTE, Tally
from job_processor.store.base import SeriesQuery
from job_processor.workers.series_keeper import NOTE_MS, POLL_SECONDS, SeriesKeeper
from job_processor.workers.trusted_time import TrustedTime
from tests.support.clock import Clock
from tests.support.site import Site


def keeper_of(site: Site, clock: Clock) -> SeriesKeeper:
    # Both clocks go forward together.
    return SeriesKeeper(site.acts, site.store, TrustedTime(site.store.now(), lambda: clock.now() / 1000))


async def minutes(site: Site) -> list[Tally]:
    found = await site.store.series(SeriesQuery(MINUTE, 0, 50_000 * DAY, MINUTE))
    return [found.buckets[at] for at in sorted(found.buckets)]


async def test_it_notes_for_how_long_the_oldest_job_has_waited(site: Site, clock: Clock) -> None:
    keeper = keeper_of(site, clock)
    assert await keeper.tick() == POLL_SECONDS
    assert await minutes(site) == []
    await site.submit()
    clock.forward(NOTE_MS)
    await keeper.tick()
    clock.forward(NOTE_MS - 1)
    await keeper.tick()
    assert [one.oldest_ms for one in await minutes(site)] == [NOTE_MS]
    clock.forward(MINUTE + 1)
    await keeper.tick()
    assert [one.oldest_ms for one in await minutes(site)] == [NOTE_MS, MINUTE + 2 * NOTE_MS]


async def test_it_rolls_up_and_deletes_each_row_after_its_time(site: Site, clock: Clock) -> None:
    keeper = keeper_of(site, clock)
    job = await site.submit()
    await site.client.post(f"/jobs/{job['id']}/cancel")
    await keeper.tick()
    assert {row.span for row in await site.store.list_series("", 10)} == {MINUTE, 15 * MINUTE, HOUR, DAY}
    for _ in range(3 * 24):
        clock.forward(HOUR)
        await keeper.tick()
    assert {row.span for row in await site.store.list_series("", 10)} == {15 * MINUTE, HOUR, DAY}
    assert [one.cancelled for one in await minutes(site)] == []


async def test_after_a_jump_of_the_clock_nothing_is_deleted(site: Site, clock: Clock) -> None:
    keeper = SeriesKeeper(site.acts, site.store, TrustedTime(site.store.now(), lambda: 0.0))
    job = await site.submit()
    await site.client.post(f"/jobs/{job['id']}/cancel")
    await keeper.tick()
    clock.forward(1_000 * DAY)
    await keeper.tick()
    assert len(await site.store.list_series("", 10)) == 4
