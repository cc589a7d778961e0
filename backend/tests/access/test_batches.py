"""Batches and what a key may have: its rate, its quota of waiting jobs, the flows it is limited to, the audit."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from job_processor.core.access import Right
from job_processor.core.audit import AuditAct
from job_processor.core.permits import Limits
from job_processor.http.access import Auth
from job_processor.http.routes.batches import LINES_A_REQUEST
from job_processor.store.base import AuditQuery, BatchQuery, Query
from tests.access.conftest import OTHER, Guarded, bearer
from tests.http.problems import assert_problem
from tests.store_suite.places import Place
from tests.support.asgi import Reply
from tests.support.site import DEFAULT, open_site

RATES = Limits(per_key=6, per_address=0, wrong_keys=0, waiting_jobs=500)
A_MINUTE = 62_000


@pytest.fixture
async def limited(place: Place, tmp_path: Path) -> AsyncIterator[Guarded]:
    store = await place.open()
    flows = (DEFAULT, OTHER)
    async with open_site(tmp_path / "none", store=store, flows=flows, auth=Auth.KEYS, rates=RATES) as site:
        yield Guarded(site, place.clock)


async def submit(guarded: Guarded, key: str, number: int, flow: str = "main", **headers: str) -> Reply:
    body = b"".join(json.dumps({"prompt": f"{n}", "flow": flow}).encode() + b"\n" for n in range(number))
    given = {"content-type": "application/x-ndjson", **bearer(key), **headers}
    return await guarded.site.client.request("POST", "/batches", body=body, headers=given)


async def test_it_counts_as_a_request_for_each_hundred_lines(limited: Guarded) -> None:
    key = await limited.key(Right.SUBMIT)
    first = await submit(limited, key, LINES_A_REQUEST)
    assert (first.status, "ratelimit" in first.headers) == (201, False)
    # Four requests more: one of six is left.
    second = await submit(limited, key, 3 * LINES_A_REQUEST + 1)
    assert (second.status, second.headers["ratelimit"].split(";")[1]) == (201, "r=1")
    refused = assert_problem(await submit(limited, key, LINES_A_REQUEST + 1), 429)
    assert refused["code"] == "too_many_requests"
    assert len(await limited.site.store.list_batches(BatchQuery())) == 2


async def test_it_is_stored_whole_within_the_quota_or_not_at_all(limited: Guarded) -> None:
    key = await limited.key(Right.SUBMIT)
    assert (await submit(limited, key, 300)).status == 201
    limited.clock.forward(A_MINUTE)
    refused = await submit(limited, key, 201)
    assert assert_problem(refused, 429)["code"] == "too_many_waiting"
    assert await limited.site.store.count(Query(limit=1_000)) == 300
    limited.clock.forward(A_MINUTE)
    assert (await submit(limited, key, 200)).status == 201
    limited.clock.forward(A_MINUTE)
    one_more = await limited.site.client.post("/jobs", {"prompt": "p"}, bearer(key))
    assert assert_problem(one_more, 429)["code"] == "too_many_waiting"
    assert (await submit(limited, await limited.key(Right.SUBMIT), 300)).status == 201


async def test_a_repeated_one_is_answered_though_the_quota_is_full(limited: Guarded) -> None:
    key = await limited.key(Right.SUBMIT)
    named = {"idempotency-key": "k"}
    first = await submit(limited, key, 500, **named)
    limited.clock.forward(A_MINUTE)
    again = await submit(limited, key, 500, **named)
    assert (again.status, again.json()["id"]) == (201, first.json()["id"])
    # A key of an API key is its own.
    limited.clock.forward(A_MINUTE)
    other = await submit(limited, await limited.key(Right.SUBMIT), 500, **named)
    assert other.json()["id"] != first.json()["id"]


async def test_a_key_of_one_flow_sees_what_it_may_see_whole(limited: Guarded) -> None:
    admin = await limited.key(Right.ADMIN)
    mine = await limited.key(Right.READ, Right.SUBMIT, Right.OPERATE, flows=("main",))
    own, other = [await submit(limited, admin, 2, flow) for flow in ("main", "other")]
    client = limited.site.client
    assert [one["id"] for one in (await client.get("/batches", bearer(mine))).json()] == [own.json()["id"]]
    for path in ("", "/results"):
        assert (await client.get(f"/batches/{own.json()['id']}{path}", bearer(mine))).status == 200
        assert_problem(await client.get(f"/batches/{other.json()['id']}{path}", bearer(mine)), 404)
    limited.clock.forward(A_MINUTE)
    assert_problem(await client.post(f"/batches/{other.json()['id']}/cancel", {}, bearer(mine)), 404)
    refused = assert_problem(await submit(limited, mine, 2, "other"), 422)
    assert [(one["line"], one["field"]) for one in refused["errors"]] == [(1, "flow"), (2, "flow")]
    assert (await client.get(f"/jobs?batch={other.json()['id']}", bearer(mine))).json() == []


async def test_the_audit_has_who_submitted_and_who_cancelled(limited: Guarded) -> None:
    key = await limited.key(Right.SUBMIT, Right.OPERATE)
    batch = (await submit(limited, key, 3)).json()["id"]
    assert (await limited.site.client.post(f"/batches/{batch}/cancel", {}, bearer(key))).status == 200
    await limited.site.acts.batches.tend(10)
    wanted = frozenset({AuditAct.BATCH_SUBMITTED, AuditAct.BATCH_CANCELLED, AuditAct.JOB_CANCELLED})
    entries = await limited.site.store.list_audit(AuditQuery(acts=wanted))
    assert [(one.act, one.what, one.who, one.detail) for one in entries] == [
        (AuditAct.BATCH_CANCELLED, batch, key.split("_")[1], None),
        (AuditAct.BATCH_SUBMITTED, batch, key.split("_")[1], "3"),
    ]
