"""Keys in the memory of a process: no look-up at each request, a change counts at once, requests end with their key."""

import asyncio
from collections.abc import Sequence

import pytest

from job_processor.core.access import ApiKey, Right
from job_processor.core.key_text import key_text
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem
from tests.support.waiting import until_true

MINUTE = {"prefer": "wait=60"}


# --- the end of a key ---


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_an_event_stream_ends_with_its_key(guarded: Guarded, how: str) -> None:
    key = await guarded.key(Right.READ, expires_at=guarded.site.store.now() + 1_000)
    async with guarded.site.client.stream("/events", bearer(key)) as stream:
        await stream.named("hello")
        await guarded.site.acts.credentials.refresh()
        if how == "revoked":
            await guarded.revoke(key)
        else:
            guarded.clock.forward(1_001)
        await guarded.site.acts.credentials.refresh()
        assert await stream.next() is None


async def test_a_held_request_ends_with_its_key(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    key = await guarded.key(Right.READ, Right.SUBMIT)
    job = (await guarded.site.client.post("/jobs", {"prompt": "p"}, admin)).json()["id"]
    reading = asyncio.create_task(guarded.site.client.get(f"/jobs/{job}", {**bearer(key), **MINUTE}))
    submitting = asyncio.create_task(guarded.site.client.post("/jobs", {"prompt": "q"}, {**bearer(key), **MINUTE}))
    async with asyncio.timeout(20):
        await until_true(lambda: guarded.site.bus.listeners == 2)
        await guarded.revoke(key)
        await guarded.site.acts.credentials.refresh()
        assert_problem(await reading, 401)
        # The job was stored: its sender gets to know it as it was then.
        reply = await submitting
    assert (reply.status, reply.json()["status"]) == (201, "PENDING")


# --- what it costs ---


async def test_a_request_reads_no_key_from_the_store(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bearer(await guarded.key(Right.READ))
    assert (await guarded.site.client.get("/session", key)).status == 200
    reads = 0

    async def counted() -> list[ApiKey]:
        nonlocal reads
        reads += 1
        raise AssertionError("a look-up")

    monkeypatch.setattr(guarded.site.store, "api_keys", counted)
    for n in range(200):
        wrong = bearer(key_text(f"{n:010d}", "A" * 32))
        assert (await guarded.site.client.get("/session", key)).status == 200
        assert_problem(await guarded.site.client.get("/session", wrong), 401)
    assert reads == 0


async def test_a_read_that_began_before_a_key_changed_is_not_the_last(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await guarded.key(Right.READ)
    read, begun, go_on = guarded.site.store.api_keys, asyncio.Event(), asyncio.Event()

    async def slow() -> Sequence[ApiKey]:
        found = await read()
        begun.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(guarded.site.store, "api_keys", slow)
    early = asyncio.create_task(guarded.site.client.get("/session", bearer(key)))
    await begun.wait()
    monkeypatch.setattr(guarded.site.store, "api_keys", read)
    await guarded.revoke(key)
    late = asyncio.create_task(guarded.site.client.get("/session", bearer(key)))
    await asyncio.sleep(0)
    go_on.set()
    assert_problem(await late, 401)
    await early
    assert_problem(await guarded.site.client.get("/session", bearer(key)), 401)


async def test_the_last_use_is_noted_to_the_minute_and_not_at_each_request(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await guarded.key(Right.READ)
    writes: list[dict[str, int]] = []
    mark = guarded.site.store.mark_keys_used

    async def counted(times: dict[str, int]) -> None:
        writes.append(dict(times))
        await mark(times)

    monkeypatch.setattr(guarded.site.store, "mark_keys_used", counted)
    minute = guarded.clock.now() - guarded.clock.now() % 60_000
    for _ in range(50):
        assert (await guarded.site.client.get("/session", bearer(key))).status == 200
    assert writes == []
    await guarded.site.acts.credentials.flush()
    await guarded.site.acts.credentials.flush()
    assert writes == [{key.split("_")[1]: minute}]
    [stored] = await guarded.site.store.api_keys()
    assert stored.last_used_at == minute


async def test_a_key_in_use_ends_when_it_expires(guarded: Guarded) -> None:
    ends = guarded.clock.now() + 1_500
    key = bearer(await guarded.key(Right.READ, expires_at=ends))
    while guarded.clock.now() < ends:
        assert (await guarded.site.client.get("/session", key)).status == 200
        guarded.clock.forward(500)
    assert_problem(await guarded.site.client.get("/session", key), 401)


async def test_the_text_of_a_key_is_kept_no_longer_than_it_is_in_use(guarded: Guarded) -> None:
    credentials = guarded.site.acts.credentials
    keys = [await guarded.key(Right.READ) for _ in range(3)]
    for key in keys * 3:
        assert (await guarded.site.client.get("/session", bearer(key))).status == 200
    for n in range(20):
        assert_problem(await guarded.site.client.get("/session", bearer(key_text(f"{n:010d}", "A" * 32))), 401)
    assert credentials.texts == 3
    await credentials.refresh()
    assert credentials.texts == 0
    assert (await guarded.site.client.get("/session", bearer(keys[0]))).status == 200
    assert credentials.texts == 1
    await guarded.revoke(keys[1])
    assert credentials.texts == 0
