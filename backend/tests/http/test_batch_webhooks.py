"""The webhook of a batch: given with it, shown without its query, told once when all its jobs have ended."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.http.problems import assert_problem
from tests.support.site import Site

URL = "https://example.com/hook"
NDJSON = {"content-type": "application/x-ndjson"}
JOBS = [{"prompt": "one"}, {"prompt": "two"}]


async def made(site: Site, **options: object) -> dict[str, Any]:
    reply = await site.client.post("/batches", {"jobs": JOBS, **options})
    assert reply.status == 201, reply.text
    batch: dict[str, Any] = reply.json()
    return batch


async def cancelled(site: Site, batch_id: str) -> None:
    assert (await site.client.post(f"/batches/{batch_id}/cancel")).status == 200
    await site.acts.batches.tend(10)


async def deliveries(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.client.get("/webhook-deliveries")).json()
    return found


async def test_its_end_is_told_once_and_with_its_counts(site: Site) -> None:
    batch = await made(site, name="Night", metadata={"run": 7}, webhookUrl=f"{URL}?token=hidden")
    assert batch["webhookUrl"] == f"{URL}?…"
    await site.acts.batches.tend(10)
    assert await deliveries(site) == []
    await cancelled(site, batch["id"])
    [told] = await deliveries(site)
    assert (told["event"], told["state"], told["url"]) == ("batch.ended", "pending", f"{URL}?…")
    assert (told["batchId"], told["jobId"], told["endpointId"], told["flow"]) == (batch["id"], None, None, "main")
    body = json.loads((await site.client.get(f"/webhook-deliveries/{told['id']}")).json()["body"])
    ended = (await site.client.get(f"/batches/{batch['id']}")).json()
    assert body == {
        "type": "batch.ended",
        "timestamp": ended["endedAt"],
        "data": {
            "id": batch["id"],
            "name": "Night",
            "lines": 2,
            "jobs": 2,
            "counts": {"completed": 0, "failed": 0, "cancelled": 2, "deleted": 0, "refused": 0},
            "createdAt": batch["createdAt"],
            "endedAt": ended["endedAt"],
            "cancelledAt": ended["cancelledAt"],
            "metadata": {"run": 7},
        },
    }
    # A job that is retried ends again; the batch had ended.
    [job, _] = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert (await site.client.post(f"/jobs/{job['id']}/retry")).status == 200
    assert (await site.client.post(f"/jobs/{job['id']}/cancel")).status == 200
    await site.acts.batches.tend(10)
    assert len(await deliveries(site)) == 1


async def test_with_lines_it_is_in_the_query(site: Site) -> None:
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in JOBS)
    path = f"/batches?webhookUrl={quote(URL, safe='')}"
    reply = await site.client.request("POST", path, body=lines, headers=NDJSON)
    assert (reply.status, reply.json()["webhookUrl"]) == (201, URL)


async def test_without_one_nobody_is_told(site: Site) -> None:
    batch = await made(site)
    assert batch["webhookUrl"] is None
    await cancelled(site, batch["id"])
    assert await deliveries(site) == []


@pytest.mark.parametrize(
    "url",
    ["example.com/hooks", "https://me:secret@example.com/", "http://10.0.0.1/", "http://169.254.169.254/", "x" * 10],
)
async def test_where_it_cannot_be_told(site: Site, url: str) -> None:
    problem = assert_problem(await site.client.post("/batches", {"jobs": JOBS, "webhookUrl": url}), 422)
    assert [error["field"] for error in problem["errors"]] == ["webhookUrl"]
    assert "secret@" not in str(problem)
    path = f"/batches?webhookUrl={quote(url, safe='')}"
    lines = json.dumps(JOBS[0]).encode()
    problem = assert_problem(await site.client.request("POST", path, body=lines, headers=NDJSON), 422)
    assert [error["field"] for error in problem["errors"]] == ["webhookUrl"]
    assert (await site.client.get("/batches")).json() == []
