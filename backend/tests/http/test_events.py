"""Rows K2, K5, K7: server-sent events are hints that never burden others."""

import asyncio
from pathlib import Path

import pytest

from job_processor import bus as bus_module
from job_processor.core.job import State
from job_processor.core.outcome import Accepted, Succeeded
from job_processor.http.connection_limits import Limits
from job_processor.http.routes import events as event_routes
from job_processor.store.base import Notice, Resync
from tests.http.event_streams import at_once, hello, jobs
from tests.http.problems import assert_problem
from tests.support.site import Site, open_site
from tests.support.waiting import until_true

__all__ = ["at_once"]


async def test_a_follower_sees_each_change_and_can_fetch_it(site: Site) -> None:
    async with site.client.stream("/events") as events:
        status, headers = await events.head()
        assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store, no-transform", "no")
        assert (await hello(events)).data == {"missed": 0}

        made = await site.submit()
        [one] = await jobs(events, 1)

        assert one.data == {"id": made["id"], "status": "PENDING", "flow": "main", "rev": 1}
        await site.say(await site.claim(), Accepted(60_000))
        await site.callback({"jobId": made["id"], "result": "r"})
        seen: list[str] = []
        while not seen or seen[-1] != "COMPLETED":
            seen += [event.data["status"] for event in await jobs(events, 1)]
        assert seen in (
            ["RUNNING", "WAITING", "COMPLETED"],
            ["WAITING", "COMPLETED"],
            ["RUNNING", "COMPLETED"],
            ["COMPLETED"],
        )


async def test_a_deleted_job_is_told_without_a_status(site: Site) -> None:
    made = await site.submit()
    await site.client.post(f"/jobs/{made['id']}/cancel")
    async with site.client.stream("/events") as events:
        await hello(events)
        await site.client.request("DELETE", f"/jobs/{made['id']}")

        [one] = await jobs(events, 1)

        assert (one.data["id"], one.data["status"]) == (made["id"], None)


async def test_the_stream_of_one_job_tells_of_that_job_only(site: Site) -> None:
    mine, other = (await site.submit("mine"))["id"], (await site.submit("other"))["id"]
    async with site.client.stream(f"/jobs/{mine}/events") as events:
        await hello(events)
        await site.client.post(f"/jobs/{other}/cancel")
        await site.client.post(f"/jobs/{mine}/cancel")

        [one] = await jobs(events, 1)

        assert (one.data["id"], one.data["status"]) == (mine, "CANCELLED")
    assert other not in events.raw.decode()


async def test_k5_a_quiet_stream_is_kept_alive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_routes, "HEARTBEAT_SECONDS", 0.01)
    async with site.client.stream("/events") as events:
        await hello(events)
        for _ in range(3):
            beat = await events.next()
            assert beat is not None
            assert beat.name == ":"


async def test_k7_no_text_of_a_job_can_forge_an_event(site: Site) -> None:
    async with site.client.stream("/events") as events:
        await hello(events)
        made = await site.submit("x\n\nevent: resync\nid: 1\ndata: {}\n\n", tags=["\n\ndata: forged\n\n"])
        await site.callback({"jobId": made["id"], "result": "\r\n\r\nevent: job\r\ndata: {}\r\n\r\n"})
        seen = await jobs(events, 1)
        while seen[-1].data["status"] != "COMPLETED":
            seen += await jobs(events, 1)

    assert {event.data["id"] for event in seen} == {made["id"]}
    assert b"resync" not in events.raw
    assert b"forged" not in events.raw


