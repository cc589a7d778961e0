"""Rows F5 to F9: no callback without proof, and no refusal tells more than another."""

import base64
import gc
from collections import Counter
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from job_processor.core.outcome import Accepted
from job_processor.http.unauthenticated import LIMIT_PER_MINUTE, MAX_ADDRESSES, UnauthenticatedCallbacks
from job_processor.signing import CallbackSigner
from tests.http.problems import assert_problem
from tests.support.asgi import Client, Reply
from tests.support.clock import Clock
from tests.support.served import served
from tests.support.site import SECRET, Site

UNKNOWN = "ffffffffffffffffffffffff"


async def waiting(site: Site) -> str:
    made = await site.submit()
    await site.say(await site.claim(), Accepted(60_000))
    return str(made["id"])


def without_request_id(reply: Reply) -> dict[str, object]:
    """Every byte of a refusal but the request's own id."""
    own = str(assert_problem(reply, 401)["requestId"])
    headers = {k: v for k, v in reply.headers.items() if k != "x-request-id"}
    return {"body": reply.body.replace(own.encode(), b""), "headers": headers}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def forgeries(site: Site, job: str) -> dict[str, dict[str, str]]:
    other = (await site.submit())["id"]
    good = site.token(job, 1)
    said, _, mac = good.rpartition(".")
    version, _, attempt, expires = said.split(".")
    return {
        "nothing": {},
        "an empty secret": {"x-webhook-secret": ""},
        "a wrong secret": {"x-webhook-secret": "wrong"},
        "the secret in another case": {"x-webhook-secret": SECRET.upper()},
        "the secret cut short": {"x-webhook-secret": SECRET[:-1]},
        "the secret and more": {"x-webhook-secret": SECRET + "x"},
        "a non-ASCII secret": {"x-webhook-secret": "ÿ" * 40},
        "a secret of 1 MB": {"x-webhook-secret": "s" * 1_000_000},
        "the secret as bearer": bearer(SECRET),
        "the secret as basic": {"authorization": "Basic " + base64.b64encode(f"a:{SECRET}".encode()).decode()},
        "an empty token": bearer(""),
        "a token of another job": bearer(site.token(other, 1)),
        "a token of another job, renamed": bearer(f"{version}.{job}.{attempt}.{expires}.{site.token(other)[-43:]}"),
        "a token cut short": bearer(good[:-1]),
        "a token and more": bearer(good + "A"),
        "a token in upper case": bearer(good.upper()),
        "a token without mac": bearer(said + "."),
        "a token of another version": bearer(f"v2.{job}.{attempt}.{expires}.{mac}"),
        "a token of another attempt": bearer(f"{version}.{job}.2.{expires}.{mac}"),
        "a token that lives longer": bearer(f"{version}.{job}.{attempt}.{int(expires) + 1}.{mac}"),
        "a token that has ended": bearer(site.token(job, 1, seconds=-1)),
        "a token of another secret": bearer(CallbackSigner(["x" * 32]).token(job, 1, 4_000_000_000)),
        "a token with a nan": bearer(f"v1.{job}.1.nan.{mac}"),
        "a token with 1e400": bearer(f"v1.{job}.1.1e400.{mac}"),
        "a token with other digits": bearer(f"v1.{job}.1.\u00b2.{mac}"),
        "a non-ASCII token": bearer("v1.ÿ.1.1.ÿ"),
        "a token of dots": bearer("." * 1000),
        "a token of 1 MB": bearer("v1." * 300_000),
        "another scheme": {"authorization": f"Token {good}"},
        "the token alone": {"authorization": good},
    }


async def test_f5_every_forgery_gets_the_same_401_and_changes_nothing(site: Site) -> None:
    job = await waiting(site)
    before = await site.job(job)
    seen = {}
    for name, headers in (await forgeries(site, job)).items():
        reply = await site.client.post("/webhook/callback", {"jobId": job, "result": "forged"}, headers)
        assert reply.status == 401, name
        seen[name] = without_request_id(reply)

    first = seen["nothing"]
    assert {name: one for name, one in seen.items() if one != first} == {}
    assert await site.job(job) == before


