"""Bulk actions over HTTP: what is refused and how, the count, the progress in answers and on the event stream."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from job_processor.workers.bulk_runner import BulkRunner
from job_processor.workers.bulk_watch import BulkWatch
from job_processor.workers.loop import Loop
from tests.http.problems import CANARY, assert_problem, naming
from tests.support.site import Site, open_site
from tests.support.waiting import until


def _loops(site: Site) -> Sequence[Loop]:
    return BulkRunner(site.acts, site.store, "w1"), BulkWatch(site.store, site.bus)


async def started(site: Site, action: str = "cancel", **fields: object) -> dict[str, Any]:
    reply = await site.client.post("/bulk-actions", {"action": action, "query": {}, **fields})
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"/bulk-actions/{made['id']}"
    return made


async def ended(site: Site, action_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        reply = await site.client.get(f"/bulk-actions/{action_id}")
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found if found["endedAt"] else None

    return await until(look, "the end of the bulk action")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "FROZEN"},
        {"status": []},
        {"status": ["FAILED", "FROZEN"]},
        {"flow": ""},
        {"flow": "f" * 300},
        {"createdAfter": "yesterday"},
        {"createdBefore": "1969-01-01T00:00:00Z"},
        {"ids": "x"},
        {"ids": ["0" * 24, "1" * 24]},
        {"after": "0" * 23},
        {"tag": ["a", "b"]},
        {"q": "status:lost"},
        {"q": "words stauts:failed"},
        {"q": "x" * 1001},
        {"batch": "x"},
        {CANARY: "x"},
        {"limit": "5"},
        {"cursor": "M"},
    ],
    ids=json.dumps,
)
async def test_a_filter_is_refused_in_the_words_of_the_list(site: Site, query: dict[str, Any]) -> None:
    problem = assert_problem(await site.client.post("/bulk-actions", {"action": "retry", "query": query}), 422)
    pairs = [(name, one) for name, value in query.items() for one in (value if isinstance(value, list) else [value])]
    if not pairs or set(query) & {"limit", "cursor"}:
        assert problem["errors"][0]["field"].partition(".")[0] == "query"
        return
    listed = assert_problem(await site.client.get(f"/jobs/count?{urlencode(pairs)}"), 422)
    [there], [here] = listed["errors"], problem["errors"]
    assert here["message"] == there["message"]
    assert here["field"] == (there["field"] if there["field"] == "query" else f"query.{there['field']}")


async def test_what_else_is_refused(site: Site) -> None:
    for name, body, field in (
        ("no action", {"query": {}}, "action"),
        ("another action", {"action": CANARY, "query": {}}, "action"),
        ("no query", {"action": "retry"}, "query"),
        ("a text as query", {"action": "retry", "query": "x"}, "query"),
        ("a number as filter", {"action": "retry", "query": {"flow": 1}}, "query.flow"),
        ("an object as filter", {"action": "retry", "query": {"flow": {"$gt": ""}}}, "query.flow"),
        ("null as filter", {"action": "retry", "query": {"flow": None}}, "query.flow"),
        ("NUL", {"action": "retry", "query": {"flow": "\0"}}, "query"),
        ("no limit", {"action": "retry", "query": {}, "limit": 0}, "limit"),
        ("a flow for a retry", {"action": "retry", "query": {}, "flow": "main"}, "flow"),
        ("an unknown flow", {"action": "replay", "query": {}, "flow": CANARY}, "flow"),
        ("a long reason", {"action": "cancel", "query": {}, "reason": "r" * 501}, "reason"),
    ):
        with naming(name):
            problem = assert_problem(await site.client.post("/bulk-actions", body), 422)
            assert problem["errors"][0]["field"] == field
    unknown = {"action": "retry", "query": {}, CANARY: 1}
    assert assert_problem(await site.client.post("/bulk-actions", unknown), 422)["code"] == "unknown_field"
    assert (await site.client.get("/bulk-actions")).json() == []


async def test_the_same_key_and_body_start_one(site: Site) -> None:
    await site.submit()
    key = {"idempotency-key": "k1"}
    body = {"action": "replay", "query": {"status": ["pending"]}}
    counted = await site.client.post("/bulk-actions", {**body, "dryRun": True}, headers=key)
    assert counted.status == 200
    replies = [await site.client.post("/bulk-actions", body, headers=key) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 201]
    assert [reply.headers.get("idempotent-replayed") for reply in replies] == [None, "true"]
    assert replies[0].json()["id"] == replies[1].json()["id"]
    assert replies[0].headers["location"] == replies[1].headers["location"]
    # Of the body: the order of fields and defaults do not count.
    same = {"query": body["query"], "dryRun": False, "action": "replay"}
    assert (await site.client.post("/bulk-actions", same, headers=key)).headers["idempotent-replayed"] == "true"
    other = await site.client.post("/bulk-actions", {**body, "limit": 1}, headers=key)
    assert assert_problem(other, 422)["code"] == "idempotency_mismatch"
    blank = await site.client.post("/bulk-actions", body, headers={"idempotency-key": " "})
    assert assert_problem(blank, 422)["errors"][0]["field"] == "Idempotency-Key"
    assert len((await site.client.get("/bulk-actions")).json()) == 1


async def test_a_dry_run_counts_and_does_nothing(site: Site) -> None:
    for _ in range(3):
        await site.submit()
    body = {"action": "cancel", "query": {"status": ["pending"]}, "dryRun": True}
    reply = await site.client.post("/bulk-actions", body)
    assert (reply.status, reply.json()) == (200, {"count": 3, "more": False})
    body["query"] = {"q": "status:pending created:<1h -tag:a"}
    reply = await site.client.post("/bulk-actions", body)
    assert (reply.status, reply.json()) == (200, {"count": 3, "more": False})
    assert (await site.client.get("/bulk-actions")).json() == []


async def test_from_the_start_to_the_end(tmp_path: Any) -> None:
    async with open_site(tmp_path / "data", loops=_loops) as site:
        jobs = [(await site.submit(tags=["a"]))["id"] for _ in range(3)]
        other = (await site.submit())["id"]
        async with site.client.stream("/events") as stream:
            await stream.named("hello")
            query = {"status": "pending,running", "tag": "a", "createdAfter": "2020-01-01T00:00:00Z"}
            made = await started(site, query=query, reason="not needed")
            assert (made["status"], made["matched"], made["done"]) == ("RUNNING", 3, 0)
            assert made["query"] == {**query, "status": ["PENDING", "RUNNING"]}
            told: list[dict[str, Any]] = []
            while not told or not told[-1]["endedAt"]:
                told.append((await stream.named("bulk")).data)
        whole = await ended(site, made["id"])
        assert told[-1] == whole
        assert (whole["status"], whole["done"], whole["skipped"], whole["failed"]) == ("DONE", 3, {}, {})
        for job in jobs:
            after = await site.job(job)
            assert (after["status"], after["history"][-1]["detail"]) == ("CANCELLED", "not needed")
        assert (await site.job(other))["status"] == "PENDING"
        assert sorted(site.cancels) == [], "none was in flight"
        assert (await site.client.get("/bulk-actions")).json() == [whole]
        metrics = (await site.client.get("/metrics")).text
        assert 'job_processor_bulk_jobs_total{action="cancel",outcome="done"} 3.0' in metrics
        assert 'job_processor_bulk_actions_total{action="cancel",status="done"} 1.0' in metrics


async def test_a_cancel_reaches_the_processor_of_a_job_in_flight(tmp_path: Any) -> None:
    async with open_site(tmp_path / "data", loops=_loops) as site:
        made = await site.submit()
        await site.claim()
        assert (await ended(site, (await started(site))["id"]))["done"] == 1
        assert site.cancels == [("main", made["id"], 1)]


async def test_an_abort(site: Site) -> None:
    await site.submit()
    made = await started(site)
    aborted = await site.client.post(f"/bulk-actions/{made['id']}/abort")
    assert (aborted.status, aborted.json()["status"]) == (200, "ABORTING")
    found = await site.store.get_bulk_action(made["id"])
    assert found is not None
    assert await site.acts.bulk_groups.act(found, "w1") is not None
    again = await site.client.post(f"/bulk-actions/{made['id']}/abort")
    assert (again.status, again.json()["status"], again.json()["done"]) == (200, "ABORTED", 0)


async def test_one_that_is_not_there(site: Site) -> None:
    for path in (f"/bulk-actions/{'0' * 24}", "/bulk-actions/x"):
        assert assert_problem(await site.client.get(path), 404)["code"] == "bulk_action_not_found"
        assert assert_problem(await site.client.post(f"{path}/abort"), 404)["code"] == "bulk_action_not_found"


async def test_the_pages_of_the_list(site: Site) -> None:
    made = [(await started(site))["id"] for _ in range(5)]
    found: list[str] = []
    path = "/bulk-actions?limit=2"
    while path:
        reply = await site.client.get(path)
        found += [one["id"] for one in reply.json()]
        path = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert found == list(reversed(made))