async def test_a_span_of_changes_goes_out_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a batch is held back the changes of one job become one event: its newest."""
    span = 12_345.0
    over = asyncio.Event()
    sleep = asyncio.sleep

    async def held(seconds: float) -> None:
        await (over.wait() if seconds == span else sleep(seconds))

    monkeypatch.setattr(event_routes, "BATCH_SECONDS", span)
    monkeypatch.setattr("job_processor.http.routes.events.asyncio.sleep", held)
    async with site.client.stream("/events") as events:
        await hello(events)
        first = (await site.submit("opens the span"))["id"]
        await jobs(events, 1)
        second = (await site.submit())["id"]
        with site.bus.listen(second) as seen:
            await site.say(await site.claim(), Succeeded("r"))
            await site.say(await site.claim(), Succeeded("r"))
            told = await seen.take()
            while getattr(told[-1], "state", None) is not State.COMPLETED:
                told = await seen.take()
        over.set()

        last = await jobs(events, 2)

    assert [(event.data["id"], event.data["status"]) for event in last] == [
        (first, "COMPLETED"),
        (second, "COMPLETED"),
    ]


async def test_streams_end_when_the_process_stops(site: Site) -> None:
    async with site.client.stream("/events") as events:
        await hello(events)

        site.bus.close()

        while (event := await events.next()) is not None:
            assert event.name == ":"


async def test_a_client_that_goes_away_leaves_nothing_behind(site: Site) -> None:
    for _ in range(5):
        async with site.client.stream("/events") as events:
            await hello(events)
            assert site.bus.listeners == 1
    assert site.bus.listeners == 0


async def test_k1_beyond_the_cap_a_stream_is_refused_and_told_when_to_come_again(tmp_path: Path) -> None:
    async with open_site(tmp_path, limits=Limits(streams=1, streams_per_address=1)) as site:
        await the_second_stream_is_refused(site)


async def the_second_stream_is_refused(site: Site) -> None:
    job = (await site.submit())["id"]
    held = asyncio.create_task(site.client.get(f"/jobs/{job}", {"prefer": "wait=60"}))
    await until_true(lambda: site.bus.listeners == 1, "the wait, which is no stream")
    async with site.client.stream("/events") as events:
        await hello(events)
        reply = await site.client.get("/events")
        assert assert_problem(reply, 503)["code"] == "too_many_streams"
        assert reply.headers["retry-after"] == "10"
    async with site.client.stream("/events") as events:
        await hello(events)
    await site.callback({"jobId": job, "result": "r"})
    assert (await held).json()["status"] == "COMPLETED"


def notice(job: int, position: int) -> Notice:
    return Notice(position, f"{job:024x}", State.PENDING, "main", 1, 0)


async def test_k2_a_listener_that_never_reads_keeps_one_notice_a_job() -> None:
    hub = bus_module.Bus()
    with hub.listen() as listener:
        for position in range(1, 10_001):
            hub.publish(notice(position % 10, position))

        taken = await listener.take()

        assert [n.position for n in taken] == list(range(9_991, 10_001))


async def test_k2_a_listener_too_far_behind_is_told_to_fetch_anew() -> None:
    hub = bus_module.Bus()
    with hub.listen() as slow, hub.listen() as other:
        for position in range(1, bus_module.PENDING_LIMIT + 4):
            hub.publish(notice(position, position))
            if position == 1:
                assert await other.take() == [notice(1, 1)]

        taken = await slow.take()

        assert taken[0] == Resync(bus_module.PENDING_LIMIT + 1)
        assert [n.position for n in taken[1:]] == [bus_module.PENDING_LIMIT + 2, bus_module.PENDING_LIMIT + 3]


async def test_a_listener_of_a_closed_bus_does_not_wait() -> None:
    hub = bus_module.Bus()
    hub.close()
    with hub.listen() as listener:
        assert listener.closed
        assert await listener.take() == []
        assert await listener.take() == []


async def test_a_completed_job_is_seen_by_every_follower(site: Site) -> None:
    async with site.client.stream("/events") as one, site.client.stream("/events") as two:
        await hello(one)
        await hello(two)
        await site.submit()
        await site.say(await site.claim(), Succeeded("r"))
        for events in (one, two):
            while (await events.named("job")).data["status"] != "COMPLETED":
                pass