async def test_f5_refusals_are_written_down_and_bounded_and_a_proof_is_taken_all_the_same(site: Site) -> None:
    job = await waiting(site)
    with capture_logs() as lines:
        replies = [
            await site.callback({"jobId": job, "result": "x"}, secret="wrong") for _ in range(LIMIT_PER_MINUTE + 20)
        ]

    assert Counter(reply.status for reply in replies) == {401: LIMIT_PER_MINUTE, 429: 20}
    assert assert_problem(replies[-1], 429)["code"] == "too_many_refusals"
    assert replies[-1].headers["retry-after"] == "60"
    audit = [line for line in lines if line["event"] == "callback_refused"]
    assert len(audit) == LIMIT_PER_MINUTE
    assert audit[0] == {
        "event": "callback_refused",
        "log_level": "warning",
        "address": "127.0.0.1",
        "path": "/webhook/callback",
    }
    assert (await site.callback({"jobId": job, "result": "x"})).status == 200


def test_f5_forgeries_from_ever_new_addresses_fill_no_memory() -> None:
    unauthenticated = UnauthenticatedCallbacks()
    for number in range(3 * MAX_ADDRESSES):
        scope = {"type": "http", "path": "/webhook/callback", "headers": [], "client": (f"2001:db8::{number:x}", 1)}
        with capture_logs():
            assert unauthenticated.refused(Request(scope)).status == 401
        assert unauthenticated.address_count <= MAX_ADDRESSES


async def test_f5_a_proof_that_is_not_in_its_header_is_none(site: Site) -> None:
    job = await waiting(site)
    before, token = await site.job(job), site.token(job, 1)
    refused = without_request_id(await site.callback({"jobId": job, "result": "x"}, secret=None))
    for name, value in (
        ("x-webhook-secret", SECRET),
        ("webhookSecret", SECRET),
        ("secret", SECRET),
        ("authorization", f"Bearer {token}"),
        ("callbackToken", token),
        ("token", token),
    ):
        body = {"jobId": job, "result": "x"}
        in_body = await site.client.post("/webhook/callback", {**body, name: value})
        in_address = await site.client.post(f"/webhook/callback?{urlencode({name: value})}", body)
        in_cookie = await site.client.post("/webhook/callback", body, {"cookie": f"{name}={value}"})
        for reply in (in_body, in_address, in_cookie):
            assert without_request_id(reply) == refused, name
    assert await site.job(job) == before


async def test_f8_an_unknown_job_and_a_known_one_cannot_be_told_apart_without_proof(site: Site) -> None:
    job = await waiting(site)

    for headers in ({}, {"x-webhook-secret": "wrong"}, bearer(site.token(job)[:-2] + "AA")):
        known = await site.client.post("/webhook/callback", {"jobId": job, "result": "x"}, headers)
        unknown = await site.client.post("/webhook/callback", {"jobId": UNKNOWN, "result": "x"}, headers)
        assert without_request_id(known) == without_request_id(unknown)


