"""Row G14: the same key and body give the same job; the same key with another body is refused."""

import asyncio

import pytest

from job_processor.core.outcome import Succeeded
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.site import Site

KEY = {"idempotency-key": "key-1"}


async def test_the_same_key_and_body_give_the_same_job(site: Site) -> None:
    first = await site.client.post("/jobs", {"prompt": "a", "tags": ["x"]}, KEY)
    second = await site.client.post("/jobs", {"tags": ["x"], "prompt": "a"}, KEY)

    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"] == second.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert len((await site.client.get("/jobs")).json()) == 1


async def test_a_hundred_at_once_make_one_job(site: Site) -> None:
    replies = await asyncio.gather(*(site.client.post("/jobs", {"prompt": "a"}, KEY) for _ in range(100)))

    assert {reply.status for reply in replies} == {201}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert sum("idempotent-replayed" in reply.headers for reply in replies) == 99
    assert len((await site.client.get("/jobs")).json()) == 1


async def test_the_answer_is_the_job_as_it_stands(site: Site) -> None:
    await site.client.post("/jobs", {"prompt": "a"}, KEY)
    await site.say(await site.claim(), Succeeded("r"))

    again = await site.client.post("/jobs", {"prompt": "a"}, KEY)

    assert (again.json()["status"], again.json()["result"]) == ("COMPLETED", "r")


@pytest.mark.parametrize(
    "other",
    [{"prompt": "b"}, {"prompt": "a", "priority": 1}, {"prompt": "a ", "tags": []}, {"prompt": "a", "flow": "main"}],
)
async def test_the_same_key_with_another_body_is_422(site: Site, other: dict[str, object]) -> None:
    await site.client.post("/jobs", {"prompt": "a"}, KEY)

    assert assert_problem(await site.client.post("/jobs", other, KEY), 422)["code"] == "idempotency_mismatch"
    assert len((await site.client.get("/jobs")).json()) == 1


async def test_a_key_that_is_none_is_refused(site: Site) -> None:
    for key in ("", " ", "a b", "ä", "k" * 256, CANARY + "k" * 10_240, "a\tb", "\x7f"):
        reply = await site.client.post("/jobs", {"prompt": "a"}, {"idempotency-key": key})
        with naming(key):
            assert assert_problem(reply, 422)["errors"][0]["field"] == "Idempotency-Key"
    assert (await site.client.get("/jobs")).json() == []


async def test_the_longest_key_is_taken(site: Site) -> None:
    assert (await site.client.post("/jobs", {"prompt": "a"}, {"idempotency-key": "~" * 255})).status == 201


async def test_a_refused_body_does_not_use_up_its_key(site: Site) -> None:
    await site.client.post("/jobs", {"prompt": ""}, KEY)

    assert (await site.client.post("/jobs", {"prompt": "a"}, KEY)).status == 201


async def test_a_deleted_job_frees_its_key(site: Site) -> None:
    first = (await site.client.post("/jobs", {"prompt": "a"}, KEY)).json()
    await site.client.post(f"/jobs/{first['id']}/cancel")
    await site.client.request("DELETE", f"/jobs/{first['id']}")

    second = await site.client.post("/jobs", {"prompt": "a"}, KEY)

    assert second.json()["id"] != first["id"]
