"""The webhook processor, and through it all that our outgoing HTTP must survive (E1, E2, E6, E7, E9, E13)."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Deferred, Failed, LaneClosed
from job_processor.processors.base import Processor
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.processors.given import JOB_ID, NOW, attempt, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure, fault_in
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, drip, endless, raw, reset, silence

CERTIFICATES = Path(__file__).parent / "certificates"


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


def webhook(url: str, seconds: float = 20.0, ca_file: str | None = None, **options: str) -> WebhookProcessor:
    around = surroundings(dispatch_timeout_seconds=seconds)
    return WebhookProcessor(WebhookOptions(url=url, ca_file=ca_file, **options), around)


async def outcome(processor: Processor) -> object:
    async with opened(processor):
        return await processor.run(dispatch())


async def trouble(processor: Processor) -> LaneClosed:
    return closed_by(await outcome(processor))


async def fault(processor: Processor) -> JobError:
    return fault_in(await outcome(processor))


async def failed(processor: Processor) -> Failed:
    return failure(await outcome(processor))


async def test_what_is_sent(rogue: Rogue) -> None:
    async with opened(webhook(rogue.url + "/hook", token_env="N8N_TOKEN", token_header="X-Token")) as processor:
        job = dispatch("ä prompt", metadata={"n": 1}, complaint="no JSON", result_schema={"type": "object"})
        assert await processor.run(job) == Accepted(120_000)
    [request] = rogue.requests
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["x-token"] == "n8n-token"
    assert request.json == {
        "jobId": JOB_ID,
        "attempt": 2,
        "prompt": "ä prompt",
        "metadata": {"n": 1},
        "callbackUrl": "http://127.0.0.1:1/webhook/callback",
        "callbackToken": "callback-token",
        "resultSchema": {"type": "object"},
        "complaint": "no JSON",
    }


@pytest.mark.parametrize(
    "behaviour", [answer(204), answer(202, "<html>"), answer(200, b"\xff\xfe"), compressed(200), endless]
)
async def test_every_2xx_is_an_acceptance_whatever_its_body(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    async with opened(webhook(rogue.url)) as processor:
        assert await processor.run(dispatch()) == Accepted(120_000)


@pytest.mark.parametrize("status", [200, 202])
async def test_a_2xx_may_ask_for_the_job_later(rogue: Rogue, status: int) -> None:
    rogue.script = [answer(status, {"againInSeconds": 30}), answer(status, {"jobId": JOB_ID, "againInSeconds": 1.5})]
    async with opened(webhook(rogue.url)) as processor:
        asked = [await processor.run(dispatch()) for _ in range(2)]
    words = "The processor asked to be given the job again in"
    assert asked == [
        Deferred(NOW + 30_000, "again", f"{words} 30 s."),
        Deferred(NOW + 1_500, "again", f"{words} 1.5 s."),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"againInSeconds": 0},
        {"againInSeconds": 604_801},
        {"againInSeconds": "30"},
        {"againInSeconds": None},
        {"againInSeconds": 30, "accepted": True},
        {"againInSeconds": 30, "jobId": "another"},
        [{"againInSeconds": 30}],
        b'{"againInSeconds": 1e999}',
        b'{"againInSeconds": 30} ' + b" " * 600,
    ],
    ids=str,
)
async def test_what_does_not_plainly_ask_for_the_job_later_is_an_acceptance(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(202, body)
    async with opened(webhook(rogue.url)) as processor:
        assert await processor.run(dispatch()) == Accepted(120_000)


async def test_a_connection_is_used_again(rogue: Rogue) -> None:
    async with opened(webhook(rogue.url)) as processor:
        for _ in range(3):
            await processor.run(dispatch())
        assert not rogue.hung_up.is_set()
    assert len(rogue.requests) == 3


async def test_a_cancel_cannot_be_passed_on() -> None:
    assert await webhook("http://127.0.0.1:1").cancel(JOB_ID, attempt()) is None


# --- E1: refused, reset, unknown name, bad certificates ------------------------------------------


async def test_a_closed_port_is_an_outage() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        caught = await trouble(webhook(f"http://127.0.0.1:{port}"))
    assert (caught.trouble, caught.until) == (Trouble.OUTAGE, None)
    assert caught.detail == f"No connection to 127.0.0.1:{port}: Connection refused"


async def test_an_unknown_name_is_an_outage() -> None:
    assert (await trouble(webhook("http://no-such-host.invalid"))).trouble is Trouble.OUTAGE


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (reset, "disconnected"),
        (raw(b""), "disconnected"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), "disconnected"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), "answer_broken"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "answer_garbled"),
        (raw(b"\x00\xff" * 200), "answer_garbled"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "answer_garbled"),
    ],
)
async def test_an_answer_that_breaks_off_or_is_none_is_a_fault_of_the_server(
    rogue: Rogue, behaviour: Behaviour, code: str
) -> None:
    rogue.usual = behaviour
    assert (await fault(webhook(rogue.url))).code in (code, "answer_broken")
    assert len(rogue.requests) == 1  # E13: nothing tries again but the engine.


def served_by(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / certificate)
    return context


@pytest.mark.parametrize(
    ("certificate", "ca_file", "words"),
    [
        ("good.pem", None, "unable to get local issuer"),
        ("expired.pem", "ca.pem", "expired"),
        ("elsewhere.pem", "ca.pem", "mismatch"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_an_outage(certificate: str, ca_file: str | None, words: str) -> None:
    async with Rogue(answer(200)).serve(served_by(certificate)) as rogue:
        caught = await trouble(webhook(rogue.url, ca_file=None if ca_file is None else str(CERTIFICATES / ca_file)))
        assert rogue.requests == []
    assert caught.trouble is Trouble.OUTAGE
    assert words in caught.detail


async def test_a_private_authority_can_be_trusted() -> None:
    async with (
        Rogue(answer(200)).serve(served_by("good.pem")) as rogue,
        opened(webhook(rogue.url, ca_file=str(CERTIFICATES / "ca.pem"))) as processor,
    ):
        assert await processor.run(dispatch()) == Accepted(120_000)


async def test_plain_text_where_tls_is_meant_is_an_outage(rogue: Rogue) -> None:
    assert (await trouble(webhook(rogue.url.replace("http:", "https:"), seconds=2))).trouble is Trouble.OUTAGE


# --- E2: never answers, drips, endless -------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [silence, drip])
async def test_one_deadline_holds_for_the_whole(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    assert (await fault(webhook(rogue.url, seconds=0.5))).code == "dispatch_timeout"


async def test_a_cancelled_job_ends_its_request(rogue: Rogue) -> None:
    rogue.usual = silence
    async with opened(webhook(rogue.url)) as processor:
        task = asyncio.ensure_future(processor.run(dispatch()))
        await rogue.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- E6, E7: what statuses mean ----------------------------------------------------------------


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


# --- E9: bombs (E10, redirects: test_redirects.py) -----------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "gzip, gzip"])
async def test_a_compressed_error_is_not_opened(rogue: Rogue, encoding: str) -> None:
    rogue.usual = compressed(500, encoding)
    assert (await fault(webhook(rogue.url))).message == "HTTP 500"


async def test_a_proxy_in_the_environment_is_not_used(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with opened(webhook(rogue.url)) as processor:
        await processor.run(dispatch())


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "ftp://example.com"}, "url must begin with"),
        ({"url": "http://169.254.169.254/"}, "url leads to an address"),
        ({"url": "http://example.com", "token_env": "NOT_SET"}, "NOT_SET is not set"),
    ],
)
def test_settings_that_cannot_be_used(options: dict[str, str], words: str) -> None:
    with pytest.raises(ProcessorUnusable, match=words):
        WebhookProcessor(msgspec.convert(options, WebhookOptions), surroundings())


@pytest.mark.parametrize("ca_file", ["no-such-file.pem", "README.md"])
def test_certificates_that_are_none(ca_file: str) -> None:
    with pytest.raises(ProcessorUnusable, match="ca_file"):
        webhook("https://example.com", ca_file=str(CERTIFICATES / ca_file))


def test_a_secret_that_a_header_cannot_carry() -> None:
    with pytest.raises(ProcessorUnusable, match="no header can carry"):
        WebhookProcessor(
            WebhookOptions(url="http://example.com", token_env="T"), surroundings(environment={"T": "a\r\nb: c"})
        )
