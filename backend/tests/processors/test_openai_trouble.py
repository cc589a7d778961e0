"""A model server that is away, slow, full, or wants something else (E1, E2, E6, E7, E9, E13)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from job_processor.core.lane import Trouble
from tests.processors.chat import chunk, error, stream
from tests.processors.given import NOW
from tests.processors.models import failed, fault, model, trouble
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, drip, events, murmur, raw, reset, silence


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


# --- E1, E2, E13 -----------------------------------------------------------------------------------


async def test_a_closed_port_is_an_outage(rogue: Rogue) -> None:
    assert (await trouble(model(rogue, base_url="http://127.0.0.1:1/v1"))).trouble is Trouble.OUTAGE


async def test_an_unknown_name_is_an_outage(rogue: Rogue) -> None:
    assert (await trouble(model(rogue, base_url="http://no-such-host.invalid"))).trouble is Trouble.OUTAGE


@pytest.mark.parametrize("behaviour", [reset, raw(b""), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")])
async def test_a_torn_connection_counts_and_is_not_tried_again(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    assert (await fault(model(rogue))).code in ("disconnected", "answer_broken")
    assert len(rogue.requests) == 1


async def test_a_stream_that_is_torn(rogue: Rogue) -> None:
    rogue.usual = events(chunk("Hel"), then=reset, headers={"Content-Length": "99999"})
    ended = await failed(model(rogue))
    assert ended.error.code in ("disconnected", "answer_broken")
    assert (ended.retryable, ended.partial) == (True, "Hel")


@pytest.mark.parametrize(
    "behaviour", [silence, drip, events(chunk("Hel"), then=silence), events(chunk("Hel"), then=murmur)]
)
async def test_one_deadline_holds_for_the_whole(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    assert (await failed(model(rogue, seconds=2))).error.code == "dispatch_timeout"
    assert len(rogue.requests) == 1


# --- E6, E7 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({"retry-after-ms": "250", "Retry-After": "7"}, 250),
        ({"Retry-After": "7"}, 7_000),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_limit_closes_the_lane(rogue: Rogue, status: int, headers: dict[str, str], wait_ms: int | None) -> None:
    rogue.usual = answer(status, error("rate_limit_exceeded", "slow down"), headers)
    if status == 503 and wait_ms is None:
        assert (await fault(model(rogue))).code == "http_503"
    else:
        caught = await trouble(model(rogue))
        assert (caught.trouble, caught.until) == (Trouble.RATE_LIMITED, None if wait_ms is None else NOW + wait_ms)
        assert "slow down" in caught.detail
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_address_is_the_lanes_trouble(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, error("x", "no such model"))
    caught = await trouble(model(rogue))
    assert caught.trouble is Trouble.MISCONFIGURED
    assert "no such model" in caught.detail


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (418, False), (422, False), (409, True)])
async def test_a_refusal_of_the_job_fails_it(rogue: Rogue, status: int, retryable: bool) -> None:
    rogue.usual = answer(status, error("odd", "no such customer"))
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == (f"http_{status}", retryable)
    assert "no such customer" in ended.error.message


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_prompt_too_long_for_the_model_ends_the_job(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, error("context_length_exceeded", "4097 of them"))
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == ("too_long", False)
    assert "4097 of them" in ended.error.message


@pytest.mark.parametrize(
    "body",
    [
        error("content_filter", "The response was filtered"),
        {"error": {"message": "filtered", "code": "400", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
    ],
)
async def test_a_filtered_prompt_ends_the_job(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(400, body)
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == ("content_filter", False)


@pytest.mark.parametrize(
    "body", ["<html>bad gateway</html>", b"\xff\xfe", "[" * 100_000, "null", {"error": "x"}, {"error": [1]}]
)
async def test_a_server_error_counts_whatever_its_body(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(502, body)
    assert (await fault(model(rogue))).code == "http_502"


async def test_an_error_without_end_is_read_no_further_than_needed(rogue: Rogue) -> None:
    async def endless_error(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    rogue.usual = endless_error
    assert (await fault(model(rogue))).code == "http_500"


# --- E9 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_a_compressed_answer_is_refused_unopened(rogue: Rogue, encoding: str) -> None:
    rogue.script = [compressed(200, encoding), compressed(500, encoding)]
    assert (await trouble(model(rogue))).trouble is Trouble.MISCONFIGURED
    assert (await fault(model(rogue))).code == "http_500"
