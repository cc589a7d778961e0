"""Row K3: a stream of server-sent events resumes without a gap, or says that all must be fetched anew."""

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.http.routes import events as event_routes
from job_processor.store.base import Notice, Resync
from tests.http.event_streams import at_once, hello, jobs
from tests.support.site import Site

__all__ = ["at_once"]


async def last_position(site: Site) -> int:
    """Where the store stands: what it says to one who claims to know the future."""
    found = await site.store.since(2**53, 1)
    assert isinstance(found, Resync)
    return found.position


async def test_k3_a_resumed_stream_has_every_job_that_changed_since(site: Site) -> None:
    await site.submit("before")
    position = await last_position(site)
    missed = [(await site.submit(f"missed {n}"))["id"] for n in range(20)]

    async with site.client.stream("/events", {"last-event-id": str(position)}) as events:
        assert (await hello(events)).data == {"missed": 20}
        seen = await jobs(events, 20)
        assert [event.data["id"] for event in seen] == missed
        more = (await site.submit("after"))["id"]
        [last] = await jobs(events, 1)
        assert last.data["id"] == more
    numbers = [int(str(event.id)) for event in [*seen, last]]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > position


async def test_k3_resuming_from_any_event_shows_exactly_the_rest(site: Site) -> None:
    async with site.client.stream("/events") as events:
        await hello(events)
        made = [(await site.submit(f"{n}"))["id"] for n in range(5)]
        seen = await jobs(events, 5)
    for n, event in enumerate(seen):
        async with site.client.stream("/events", {"last-event-id": str(event.id)}) as events:
            assert (await hello(events)).data == {"missed": 4 - n}
            assert [e.data["id"] for e in await jobs(events, 4 - n)] == made[n + 1 :]


async def test_the_position_may_come_in_the_address_too(site: Site) -> None:
    made = (await site.submit())["id"]

    async with site.client.stream("/events?lastEventId=0") as events:
        await hello(events)
        [one] = await jobs(events, 1)
        assert one.data["id"] == made


FORGED = ["abc", "-1", "1.5", "1e9", "²", "9" * 18, "9" * 5000, "0x10", "1 2", "$ne"]


async def test_k3_a_forged_position_is_told_to_fetch_anew_and_then_follows(site: Site) -> None:
    for given in [*FORGED, "99999999999999999"]:
        await site.submit()
        async with site.client.stream("/events", {"last-event-id": given}) as events:
            await hello(events)
            assert (await events.named("resync")).data == {}

            made = (await site.submit())["id"]

            while (await events.named("job")).data["id"] != made:
                pass


async def test_k3_a_position_from_before_a_deletion_is_too_old(site: Site) -> None:
    position = await last_position(site)
    made = (await site.submit())["id"]
    await site.client.post(f"/jobs/{made}/cancel")
    await site.client.request("DELETE", f"/jobs/{made}")

    async with site.client.stream("/events", {"last-event-id": str(position)}) as events:
        await hello(events)
        resync = await events.named("resync")
        assert int(str(resync.id)) == await last_position(site)


async def test_k3_more_than_can_be_replayed_is_a_resync(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_routes, "RESUME_LIMIT", 3)
    for _ in range(4):
        await site.submit()

    async with site.client.stream("/events", {"last-event-id": "0"}) as events:
        await hello(events)
        await events.named("resync")
        made = (await site.submit())["id"]
        assert (await jobs(events, 1))[0].data["id"] == made


async def test_a_store_that_is_away_is_a_resync_and_no_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(position: int, limit: int) -> list[Notice]:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(site.store, "since", away)
        async with site.client.stream("/events", {"last-event-id": "12345"}) as events:
            await hello(events)
            await events.named("resync")
            made = (await site.submit())["id"]
            assert (await jobs(events, 1))[0].data["id"] == made


async def test_the_stream_of_one_job_resumes_too(site: Site) -> None:
    mine = (await site.submit("mine"))["id"]
    position = await last_position(site)
    await site.submit("other")
    await site.client.post(f"/jobs/{mine}/cancel")

    async with site.client.stream(f"/jobs/{mine}/events", {"last-event-id": str(position)}) as events:
        assert (await hello(events)).data == {"missed": 1}
        assert (await jobs(events, 1))[0].data["status"] == "CANCELLED"
