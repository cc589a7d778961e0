"""The conversation that existing clients of the system have, word for word."""

import datetime
import json
import re

import pytest

from job_processor.core.outcome import Accepted
from tests.support.site import SECRET, Site

SUBMISSION = {"prompt": "Your task description here"}


async def test_a_submission_is_answered_with_the_pending_job(site: Site) -> None:
    reply = await site.client.post("/jobs", SUBMISSION)

    assert reply.status == 201
    assert reply.headers["content-type"] == "application/json"
    job = reply.json()
    assert re.fullmatch("[0-9a-f]{24}", job["id"])
    assert reply.headers["location"] == f"/jobs/{job['id']}"
    assert (job["prompt"], job["status"]) == ("Your task description here", "PENDING")
    assert datetime.datetime.fromisoformat(job["createdAt"]).tzinfo is not None
    assert job["createdAt"].endswith("Z")


@pytest.mark.parametrize("path", ["/webhook/callback", "/jobs/webhook/callback"])
async def test_a_callback_completes_a_pending_job(site: Site, path: str) -> None:
    job = await site.submit(**SUBMISSION)
    result = json.dumps({"summary": "done"})

    reply = await site.client.post(path, {"jobId": job["id"], "result": result}, {"x-webhook-secret": SECRET})

    assert reply.status == 200
    answer = reply.json()
    assert (answer["id"], answer["status"], answer["result"]) == (job["id"], "COMPLETED", result)
    assert answer["callback"] == "applied"
    assert (await site.job(job["id"]))["status"] == "COMPLETED"


@pytest.mark.parametrize("path", ["/webhook/callback", "/jobs/webhook/callback"])
async def test_a_wrong_secret_is_401_with_an_error_and_changes_nothing(site: Site, path: str) -> None:
    job = await site.submit(**SUBMISSION)

    reply = await site.client.post(path, {"jobId": job["id"], "result": "x"}, {"x-webhook-secret": "wrong"})

    assert reply.status == 401
    assert reply.json()["error"]
    assert reply.headers["www-authenticate"] == "Bearer"
    after = await site.job(job["id"])
    assert (after["status"], after["updatedAt"]) == ("PENDING", job["updatedAt"])


async def test_a_callback_completes_a_waiting_job(site: Site) -> None:
    job = await site.submit(**SUBMISSION)
    await site.say(await site.claim(), Accepted(60_000))
    assert (await site.job(job["id"]))["status"] == "WAITING"

    reply = await site.callback({"jobId": job["id"], "result": "{}"})

    assert reply.json()["status"] == "COMPLETED"


async def test_the_list_is_an_array_with_the_newest_first(site: Site) -> None:
    ids = [(await site.submit(f"job {n}"))["id"] for n in range(3)]

    reply = await site.client.get("/jobs")

    assert reply.status == 200
    assert [job["id"] for job in reply.json()] == ids[::-1]


async def test_health_is_ok_while_the_store_is_up_and_503_when_it_is_down(site: Site) -> None:
    for path in ("/health", "/health/ready"):
        reply = await site.client.get(path)
        assert reply.status == 200
        assert reply.json()["status"] == "ok"
        assert reply.json()["store"] == {"kind": "sqlite", "state": "up"}

    await site.store.close()

    for path in ("/health", "/health/ready"):
        reply = await site.client.get(path)
        assert reply.status == 503
        assert reply.json()["store"]["state"] == "down"
        assert reply.headers["retry-after"]
    assert (await site.client.get("/health/live")).status == 200


async def test_without_a_store_nothing_is_accepted_and_senders_are_told_to_come_again(site: Site) -> None:
    job = await site.submit()
    await site.store.close()

    for reply in (
        await site.client.post("/jobs", SUBMISSION),
        await site.callback({"jobId": job["id"], "result": "{}"}),
        await site.client.get(f"/jobs/{job['id']}"),
        await site.client.get("/jobs"),
        await site.client.get("/stats"),
    ):
        assert reply.status == 503
        assert reply.headers["retry-after"]
        assert reply.json()["code"] == "store_unavailable"
