"""Webhooks are sent: to whom, signed how, again when, and never to a forbidden address."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from job_processor.acts.webhook_endpoints import NewEndpoint
from job_processor.core.errors import EndpointNotFound
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import DeliveryState
from job_processor.outgoing.notices import ANSWER_BYTES, NoticeSender
from job_processor.workers import deliverer
from job_processor.workers.deliverer import MAX_PER_LANE, _Failed
from tests.processors.rogue import Rogue, answer
from tests.support.clock import Clock
from tests.support.site import Site
from tests.support.waiting import until, until_true
from tests.webhooks.receiving import cancelled, deliveries, endpoint, is_signed, received, sending_site, settled, tried


async def test_an_end_is_told_to_the_job_s_own_webhook_and_to_endpoints(tmp_path: Path) -> None:
    async with (
        Rogue(answer(200)).serve() as mine,
        Rogue(answer(204)).serve() as standing,
        sending_site(tmp_path) as site,
    ):
        made = await endpoint(site, standing)
        job_id = await cancelled(site, webhook={"url": f"{mine.url}/me?token=1"}, tags=["a"])
        [to_me], [to_it] = await received(mine, 1), await received(standing, 1)
        assert (to_me.target, to_it.target) == ("/me?token=1", "/hook")
        assert to_me.body == to_it.body
        told = to_me.json
        assert (told["type"], told["data"]["id"], told["data"]["tags"]) == ("job.cancelled", job_id, ["a"])  # type: ignore[index]  # JSON
        assert to_me.headers["content-type"] == "application/json"
        [my_secret] = site.acts.webhooks.of_owner("")
        assert is_signed(to_me, my_secret)
        assert is_signed(to_it, made.secret)
        assert not is_signed(to_me, made.secret)
        assert to_me.headers["webhook-id"] != to_it.headers["webhook-id"]
        done = await settled(site, 2)
        assert {one.state for one in done} == {DeliveryState.DELIVERED}
        assert {one.message_id for one in done} == {to_me.headers["webhook-id"], to_it.headers["webhook-id"]}


async def test_the_end_of_a_batch_is_told_and_signed_for_its_owner(tmp_path: Path) -> None:
    async with Rogue(answer(200)).serve() as mine, sending_site(tmp_path) as site:
        sent = {"jobs": [{"prompt": "p"}], "webhookUrl": f"{mine.url}/batch"}
        batch = (await site.client.post("/batches", sent)).json()
        await site.client.post(f"/batches/{batch['id']}/cancel")
        await site.acts.batches.tend(10)
        [told] = await received(mine, 1)
        assert (told.target, told.json["type"]) == ("/batch", "batch.ended")
        [secret] = site.acts.webhooks.of_owner("")
        assert is_signed(told, secret)
        assert (await settled(site))[0].state is DeliveryState.DELIVERED


async def test_only_the_ends_that_were_asked_for_are_told(tmp_path: Path) -> None:
    async with Rogue(answer(200)).serve() as mine, sending_site(tmp_path) as site:
        await cancelled(site, webhook={"url": mine.url, "events": ["completed", "failed"]})
        await cancelled(site)
        last = await cancelled(site, webhook={"url": mine.url, "events": ["cancelled"]})
        [told] = await received(mine, 1)
        assert json.loads(told.body)["data"]["id"] == last
        assert len(await settled(site)) == 1


async def test_a_try_that_failed_is_repeated_with_the_same_bytes_and_a_new_signature(
    tmp_path: Path, clock: Clock
) -> None:
    answers = [
        answer(500, "<html><title>Oops</title>whsec_abcdefghijklmnop</html>"),
        answer(302, "", {"Location": "/x"}),
    ]
    async with Rogue(answer(200), answers).serve() as mine, sending_site(tmp_path, now=clock.now) as site:
        await cancelled(site, webhook={"url": mine.url})
        first = await tried(site)
        assert (first.state, first.tries[0].status) == (DeliveryState.PENDING, 500)
        assert "Oops" in first.tries[0].answer
        assert "whsec" not in first.tries[0].answer
        assert first.next_at is not None
        for times in (2, 3):
            clock.at = (await tried(site, times - 1)).next_at or 0
            await received(mine, times)
            await tried(site, times)
        done = (await settled(site))[0]
        # The redirect was not followed.
        assert [one.status for one in done.tries] == [500, 302, 200]
        assert {one.target for one in mine.requests} == {"/"}
        assert (
            len({one.body for one in mine.requests}) == len({one.headers["webhook-id"] for one in mine.requests}) == 1
        )
        assert len({one.headers["webhook-signature"] for one in mine.requests}) == 3


@pytest.mark.parametrize(("status", "header"), [(429, "120"), (503, "120"), (503, None)])
async def test_a_receiver_may_ask_for_a_pause_and_its_lane_keeps_it(
    tmp_path: Path, clock: Clock, status: int, header: str | None
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    pause = [answer(status, "", headers)]
    async with Rogue(answer(200), pause).serve() as mine, sending_site(tmp_path, now=clock.now) as site:
        await cancelled(site, webhook={"url": mine.url})
        one = await tried(site)
        assert one.next_at is not None
        if header is None:
            assert one.next_at - clock.at < 10_000
        else:
            assert one.next_at - clock.at >= 120_000
            # Others to the same receiver wait too.
            await cancelled(site, webhook={"url": mine.url})
            clock.forward(121_000)
            await received(mine, 3)
            assert {r.headers["webhook-timestamp"] for r in mine.requests[1:]} == {str(clock.at // 1000)}


async def test_no_receiver_can_ask_for_a_pause_of_more_than_a_day(tmp_path: Path, clock: Clock) -> None:
    pause = [answer(429, "", {"Retry-After": str(365 * 86_400)})]
    async with Rogue(answer(200), pause).serve() as mine, sending_site(tmp_path, now=clock.now) as site:
        await cancelled(site, webhook={"url": f"{mine.url}/one"})
        await tried(site)
        # Another receiver of the same host is not held up for longer either.
        await cancelled(site, webhook={"url": f"{mine.url}/other"})
        clock.forward(86_400_000 + 1_000)
        assert {one.target for one in (await received(mine, 3))[1:]} == {"/one", "/other"}


@pytest.mark.parametrize("how", ["moved", "disabled"])
async def test_a_pause_is_kept_for_no_other_receiver(tmp_path: Path, clock: Clock, how: str) -> None:
    """The endpoint has another URL now, or is disabled: what is due is sent there, or given up."""
    pause = answer(503, "", {"Retry-After": "86400"})
    async with (
        Rogue(pause).serve() as old,
        Rogue(answer(200)).serve() as new,
        sending_site(tmp_path, now=clock.now) as site,
    ):
        made = (await endpoint(site, old)).endpoint
        await cancelled(site)
        paused = await tried(site)
        if how == "moved":
            await site.acts.webhooks.change(made.id, NewEndpoint(f"{new.url}/hook", tuple(WebhookEvent)))
        else:
            await site.acts.webhooks.disable(made.id)
        await site.acts.deliveries.replay(paused.id)
        [one] = await settled(site)
        assert (len(old.requests), len(new.requests)) == (1, how == "moved")
        assert one.state is (DeliveryState.DELIVERED if how == "moved" else DeliveryState.FAILED)


@pytest.mark.parametrize(("newest", "places"), [(_Failed(10**15, None, "http://other"), 0), (None, MAX_PER_LANE)])
async def test_a_try_that_ends_while_its_endpoint_is_looked_up_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest: _Failed | None, places: int
) -> None:
    async with sending_site(tmp_path) as site:
        [loop] = [one for one in site.loops if isinstance(one, deliverer.Deliverer)]

        async def changed(endpoint_id: str) -> None:
            loop._failing.clear()
            if newest is not None:
                loop._failing["a lane"] = newest
            raise EndpointNotFound(endpoint_id)

        monkeypatch.setattr(site.acts.webhooks, "cached", changed)
        loop._failing["a lane"] = _Failed(0, "its endpoint", "http://one")
        assert await loop._free_of("a lane") == places


async def test_what_cannot_even_be_sent_counts_as_a_failed_try(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault that nobody thought of")

    async with sending_site(tmp_path, now=clock.now) as site:
        monkeypatch.setattr(NoticeSender, "send", broken)
        await cancelled(site, webhook={"url": "http://receiver.example/"})
        one = await tried(site)
        assert (one.round, one.tries[0].error) == (1, deliverer.NOT_SENT)
        assert one.next_at is not None
        assert one.next_at - clock.at <= 6_000


async def test_a_bounded_number_of_failing_receivers_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "MAX_FAILING_LANES", 3)
    async with Rogue(answer(500)).serve() as failing, sending_site(tmp_path) as site:
        for n in range(6):
            await cancelled(site, webhook={"url": f"http://127.0.0.{n + 1}:{failing.port}/"})
        await until_tried(site, 6)
        [loop] = [one for one in site.loops if isinstance(one, deliverer.Deliverer)]
        assert len(loop._failing) == 3


async def until_tried(site: Site, number: int) -> None:
    async def look() -> bool:
        return sum(bool(one.tries) for one in await deliveries(site)) == number

    await until(look, f"{number} tries")


async def test_a_receiver_that_does_not_answer_delays_no_other(tmp_path: Path) -> None:
    async def never(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with (
        Rogue(never).serve() as dead,
        Rogue(answer(200)).serve() as alive,
        sending_site(tmp_path, seconds=60) as site,
    ):
        for _ in range(3 * MAX_PER_LANE):
            await cancelled(site, webhook={"url": dead.url})
        for _ in range(20):
            await cancelled(site, webhook={"url": alive.url})
        await received(alive, 20)
        assert len(dead.requests) <= MAX_PER_LANE


async def test_the_time_of_an_answer_is_bounded(tmp_path: Path, clock: Clock) -> None:
    async def never(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with Rogue(never).serve() as mine, sending_site(tmp_path, now=clock.now, seconds=2) as site:
        await cancelled(site, webhook={"url": mine.url})
        late = await tried(site)
        assert late.tries[0].error is not None
        assert "within 2 seconds" in late.tries[0].error
        clock.at = late.next_at or 0
        await tried(site, 2)


async def test_the_size_of_an_answer_is_bounded(tmp_path: Path) -> None:
    async with Rogue(answer(500, b"x" * (2 * ANSWER_BYTES))).serve() as mine, sending_site(tmp_path) as site:
        await cancelled(site, webhook={"url": mine.url})
        long = await tried(site)
        assert (long.tries[0].status, long.tries[0].answer) == (500, "")
        assert long.tries[0].error is not None
        assert "longer than" in long.tries[0].error


def name_is(monkeypatch: pytest.MonkeyPatch, look: Callable[[], list[object]]) -> None:
    """``look`` answers for every name, in the thread of whoever asks."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: look())