async def test_f8_f9_without_proof_neither_the_store_is_asked_nor_the_body_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes no time cannot tell by its time: no figure of a clock is compared, there is nothing to compare."""
    job = await waiting(site)
    proofs = await forgeries(site, job)
    for verb in ("get", "find_execution", "apply", "lanes", "counts", "list"):

        async def touched(*_: object, verb: str = verb) -> None:
            raise AssertionError(f"{verb} was called")

        monkeypatch.setattr(site.store, verb, touched)

    async def unread() -> Message:
        raise AssertionError("the body was read")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await site.app(scope, unread, send)

    for name, headers in proofs.items():
        # A good token of another job: only the body says that it is meant for this one.
        client = site.client if name == "a token of another job" else Client(app)
        for about in (job, UNKNOWN):
            assert_problem(await client.post("/webhook/callback", {"jobId": about, "result": "x"}, headers), 401)


async def test_f9_who_proves_nothing_is_answered_before_the_body_has_come(site: Site) -> None:
    """On a real port: a body that comes slowly, or never, holds nobody up."""
    async with served(site) as web:
        for kind in ("application/json", "multipart/form-data; boundary=x"):
            reader, writer = await web.connect()
            head = (
                f"POST /webhook/callback HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: 1000000\r\n\r\n"
            )
            writer.write(head.encode())
            assert (await reader.readline()).split()[1] == b"401"
            writer.close()


async def test_a_proof_for_one_job_says_nothing_about_another(site: Site) -> None:
    """With a good token of its own a sender asks about jobs that are there and that are not."""
    mine, other = await waiting(site), (await site.submit())["id"]

    there = await site.callback({"jobId": other, "result": "x"}, token=site.token(mine))
    not_there = await site.callback({"jobId": UNKNOWN, "result": "x"}, token=site.token(mine))

    assert without_request_id(there) == without_request_id(not_there)


async def test_an_execution_id_says_nothing_to_the_holder_of_another_jobs_token(site: Site) -> None:
    other = await site.submit()
    await site.say(await site.claim(), Accepted(60_000, "exec-of-another"))
    mine = await waiting(site)

    there = await site.callback({"executionId": "exec-of-another", "error": "x"}, token=site.token(mine))
    not_there = await site.callback({"executionId": "no-such", "error": "x"}, token=site.token(mine))

    assert (
        (there.status, there.json()["callback"]) == (not_there.status, not_there.json()["callback"]) == (200, "stale")
    )
    assert (await site.job(other["id"]))["failures"] == 0


async def test_f6_a_captured_token_is_of_no_use_when_it_has_ended_nor_with_another_result(
    site: Site, clock: Clock
) -> None:
    job = await waiting(site)
    token = site.token(job, 1, seconds=300)
    assert (await site.callback({"jobId": job, "result": "r"}, token=token)).status == 200

    assert (await site.callback({"jobId": job, "result": "changed"}, token=token)).status == 409
    clock.forward(360_000)
    assert (await site.callback({"jobId": job, "result": "r"}, token=token)).status == 401
    assert (await site.job(job))["result"] == "r"


async def test_a_token_is_bound_to_its_attempt(site: Site) -> None:
    job = await waiting(site)

    reply = await site.callback({"jobId": job, "result": "r", "attempt": 2}, token=site.token(job, 1))

    assert reply.status == 401
    assert (await site.callback({"jobId": job, "result": "r", "attempt": 1}, token=site.token(job, 1))).status == 200


async def test_either_proof_is_enough_beside_a_wrong_one(site: Site) -> None:
    for headers in (
        {"x-webhook-secret": "wrong", "authorization": "Bearer {token}"},
        {"x-webhook-secret": SECRET, "authorization": "Bearer wrong"},
        {"authorization": "bearer {token}"},
    ):
        job = await waiting(site)
        given = {name: value.format(token=site.token(job)) for name, value in headers.items()}
        assert (await site.client.post("/webhook/callback", {"jobId": job, "result": "r"}, given)).status == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "text/plain"}, b"x"),
        ({"content-encoding": "gzip"}, b"\x1f\x8b"),
        ({"content-length": "99999999999"}, b"x"),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--"),
    ],
)
async def test_f9_the_proof_comes_before_any_work_on_the_body(site: Site, headers: dict[str, str], body: bytes) -> None:
    reply = await site.client.request("POST", "/webhook/callback", body=body, headers=headers)
    assert_problem(reply, 401)

    proven = await site.client.request(
        "POST", "/webhook/callback", body=body, headers={**headers, "x-webhook-secret": SECRET}
    )
    assert_problem(proven, 400, 413, 415)


async def test_a_refusal_keeps_nothing_of_the_requests_before_it(site: Site) -> None:
    """One exception object raised for ever would hold the frames, and so the bodies, of all refused requests."""
    for _ in range(20):
        await site.callback({"jobId": UNKNOWN, "result": "x"}, secret="wrong")

    gc.collect()
    assert sum(isinstance(one, Request) for one in gc.get_objects()) < 20


async def test_bad_json_with_proof_is_refused_as_json(site: Site) -> None:
    reply = await site.client.request(
        "POST", "/webhook/callback", body=b"[" * 100_000, headers={"x-webhook-secret": SECRET}
    )
    assert_problem(reply, 400, 422)
