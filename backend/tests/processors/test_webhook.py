"""The webhook processor, and through it all that our outgoing HTTP must survive (E1, E2, E13)."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Deferred
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.processors.given import JOB_ID, NOW, attempt, dispatch, opened, surroundings
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, drip, endless, raw, reset, silence
from tests.processors.webhooks import fault, trouble, webhook

CERTIFICATES = Path(__file__).parent / "certificates"


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


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
    assert (await fault(webhook(rogue.url, seconds=2))).code == "dispatch_timeout"


async def test_a_cancelled_job_ends_its_request(rogue: Rogue) -> None:
    rogue.usual = silence
    async with opened(webhook(rogue.url)) as processor:
        task = asyncio.ensure_future(processor.run(dispatch()))
        await rogue.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- E9: bombs are in test_webhook_answers.py; E10, redirects, in test_redirects.py ----------------


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