async def test_names_that_are_slow_to_resolve_hold_up_nothing_else_in_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, over = threading.Semaphore(0), threading.Event()

    def slow() -> list[object]:
        asked.release()
        over.wait(60)
        return []

    # As many threads as there are on the smallest machine.
    loop = asyncio.get_running_loop()
    common = ThreadPoolExecutor(5)
    loop.set_default_executor(common)
    name_is(monkeypatch, slow)
    try:
        async with sending_site(tmp_path) as site:
            for n in range(10):
                await cancelled(site, webhook={"url": f"http://slow-{n}.example/"})
            for _ in range(10):
                await until_true(lambda: asked.acquire(blocking=False), "a look-up")
            assert await asyncio.to_thread(lambda: "done") == "done"
            over.set()
    finally:
        over.set()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "fd00:ec2::254", "::1", "0.0.0.0"])
async def test_a_name_of_a_forbidden_address_is_not_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    name_is(monkeypatch, lambda: [(kind, socket.SOCK_STREAM, 6, "", (address, 80))])
    async with sending_site(tmp_path, allow_private=False) as site:
        await cancelled(site, webhook={"url": "http://innocent.example/"})
        one = await tried(site)
        assert one.tries[0].error is not None
        assert "leads to an address that" in one.tries[0].error


async def test_a_url_with_a_private_address_is_refused_when_it_comes_and_when_it_is_sent(tmp_path: Path) -> None:
    async with Rogue(answer(200)).serve() as mine, sending_site(tmp_path, allow_private=False) as site:
        told = {"prompt": "p", "webhook": {"url": mine.url}}
        for body, path, field in (
            (told, "/jobs", "webhook.url"),
            ({"jobs": [{"prompt": "p"}, told]}, "/batches", "webhook.url"),
            ({"jobs": [{"prompt": "p"}], "webhookUrl": mine.url}, "/batches", "webhookUrl"),
            ({"url": mine.url}, "/webhook-endpoints", "url"),
        ):
            refused = await site.client.post(path, body)
            assert (refused.status, refused.json()["errors"][0]["field"]) == (422, field)
            assert "is private" in refused.text
        # As if the setting had been taken back since.
        site.context.webhook_private_addresses = True
        await cancelled(site, webhook={"url": mine.url})
        one = await tried(site)
        assert one.tries[0].error == "The URL leads to an address that is private."
        assert mine.requests == []
