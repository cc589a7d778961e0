"""Callbacks that could not be read, or are too large: kept with the job they are about, as far as that is known."""

import gzip
import json

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.inbox import MAX_KEPT_PER_JOB
from tests.http.inbox import accept, failed_job, inbox
from tests.http.problems import CANARY, assert_problem
from tests.support.site import SECRET, Site


async def test_what_cannot_be_read_is_kept_whole_with_whose_it_is_and_not_echoed(site: Site) -> None:
    job = (await site.submit())["id"]
    assert_problem(await site.callback({"result": None, "x": CANARY}, token=site.token(job, 2)), 422)
    assert_problem(await site.callback({"id": "f" * 24, CANARY: "r"}), 422)
    assert_problem(await site.callback({"job": {"id": job.upper()}, "output": CANARY}), 422)
    headers = {"authorization": f"Bearer {site.token(job)}", "content-type": "text/plain"}
    await site.client.request("POST", "/webhook/callback", body=b"x" * 1_100_000, headers=headers)

    kept = await inbox(site)

    assert [one["verdict"] for one in kept] == ["unreadable"] * 4
    assert [str(one["content"])[:3] for one in kept] == ["400", "422", "422", "422"]
    assert [(one["jobId"], one["attempt"]) for one in kept] == [(job, 1), (job, None), (None, None), (job, 2)]
    # Lists leave the bodies out.
    assert CANARY not in str(kept)
    assert (kept[0]["bodyBytes"], kept[0]["bodyTruncated"]) == (1_048_576, True)
    assert (kept[0]["contentType"], kept[1]["contentType"]) == ("text/plain", "application/json")
    assert CANARY in (await site.client.get(f"/callbacks/{kept[1]['id']}")).json()["body"]


async def test_of_several_ids_in_the_bytes_the_job_under_way_is_meant(site: Site) -> None:
    done = await failed_job(site)
    job = (await site.submit())["id"]
    body = f'{{"previous": "{done}", "nobody": "{"e" * 24}", "mine": "{job}"'.encode()

    await site.client.request("POST", "/webhook/callback", body=body, headers={"x-webhook-secret": SECRET})

    assert [one["jobId"] for one in await inbox(site)] == [job]


@pytest.mark.parametrize("query", ["jobId=%7B{}%7D", "jobId={};x=1", "jobId={}&jobId=" + "e" * 24])
async def test_an_address_that_cannot_be_read_still_says_whose_it_is(site: Site, query: str) -> None:
    job = (await site.submit())["id"]
    path = f"/webhook/callback?{query.format(job)}"

    await site.client.request("POST", path, body=b'{"result": "r"}', headers={"x-webhook-secret": SECRET})

    assert [one["jobId"] for one in await inbox(site)] == [job]


async def test_a_compressed_callback_is_kept_with_its_job(site: Site) -> None:
    job = (await site.submit())["id"]
    body = gzip.compress(json.dumps({"jobId": job, "result": "r"}).encode())
    headers = {"x-webhook-secret": SECRET, "content-encoding": "gzip"}

    assert_problem(await site.client.request("POST", "/webhook/callback", body=body, headers=headers), 415)

    assert [one["jobId"] for one in await inbox(site)] == [job]


async def test_no_two_jobs_share_what_could_not_be_read(site: Site) -> None:
    one, two = (await site.submit())["id"], (await site.submit())["id"]
    for job in (one, two, one):
        headers = {"x-webhook-secret": SECRET}
        await site.client.request("POST", f"/webhook/callback?jobId={job}", body=b"oops", headers=headers)

    assert [(kept["jobId"], kept["deliveries"]) for kept in await inbox(site)] == [(two, 1), (one, 2)]


async def test_a_sender_that_is_never_understood_fills_neither_the_history_nor_the_inbox(site: Site) -> None:
    job = (await site.submit())["id"]
    for n in range(MAX_KEPT_PER_JOB + 5):
        path, headers = f"/webhook/callback?jobId={job}", {"x-webhook-secret": SECRET}
        reply = await site.client.request("POST", path, body=b'["%d"' % n + b"{}," * (n % 13) + b"]", headers=headers)

    assert "It is not kept" in assert_problem(reply, 400, 422)["detail"]
    assert len(await inbox(site, "?limit=200")) == MAX_KEPT_PER_JOB
    told = [e for e in (await site.job(job))["history"] if e["what"] == "callback_unreadable"]
    assert 1 <= len(told) <= 10


async def test_without_a_store_what_cannot_be_read_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be kept now: a sender that comes again is not told that it is at fault."""
    job = (await site.submit())["id"]

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(site.store, "keep_callback", away)
    reply = await site.callback({"jobId": job})

    assert_problem(reply, 503)
    assert reply.headers["retry-after"]


async def test_what_is_not_whole_cannot_be_accepted(site: Site) -> None:
    job = (await site.submit())["id"]
    token = {"authorization": f"Bearer {site.token(job)}"}
    long = '{"result": "' + "ä" * 524_289 + '"}'
    reply = await site.client.request("POST", "/webhook/callback", body=long.encode(), headers=token)
    assert assert_problem(reply, 413)["code"] == "result_too_large"
    await site.client.request("POST", "/webhook/callback", body=[b"x" * 65_536] * 200, headers=token)
    huge = {**token, "content-length": "104857600"}
    await site.client.request("POST", "/webhook/callback", body=b"x", headers=huge)

    kept = await inbox(site)

    assert [(one["bodyBytes"], one["bodyTruncated"]) for one in kept] == [
        (None, False),
        (1_048_576, True),
        (1_048_576, True),
    ]
    for one in kept:
        assert_problem(await accept(site, one), 409)
    assert len([e for e in (await site.job(job))["history"] if e["what"] == "callback_unreadable"]) == 2


async def test_the_size_of_a_result_is_measured_when_it_is_decoded(site: Site) -> None:
    """800 KB that a client escapes to 2.4 MB pass; a byte more than the limit does not."""
    text = "é" * 400_000
    job = (await site.submit())["id"]
    escaped = json.dumps({"jobId": job, "result": text}).encode()
    assert len(escaped) > 2_400_000

    headers = {"x-webhook-secret": SECRET}
    reply = await site.client.request("POST", "/webhook/callback", body=escaped, headers=headers)

    assert (reply.status, reply.json()["result"]) == (200, text)
    for more, status in ((0, 200), (1, 413)):
        job = (await site.submit())["id"]
        worst = json.dumps({"jobId": job, "result": "\x01" * (1_048_576 + more)}).encode()
        reply = await site.client.request("POST", "/webhook/callback", body=worst, headers=headers)
        assert reply.status == status


async def test_a_setting_takes_more(site: Site) -> None:
    site.context.max_result_bytes = 8 * 1_048_576
    job = (await site.submit())["id"]
    headers = {"x-webhook-secret": SECRET}
    text = "x" * 8 * 1_048_576

    reply = await site.client.request(
        "POST", "/webhook/callback", body=json.dumps({"jobId": job, "result": text}).encode(), headers=headers
    )

    assert (reply.status, len(reply.json()["result"])) == (200, len(text))
