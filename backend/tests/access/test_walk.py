"""Every operation of the table, with no key, a wrong, an expired, a revoked, a weaker and a foreign-flow key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from job_processor.core.access import Right
from job_processor.core.key_text import key_text
from job_processor.http.access import Needs
from job_processor.http.openapi import Operation
from job_processor.http.routes import OPERATIONS
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem
from tests.support.asgi import Reply
from tests.support.site import SECRET

WEAKER = {
    Needs.READ: (Right.SUBMIT,),
    Needs.SUBMIT: (Right.READ, Right.OPERATE),
    Needs.OPERATE: (Right.READ, Right.SUBMIT),
    Needs.ADMIN: (Right.READ, Right.SUBMIT, Right.OPERATE),
}
"""The most that a key may have without the right that is needed."""
BODIES: Mapping[str, object] = {
    "submitJob": {"prompt": "of main", "flow": "main"},
    "startBulkAction": {"action": "retry", "query": {}, "dryRun": True},
    "submitBatch": {"jobs": [{"prompt": "of main", "flow": "main"}]},
    "createKey": {"name": "n", "rights": ["read"]},
    "signIn": {"key": "x"},
    "createWebhookEndpoint": {"url": "https://example.com/"},
}
NO_JOB = "0" * 24


@dataclass(slots=True)
class Things:
    """Ids of what belongs to the flow main."""

    job: str
    second: str
    callback: str
    key: str
    bulk: str
    batch: str
    endpoint: str
    delivery: str


def path_of(op: Operation, things: Things) -> str:
    by_path = {
        "/callbacks": things.callback,
        "/keys": things.key,
        "/bulk-actions": things.bulk,
        "/batches": things.batch,
        "/webhook-endpoints": things.endpoint,
        "/webhook-deliveries": things.delivery,
    }
    one = next((id_ for begin, id_ in by_path.items() if op.path.startswith(begin)), things.job)
    return op.path.replace("{id}", one).replace("{otherId}", things.second).replace("{name}", "main")


async def things_of(guarded: Guarded) -> Things:
    """Two jobs of the flow main, of which one is final, a callback that was kept for it, a bulk action, a batch, an
    endpoint, and what it is to be told."""
    site = guarded.site
    admin = await guarded.key(Right.ADMIN)
    hook = {"url": "https://example.com/"}
    endpoint = (await site.client.post("/webhook-endpoints", hook, bearer(admin))).json()["id"]
    jobs = [
        (await site.client.post("/jobs", {"prompt": f"main's secret {n}"}, bearer(admin))).json()["id"] for n in (1, 2)
    ]
    assert (await site.callback({"jobId": jobs[0], "result": "main's result"})).status == 200
    assert (await site.callback({"jobId": jobs[0], "result": "another"})).status == 409
    [kept] = (await site.client.get("/callbacks", bearer(admin))).json()
    await site.acts.deliveries.relay(10)
    [told] = (await site.client.get("/webhook-deliveries", bearer(admin))).json()
    operator = bearer(await guarded.key(Right.OPERATE, flows=("main",)))
    new = {"action": "retry", "query": {"flow": "main"}, "reason": "main's reason"}
    bulk = (await site.client.post("/bulk-actions", new, operator)).json()["id"]
    sent = {"jobs": [{"prompt": "main's secret 3", "customId": "main's name"}], "name": "main's batch"}
    batch = (await site.client.post("/batches", sent, bearer(admin))).json()
    return Things(jobs[0], jobs[1], kept["id"], admin.split("_")[1], bulk, batch["id"], endpoint, told["id"])


async def ask(guarded: Guarded, op: Operation, things: Things, headers: Mapping[str, str]) -> Reply:
    client, path = guarded.site.client, path_of(op, things)
    if op.name in ("followJob", "followJobs"):
        async with client.stream(path, headers) as stream:
            status, sent = await stream.head()
            if status == 200:
                await stream.named("hello")
                return Reply(status, sent, stream.raw)
        return await client.get(path, headers)
    body = BODIES.get(op.name) if op.method == "POST" else None
    return await client.request(op.method, path, json_body=body, headers=headers)


def guarded_operations() -> Iterator[Operation]:
    return (op for op in OPERATIONS if op.needs is not Needs.NOTHING)


async def test_without_a_valid_key_nothing_is_answered(guarded: Guarded) -> None:
    things, now = await things_of(guarded), guarded.site.store.now()
    expired = await guarded.key(Right.ADMIN, expires_at=now + 1)
    revoked = await guarded.key(Right.ADMIN)
    assert (await guarded.site.client.get("/session", bearer(expired))).status == 200
    guarded.clock.forward(2)
    await guarded.revoke(revoked)
    credentials = {
        "none": ({}, "no_key"),
        "another scheme": ({"authorization": "Basic eDp5"}, "no_key"),
        "wrong": (bearer(key_text("abcdefghij", "A" * 32)), "invalid_key"),
        "mistyped": (bearer(expired[:-1] + ("a" if expired[-1] != "a" else "b")), "malformed_key"),
        "cut": (bearer(expired[:-5]), "malformed_key"),
        "not ASCII": (bearer("jp_\xe4"), "malformed_key"),
        "expired": (bearer(expired), "invalid_key"),
        "revoked": (bearer(revoked), "invalid_key"),
        "the callback secret": (bearer(SECRET), "malformed_key"),
        "a callback token": (bearer(guarded.site.token(things.second)), "malformed_key"),
        "a forged cookie": ({"cookie": "__Host-jp_session=" + "A" * 64}, "no_key"),
    }
    before = await guarded.site.store.counts()
    for op in guarded_operations():
        for name, (headers, code) in credentials.items():
            reply = await ask(guarded, op, things, headers)
            problem = assert_problem(reply, 401)
            assert (problem["code"], name, op.name) == (code, name, op.name)
            assert reply.headers["www-authenticate"].startswith('Bearer realm="job-processor"')
            assert "main" not in reply.text
    assert (await guarded.site.store.counts()).by_state == before.by_state
    assert len(await guarded.site.store.api_keys()) == 4


async def test_a_weaker_key_is_refused_in_words(guarded: Guarded) -> None:
    things = await things_of(guarded)
    weaker = {needs: await guarded.key(*rights) for needs, rights in WEAKER.items()}
    before = await guarded.site.store.counts()
    for op in guarded_operations():
        if op.needs in weaker:
            reply = await ask(guarded, op, things, bearer(weaker[op.needs]))
            problem = assert_problem(reply, 403)
            assert (problem["code"], op.name) == ("missing_right", op.name)
            assert f"`{op.needs.value}`" in problem["detail"]
            assert f'scope="{op.needs.value}"' in reply.headers["www-authenticate"]
    assert (await guarded.site.store.counts()).by_state == before.by_state


async def test_a_key_of_another_flow_knows_nothing_of_this_one(guarded: Guarded) -> None:
    things = await things_of(guarded)
    nothing = Things(NO_JOB, NO_JOB, NO_JOB, "0" * 10, *[NO_JOB] * 4)
    foreign = bearer(await guarded.key(Right.READ, Right.SUBMIT, Right.OPERATE, flows=("other",)))
    before = await guarded.site.store.counts()
    for op in guarded_operations():
        reply = await ask(guarded, op, things, foreign)
        if op.needs is Needs.ADMIN or op.all_flows:
            assert_problem(reply, 403)
        elif "{id}" in op.path or "{name}" in op.path:
            problem = assert_problem(reply, 404)
            none = (await ask(guarded, op, nothing, foreign)).json()
            assert (_without_id(problem), op.name) == (_without_id(none), op.name)
        elif op.name in ("submitJob", "submitBatch"):
            assert_problem(reply, 422)
        else:
            assert (reply.status, op.name) == (204 if op.method == "DELETE" else 200, op.name)
        made = (things.bulk, things.batch, things.delivery, things.endpoint)
        for trace in ("main", things.job, things.second, things.callback, *made):
            assert trace not in reply.text, (op.name, trace)
    assert (await guarded.site.store.counts()).by_state == before.by_state


async def test_a_key_of_the_flow_may_what_its_rights_say(guarded: Guarded) -> None:
    things = await things_of(guarded)
    own = bearer(await guarded.key(Right.READ, Right.SUBMIT, Right.OPERATE, flows=("main",)))
    for op in guarded_operations():
        if op.needs is not Needs.ADMIN and not op.all_flows and op.name not in ("deleteJob", "signOut", "endSession"):
            reply = await ask(guarded, op, things, own)
            # 409: the state of the job does not allow it. 404: the kept callback has no body.
            allowed = (404,) if op.name == "getCallbackBody" else (200, 201, 409)
            assert reply.status in allowed, (op.name, reply.text)


async def test_what_needs_nothing_is_named_here() -> None:
    """An operation without access control is added on purpose or not at all."""
    assert {op.name for op in OPERATIONS if op.needs is Needs.NOTHING} == {
        *("reportCallback", "reportCallbackUnderJobs"),
        *("getHealth", "getReadiness", "getLiveness", "signIn", "getSignInWays", "startSignIn", "finishSignIn"),
    }


@pytest.mark.parametrize("path", ["/openapi.json"])
async def test_what_is_beside_the_table_needs_a_key_too(guarded: Guarded, path: str) -> None:
    assert_problem(await guarded.site.client.get(path), 401)
    assert (await guarded.site.client.get(path, bearer(await guarded.key(Right.SUBMIT)))).status == 200


def _without_id(problem: Any) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name != "requestId"}
