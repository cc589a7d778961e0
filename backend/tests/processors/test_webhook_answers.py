"""What the answers of a webhook mean: statuses, headers, and bodies that are not opened (E6, E7, E9)."""

from collections.abc import AsyncIterator

import pytest

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted
from tests.processors.given import NOW
from tests.processors.rogue import Rogue, answer, compressed
from tests.processors.webhooks import failed, fault, outcome, trouble, webhook


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({"Retry-After": "7"}, 7_000),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 250),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "315360000"}, 315_360_000_000),
        ({"Retry-After": "whenever"}, None),
        ({}, None),
    ],
)
async def test_429_closes_the_lane_until_then(rogue: Rogue, headers: dict[str, str], wait_ms: int | None) -> None:
    rogue.usual = answer(429, {"error": "slow down"}, headers)
    caught = await trouble(webhook(rogue.url))
    assert caught.trouble is Trouble.RATE_LIMITED
    assert caught.until == (None if wait_ms is None else NOW + wait_ms)
    assert "slow down" in caught.detail
    assert len(rogue.requests) == 1


async def test_503_with_a_time_is_a_limit_and_without_a_fault(rogue: Rogue) -> None:
    rogue.script = [answer(503, headers={"Retry-After": "3"}), answer(503)]
    assert (await trouble(webhook(rogue.url))).until == NOW + 3_000
    assert (await fault(webhook(rogue.url))).code == "http_503"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410])
async def test_a_wrong_address_or_key_is_the_lanes_trouble(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, {"message": "no such thing"})
    caught = await trouble(webhook(rogue.url))
    assert (caught.trouble, caught.until) == (Trouble.MISCONFIGURED, None)
    assert f"HTTP {status}: no such thing" in caught.detail


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (418, False), (422, False), (408, True), (409, True)])
async def test_a_refusal_of_the_job_fails_it(rogue: Rogue, status: int, retryable: bool) -> None:
    rogue.usual = answer(status, {"detail": "no such customer"})
    ended = await failed(webhook(rogue.url))
    assert (ended.error.code, ended.retryable) == (f"http_{status}", retryable)
    assert "no such customer" in ended.error.message


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_prompt_that_is_too_long_ends_the_job(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, {"detail": "prompt too long"})
    ended = await failed(webhook(rogue.url))
    assert (ended.error.code, ended.retryable) == ("too_long", False)
    assert "prompt too long" in ended.error.message


@pytest.mark.parametrize(
    "body", [{"error": None}, {"error": ""}, {"error": "queued twice"}, {"code": 0}, {"status": 200}]
)
async def test_a_2xx_whose_body_names_no_status_of_an_error_is_an_acceptance(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(200, body)
    assert await outcome(webhook(rogue.url)) == Accepted(120_000)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_counts(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, "<html>oops</html>")
    caught = await fault(webhook(rogue.url))
    assert (caught.code, caught.message) == (f"http_{status}", f"HTTP {status}: oops")


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "gzip, gzip"])
async def test_a_compressed_error_is_not_opened(rogue: Rogue, encoding: str) -> None:
    rogue.usual = compressed(500, encoding)
    assert (await fault(webhook(rogue.url))).message == "HTTP 500"
