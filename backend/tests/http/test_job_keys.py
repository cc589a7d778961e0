"""The key of a job: given, kept, found, and refused where it is no key."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.problems import assert_problem
from tests.support.site import Site, open_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as made:
        yield made


@pytest.mark.parametrize("key", ["a", "customer 7/ä", "x" * 128, "\U0001f600" * 128])
async def test_a_key_is_kept_and_shown(site: Site, key: str) -> None:
    made = await site.submit(key=key)
    assert made["key"] == key
    assert (await site.job(made["id"]))["key"] == key
    assert [one["key"] for one in (await site.client.get("/jobs")).json()] == [key]


async def test_without_a_key_there_is_none(site: Site) -> None:
    assert (await site.submit())["key"] is None


@pytest.mark.parametrize("key", ["", "x" * 129, "a\0b", 7, ["a"], {}, True])
async def test_what_is_no_key_is_refused(site: Site, key: object) -> None:
    reply = await site.client.post("/jobs", {"prompt": "p", "key": key})
    assert_problem(reply, 422)
    assert reply.json()["errors"][0]["field"] == "key"


async def test_one_job_behind_many_of_another_key_starts_among_the_next(site: Site) -> None:
    for _ in range(10):
        await site.submit(key="a")
    await site.submit(key="b")
    assert {(await site.claim()).key for _ in range(2)} == {"a", "b"}


async def test_a_retry_and_a_replay_keep_the_key(site: Site) -> None:
    job = (await site.submit(key="a"))["id"]
    await site.client.post(f"/jobs/{job}/cancel")
    assert (await site.client.post(f"/jobs/{job}/retry")).json()["key"] == "a"
    assert (await site.client.post(f"/jobs/{job}/replay")).json()["key"] == "a"


@pytest.mark.parametrize("as_object", [False, True])
async def test_lines_of_a_batch_have_their_own_key_or_that_of_the_batch(site: Site, as_object: bool) -> None:
    lines = [{"prompt": "one", "key": "a"}, {"prompt": "two"}]
    if as_object:
        reply = await site.client.post("/batches", {"key": "b", "jobs": lines})
    else:
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        headers = {"content-type": "application/x-ndjson"}
        reply = await site.client.request("POST", "/batches?key=b", body=body, headers=headers)
    assert reply.status == 201, reply.text
    found = (await site.client.get(f"/jobs?q=batch:{reply.json()['id']}")).json()
    assert {one["prompt"]: one["key"] for one in found} == {"one": "a", "two": "b"}


async def test_the_same_idempotency_key_with_another_key_is_another_request(site: Site) -> None:
    headers = {"idempotency-key": "i"}
    for key, status in (("a", 201), ("a", 201), ("b", 422)):
        reply = await site.client.post("/jobs", {"prompt": "p", "key": key}, headers=headers)
        assert reply.status == status
