"""The audit over HTTP: who did what, what was refused, filters, pages, export; and what an attack may not do to it."""

import json
from collections import Counter

from job_processor.acts.refusals import ENTRIES_A_MINUTE, MAX_WAITING
from job_processor.core.access import NOBODY, Requester, Right
from job_processor.core.key_text import key_text
from job_processor.store.base import AuditQuery
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem

OWN = {"origin": "http://testserver"}


async def test_every_act_of_a_person_is_written_down(guarded: Guarded) -> None:
    admin_text = await guarded.key(Right.ADMIN)
    admin, who = bearer(admin_text), admin_text.split("_")[1]
    client = guarded.site.client
    job, second, third = [
        (await client.post("/jobs", {"prompt": "p"}, {**admin, "x-request-id": f"submit-{n}"})).json()["id"]
        for n in range(3)
    ]
    made = (await client.post("/keys", {"name": "n", "rights": ["read"]}, admin)).json()["id"]
    rotated = (await client.post(f"/keys/{made}/rotate", {}, admin)).json()["id"]
    await client.request("DELETE", f"/keys/{made}", headers=admin)
    await client.post(f"/jobs/{job}/cancel", {"reason": "not in the audit"}, admin)
    assert (await guarded.site.callback({"jobId": job, "result": "late"})).status == 409
    [kept] = (await client.get("/callbacks", admin)).json()
    for act in ("reject", "accept", "reject"):
        await client.post(f"/callbacks/{kept['id']}/{act}", None, admin)
    await client.post(f"/jobs/{second}/cancel", {}, {**admin, "x-request-id": "cancel-it"})
    await client.post(f"/jobs/{second}/retry", {}, admin)
    await client.post(f"/jobs/{job}/replay", {}, admin)
    await client.request("DELETE", f"/jobs/{job}", headers=admin)
    await client.post("/flows/main/pause", {"reason": "not in the audit"}, admin)
    await client.post("/flows/main/resume", {}, admin)
    signed_in = await client.post("/session", {"key": admin_text}, OWN)
    cookie = {"cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    await client.request("DELETE", "/session", headers={**cookie, **OWN})
    # What changed nothing is not an act.
    await client.post("/flows/main/resume", {}, admin)

    entries = (await client.get("/audit?limit=200", admin)).json()

    acts = [(one["act"], one["what"], one["detail"]) for one in reversed(entries)]
    session = acts[-1][1]
    assert acts == [
        ("key_created", made, None),
        ("key_rotated", rotated, made),
        ("key_revoked", made, None),
        ("job_cancelled", job, None),
        ("callback_rejected", kept["id"], None),
        ("result_accepted", job, kept["id"]),
        ("job_cancelled", second, None),
        ("job_retried", second, None),
        ("job_replayed", job, None),
        ("job_deleted", job, None),
        ("flow_paused", "main", None),
        ("flow_resumed", "main", None),
        ("signed_in", session, None),
        ("signed_out", session, None),
    ]
    for one in entries:
        assert (one["kind"], one["who"], one["address"], one["outcome"]) == ("key", who, "127.0.0.1", "done"), one
    [cancelled] = (await client.get(f"/audit?what={second}&act=job_cancelled", admin)).json()
    assert cancelled["requestId"] == "cancel-it"
    assert "not in the audit" not in json.dumps(entries)
    assert third not in json.dumps(entries)


async def test_refusals_are_written_down_with_their_number(guarded: Guarded) -> None:
    admin, weak_text = bearer(await guarded.key(Right.ADMIN)), await guarded.key(Right.READ)
    client = guarded.site.client
    job = (await client.post("/jobs", {"prompt": "p"}, admin)).json()["id"]
    for _ in range(3):
        assert_problem(await client.get("/jobs"), 401)
    assert_problem(await client.post(f"/jobs/{job}/cancel", {}, bearer(weak_text)), 403)
    assert_problem(await client.post("/session", {"key": "jp_no"}), 401)
    assert_problem(await client.post(f"/jobs/{job}/retry", {}, admin), 409)
    assert_problem(await client.post(f"/jobs/{'0' * 24}/cancel", {}, admin), 404)
    await guarded.site.acts.refusals.write()
    found = (await client.get("/audit?outcome=refused", admin)).json()
    assert {(one["what"], one["detail"], one["who"]) for one in found} == {
        ("GET /jobs", "no_key, 3 times", ""),
        ("POST /jobs/{id}/cancel", "missing_right", weak_text.split("_")[1]),
        ("POST /session", "malformed_key", ""),
        ("POST /jobs/{id}/retry", "state_conflict", found[0]["who"]),
        ("POST /jobs/{id}/cancel", "job_not_found", found[0]["who"]),
    }
    metrics = (await client.get("/metrics", admin)).text
    assert 'job_processor_refused_total{code="no_key"} 3.0' in metrics


async def test_an_attack_fills_neither_memory_nor_store(guarded: Guarded) -> None:
    client, refusals = guarded.site.client, guarded.site.acts.refusals
    for n in range(MAX_WAITING * 3):
        key = bearer(key_text(f"{n:010d}", "A" * 32))
        assert_problem(await client.get("/session", {**key, "x-forwarded-for": f"10.0.{n % 250}.{n // 250}"}), 401)
    for n in range(MAX_WAITING * 3):
        refusals.note(Requester(NOBODY, f"address {n}"), "GET /jobs", "invalid_key")
    assert refusals.waiting <= MAX_WAITING + 1
    for _ in range(10):
        await refusals.write(seconds=0.0)
    entries = await guarded.site.store.list_audit(AuditQuery(limit=10_000))
    assert len(entries) == ENTRIES_A_MINUTE
    # With time all of them are written, each counted.
    for _ in range(20):
        await refusals.write(seconds=60.0)
    entries = await guarded.site.store.list_audit(AuditQuery(limit=10_000))
    details = [one.detail or "" for one in entries]
    total = sum(int(detail.split()[1]) if ", " in detail else 1 for detail in details)
    assert total == MAX_WAITING * 6
    assert refusals.waiting == 0


async def test_the_audit_is_paged_and_exported_whole(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    client = guarded.site.client
    for n in range(5):
        await client.post("/flows/main/pause" if n % 2 == 0 else "/flows/main/resume", {}, admin)
    first = await client.get("/audit?limit=4", admin)
    rest = await client.get(first.headers["link"].partition(">")[0][1:], admin)
    entries = first.json() + rest.json()
    assert [one["act"] for one in entries] == [*["flow_paused", "flow_resumed"] * 2, "flow_paused"][:5]
    assert "link" not in rest.headers
    export = await client.get("/audit/export", admin)
    assert export.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in export.text.splitlines()] == entries
    paused = await client.get("/audit/export?act=flow_paused&limit=1", admin)
    assert Counter(json.loads(line)["act"] for line in paused.text.splitlines()) == {"flow_paused": 3}
    for query in ("who=", "act=nothing", "since=yesterday", "limit=0", "unknown=1"):
        assert_problem(await client.get(f"/audit?{query}", admin), 422)
        assert_problem(await client.get(f"/audit/export?{query}", admin), 422)
