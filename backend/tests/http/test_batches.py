"""Batches over the API: lines in, one batch out, and its results."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.job import JobError
from job_processor.core.outcome import Failed, Succeeded
from tests.http.problems import assert_problem
from tests.support.asgi import Reply
from tests.support.site import DEFAULT, Site, open_site

NDJSON = {"content-type": "application/x-ndjson"}
OTHER = FlowRules("other")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, flows=(DEFAULT, OTHER)) as made:
        yield made


def lines(*fields: Mapping[str, object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in fields)


async def post(site: Site, body: bytes, query: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    return await site.client.request("POST", f"/batches{query}", body=body, headers={**NDJSON, **(headers or {})})


async def made(site: Site, *fields: Mapping[str, object], query: str = "") -> dict[str, Any]:
    reply = await post(site, lines(*fields), query)
    assert reply.status == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def results(site: Site, batch_id: str, only: str = "") -> list[dict[str, Any]]:
    reply = await site.client.get(f"/batches/{batch_id}/results{f'?only={only}' if only else ''}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in reply.text.splitlines()]


async def test_lines_become_jobs_of_a_batch(site: Site) -> None:
    reply = await post(
        site,
        lines({"prompt": "one", "customId": "a"}, {"prompt": "two", "flow": "other", "tags": ["t"], "priority": 5}),
        '?name=Night&flow=main&retentionDays=2&metadata={"run":7}',
    )

    batch = reply.json()
    assert reply.status == 201, reply.text
    assert (reply.status, reply.headers["location"]) == (201, f"/batches/{batch['id']}")
    assert batch["name"] == "Night"
    assert batch["metadata"] == {"run": 7}
    assert (batch["lines"], batch["jobs"], batch["refused"], batch["errors"]) == (2, 2, 0, [])
    assert (batch["status"], batch["flows"], batch["endedAt"]) == ("IN_PROGRESS", ["main", "other"], None)
    assert batch["counts"] | {"pending": 0} == dict.fromkeys(batch["counts"], 0)
    assert batch["counts"]["pending"] == 2
    two, one = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert (one["prompt"], one["flow"], one["customId"], one["batchLine"]) == ("one", "main", "a", 1)
    assert (two["prompt"], two["flow"], two["customId"], two["batchLine"]) == ("two", "other", None, 2)
    assert (two["tags"], two["priority"], two["batchId"]) == (["t"], 5, batch["id"])
    assert (await site.client.get("/jobs/count?batch=" + batch["id"])).json() == {
        "count": 2,
        "more": False,
        "byStatus": {"PENDING": 2},
        "complete": True,
    }
    assert (await site.client.get(f"/batches/{batch['id']}")).json() == batch


async def test_the_same_as_one_json_object(site: Site) -> None:
    body = {
        "name": "Night",
        "metadata": {"jobs": [{"prompt": "a"}]},
        "retentionDays": 2.0,
        "jobs": [{"prompt": "a"}, {"prompt": 'b, [c] "}', "customId": "x"}],
    }
    batch = (await site.client.post("/batches", body)).json()
    assert (batch["name"], batch["jobs"], batch["metadata"]) == ("Night", 2, body["metadata"])
    found = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert [(one["prompt"], one["customId"]) for one in found] == [('b, [c] "}', "x"), ("a", None)]


async def test_a_deadline_of_the_batch_is_that_of_lines_without_one(site: Site) -> None:
    own, given = "2098-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"
    batch = await made(site, {"prompt": "a", "deadline": own}, {"prompt": "b"}, query=f"?deadline={given}")
    found = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert [one["deadline"] for one in found] == [given, own]


async def test_by_default_one_wrong_line_refuses_all_of_them_by_line_and_field(site: Site) -> None:
    reply = await post(
        site,
        lines(
            {"prompt": "right"},
            {"prompt": " "},
            {"prompt": "a", "flow": "none"},
            {"prompt": "a", "priority": 101},
            {"prompt": "a", "colour": "blue"},
            {"customId": "x"},
            {"prompt": "a", "deadline": "2020-01-01T00:00:00Z"},
        )
        + b"no JSON\n",
    )

    problem = assert_problem(reply, 422)
    assert problem["code"] == "invalid_lines"
    # What is known of a line alone comes first; flows and deadlines are looked at when the rest is right.
    assert [(one["line"], one["field"]) for one in problem["errors"]] == [
        (2, "prompt"),
        (4, "priority"),
        (5, "line"),
        (6, "prompt"),
        (8, "line"),
    ]
    assert problem["detail"].startswith("5 of 8 lines are invalid. Nothing was stored. The first is line 2: prompt: ")
    assert (await site.client.get("/jobs")).json() == []
    assert (await site.client.get("/batches")).json() == []


async def test_flows_and_deadlines_are_named_by_line_too(site: Site) -> None:
    reply = await post(
        site,
        lines({"prompt": "a"}, {"prompt": "a", "flow": "none"}, {"prompt": "a", "deadline": "2020-01-01T00:00:00Z"}),
    )
    problem = assert_problem(reply, 422)
    assert [(one["line"], one["field"]) for one in problem["errors"]] == [(2, "flow"), (3, "deadline")]


async def test_one_wrong_line_is_one(site: Site) -> None:
    problem = assert_problem(await post(site, lines({"prompt": "a"}, {"prompt": " "})), 422)
    assert problem["detail"].startswith("1 of 2 lines is invalid. Nothing was stored. ")


async def test_partial_stores_what_is_right_and_tells_of_each_other_line(site: Site) -> None:
    batch = await made(
        site,
        {"prompt": "a", "customId": "1"},
        {"prompt": " ", "customId": "2"},
        {"prompt": "c", "customId": "3"},
        {"prompt": "d", "flow": "none", "customId": "4"},
        {"prompt": "e", "customId": "3"},
        query="?partial=true",
    )
    assert (batch["lines"], batch["jobs"], batch["refused"]) == (5, 2, 3)
    assert [(one["line"], one["customId"], one["field"]) for one in batch["errors"]] == [
        (2, "2", "prompt"),
        (4, "4", "flow"),
        (5, "3", "customId"),
    ]
    found = await results(site, batch["id"])
    assert [(one["line"], one["customId"], one["status"]) for one in found] == [
        (1, "1", "PENDING"),
        (2, "2", "REFUSED"),
        (3, "3", "PENDING"),
        (4, "4", "REFUSED"),
        (5, "3", "REFUSED"),
    ]
    assert found[1]["error"] == {"code": "invalid_field", "message": "prompt: must not be blank"}
    assert [one["line"] for one in await results(site, batch["id"], "errors")] == [2, 4, 5]
    assert [one["line"] for one in await results(site, batch["id"], "open")] == [1, 3]


async def test_partial_with_no_right_line_stores_nothing(site: Site) -> None:
    assert_problem(await post(site, lines({"prompt": " "}), "?partial=true"), 422)
    assert (await site.client.get("/batches")).json() == []


async def test_results_come_in_the_order_of_the_lines(site: Site) -> None:
    batch = await made(site, *({"prompt": f"{n}", "customId": f"c{n}", "priority": n} for n in range(5)))
    for outcome in (Succeeded("ä\n"), Failed(JobError("bad", "no"), retryable=False), Succeeded("b")):
        await site.say(await site.claim(), outcome)
    found = await results(site, batch["id"])
    assert [one["customId"] for one in found] == [f"c{n}" for n in range(5)]
    assert [one["status"] for one in found] == ["PENDING", "PENDING", "COMPLETED", "FAILED", "COMPLETED"]
    assert (found[4]["result"], found[4]["verdict"]) == ("ä\n", "text")
    assert found[3]["error"] == {"code": "bad", "message": "no"}
    assert [one["customId"] for one in await results(site, batch["id"], "results")] == ["c2", "c4"]
    assert [one["customId"] for one in await results(site, batch["id"], "errors")] == ["c3"]


async def test_results_of_many_pages(site: Site) -> None:
    batch = await made(site, *({"prompt": f"{n}"} for n in range(450)))
    assert [one["line"] for one in await results(site, batch["id"])] == list(range(1, 451))


async def test_the_same_key_and_bytes_give_the_same_batch(site: Site) -> None:
    body, key = lines({"prompt": "a"}), {"idempotency-key": "k"}
    first = await post(site, body, headers=key)
    again = await post(site, body, headers=key)
    assert (first.status, again.status, again.headers["idempotent-replayed"]) == (201, 201, "true")
    assert first.json()["id"] == again.json()["id"]
    for other in (await post(site, body + b"\n", headers=key), await post(site, body, "?name=x", headers=key)):
        assert assert_problem(other, 422)["code"] == "idempotency_mismatch"
    assert len((await site.client.get("/jobs")).json()) == 1


async def test_a_cancel_ends_its_open_jobs(site: Site) -> None:
    batch = await made(site, *({"prompt": f"{n}"} for n in range(230)))
    await site.say(await site.claim(), Succeeded("r"))
    running = await site.claim()

    reply = await site.client.post(f"/batches/{batch['id']}/cancel")
    assert (reply.status, reply.json()["status"]) == (200, "CANCELLING")
    assert (await site.client.post(f"/batches/{batch['id']}/cancel")).status == 200
    await site.acts.batches.tend(10)

    ended = (await site.client.get(f"/batches/{batch['id']}")).json()
    assert (ended["status"], ended["counts"]["completed"], ended["counts"]["cancelled"]) == ("ENDED", 1, 229)
    assert ended["endedAt"] is not None
    assert (await site.job(running.id))["status"] == "CANCELLED"
    assert await site.acts.batches.tend(10) == 0
    assert assert_problem(await site.client.post(f"/batches/{batch['id']}/cancel"), 409)["code"] == "state_conflict"


async def test_a_retry_after_the_cancel_is_not_cancelled_again(site: Site) -> None:
    batch = await made(site, {"prompt": "a"})
    await site.client.post(f"/batches/{batch['id']}/cancel")
    await site.acts.batches.tend(10)
    [job] = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert (await site.client.post(f"/jobs/{job['id']}/retry")).status == 200
    assert await site.acts.batches.tend(10) == 0
    found = (await site.client.get(f"/batches/{batch['id']}")).json()
    assert (found["status"], found["endedAt"], found["counts"]["pending"]) == ("IN_PROGRESS", None, 1)


async def test_what_is_deleted_is_counted_as_deleted(site: Site) -> None:
    batch = await made(site, {"prompt": "a"}, {"prompt": "b"})
    job = await site.say(await site.claim(), Succeeded("r"))
    assert (await site.client.request("DELETE", f"/jobs/{job.id}")).status == 204
    found = (await site.client.get(f"/batches/{batch['id']}")).json()
    assert (found["jobs"], found["counts"]["pending"], found["counts"]["deleted"]) == (2, 1, 1)
    assert [one["line"] for one in await results(site, batch["id"])] == [2]


async def test_it_is_polled_with_an_etag(site: Site) -> None:
    batch = await made(site, {"prompt": "a"})
    path = f"/batches/{batch['id']}"
    tag = (await site.client.get(path)).headers["etag"]
    assert (await site.client.get(path, {"if-none-match": tag})).status == 304
    await site.claim()
    assert (await site.client.get(path, {"if-none-match": tag})).status == 200


async def test_batches_are_listed_in_pages(site: Site) -> None:
    made_ids = [(await made(site, {"prompt": "a"}))["id"] for _ in range(5)]
    first = await site.client.get("/batches?limit=3")
    assert [one["id"] for one in first.json()] == made_ids[:1:-1]
    assert first.json()[0]["counts"]["pending"] == 1
    link = first.headers["link"].partition("<")[2].partition(">")[0]
    assert [one["id"] for one in (await site.client.get(link)).json()] == made_ids[1::-1]


async def test_a_batch_that_is_not_there_is_a_404(site: Site) -> None:
    for path in ("/batches/" + "0" * 24, "/batches/x", f"/batches/{'0' * 24}/results"):
        assert assert_problem(await site.client.get(path), 404)["code"] == "batch_not_found"
    assert_problem(await site.client.post(f"/batches/{'0' * 24}/cancel"), 404)


async def test_jobs_stored_are_counted_for_metrics(site: Site) -> None:
    await made(site, {"prompt": "a"}, {"prompt": "b"})
    text = (await site.client.get("/metrics")).text
    assert 'job_processor_submitted_total{flow="main"} 2.0' in text
    assert 'job_processor_batches_total{what="submitted"} 1.0' in text


SCHEMA = {"type": "object", "required": ["a"]}


async def test_a_wrong_schema_is_told_of_its_line(site: Site) -> None:
    wrong = {"type": "nothing"}
    reply = await post(
        site,
        lines(
            {"prompt": "a", "resultSchema": SCHEMA},
            {"prompt": "a", "resultSchema": wrong},
            {"prompt": "a", "resultSchema": wrong},
        ),
    )
    errors: Sequence[Mapping[str, object]] = assert_problem(reply, 422)["errors"]
    assert [(one["line"], one["field"]) for one in errors] == [(2, "resultSchema"), (3, "resultSchema")]


async def test_schemas_reach_the_jobs(site: Site) -> None:
    batch = await made(site, {"prompt": "a", "resultSchema": SCHEMA}, {"prompt": "b", "resultSchema": SCHEMA})
    found = (await site.client.get(f"/jobs?batch={batch['id']}")).json()
    assert [(await site.job(one["id"]))["resultSchema"] for one in found] == [SCHEMA, SCHEMA]
