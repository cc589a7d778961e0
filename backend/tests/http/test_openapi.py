"""The OpenAPI document is valid, complete and true: real answers are held against it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from starlette.routing import Route

from job_processor.core.outcome import Accepted, Succeeded
from job_processor.http.openapi import document
from job_processor.http.routes import OPERATIONS
from tests.support.asgi import Reply
from tests.support.site import SECRET, Site

REPOSITORY = Path(__file__).parents[3]
DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(OPERATIONS)))
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_no_answer_has_a_nameless_media_type() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                for media in answer.get("content", {}):
                    assert re.fullmatch(r"[a-z]+/[a-z+-]+", media), (path, status, media)


async def test_every_route_is_described_and_every_description_has_a_route(site: Site) -> None:
    routes = _routes(site.app)
    described = {(m.upper(), path) for path, ops in DOCUMENT["paths"].items() for m in ops}

    assert described == {(m, p) for m, p in routes if p not in ("/", "/ui", "/openapi.json") and m != "HEAD"}


def _routes(app: Any) -> set[tuple[str, str]]:
    while not hasattr(app, "routes"):
        app = app._app
    return {
        (method, re.sub(r":\w+}", "}", r.path))
        for r in app.routes
        if isinstance(r, Route)
        for method in r.methods or ()
    }


async def test_the_served_document_is_the_printed_one(site: Site) -> None:
    assert (await site.client.get("/openapi.json")).json() == DOCUMENT


def test_the_pages_copy_is_up_to_date() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "job_processor.cli", "openapi"], capture_output=True, check=True, text=True, timeout=60
    ).stdout

    assert printed == (REPOSITORY / "frontend" / "openapi.json").read_text(), "run `make generate`"


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
async def test_a_method_that_is_not_described_is_not_allowed(site: Site, path: str) -> None:
    described = {method.upper() for method in DOCUMENT["paths"][path]} & METHODS
    allowed = described | ({"HEAD"} if "GET" in described else set())
    asked = re.sub(r"{\w+}", "0123456789abcdef01234567", path)
    for method in METHODS - allowed:
        reply = await site.client.request(method, asked, headers={})
        assert reply.status == 405, method
        assert set(reply.headers["allow"].split(", ")) == allowed


class Checked:
    """Asks the API, and holds each answer against what is written about it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.seen: set[tuple[str, str, int]] = set()

    async def __call__(self, method: str, path: str, template: str, body: object = None, **headers: str) -> Reply:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = await self.site.client.request(method, path, json_body=body, headers=given)
        operation = DOCUMENT["paths"][template][method.lower()]
        if reply.status == 405:
            return reply
        assert str(reply.status) in operation["responses"], (method, template, reply.status, reply.text)
        content = operation["responses"][str(reply.status)].get("content", {})
        media = reply.headers.get("content-type", "").partition(";")[0]
        if not content:
            assert reply.body == b""
        else:
            assert media in content
            if media.endswith(("/json", "+json")):
                schema = {**content[media]["schema"], "components": DOCUMENT["components"]}
                validator = jsonschema_rs.validator_for(schema)
                faults = [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(reply.json())]
                assert faults == [], (method, template, reply.status)
        self.seen.add((method, template, reply.status))
        return reply


async def _ask_about_webhooks(ask: Checked) -> None:
    hook = {"url": "https://example.com/hook?a=b"}
    made = (await ask("POST", "/webhook-endpoints", "/webhook-endpoints", hook)).json()["id"]
    path, template = f"/webhook-endpoints/{made}", "/webhook-endpoints/{id}"
    await ask("POST", "/webhook-endpoints", "/webhook-endpoints", {"url": "http://10.0.0.1/"})
    await ask("GET", "/webhook-endpoints", "/webhook-endpoints")
    await ask("GET", path, template)
    await ask("PUT", path, template, {**hook, "events": ["failed"]})
    await ask("PUT", path, template, {"url": "http://10.0.0.1/"})
    await ask("PUT", f"/webhook-endpoints/{'0' * 24}", template, hook)
    await ask("POST", f"{path}/rotate", f"{template}/rotate", {"overlapSeconds": 1})
    told = (await ask("POST", f"{path}/test", f"{template}/test")).json()["id"]
    await ask("POST", f"{path}/disable", f"{template}/disable")
    await ask("POST", f"{path}/test", f"{template}/test")
    await ask("POST", f"{path}/enable", f"{template}/enable")
    await ask("DELETE", path, template)
    await ask("DELETE", path, template)
    await ask("GET", "/webhook-secret", "/webhook-secret")
    await ask("POST", "/jobs", "/jobs", {"prompt": "a", "webhook": hook})
    await ask("GET", "/webhook-deliveries", "/webhook-deliveries")
    await ask("GET", "/webhook-deliveries?state=none", "/webhook-deliveries")
    await ask("GET", f"/webhook-deliveries/{told}", "/webhook-deliveries/{id}")
    await ask("GET", f"/webhook-deliveries/{'0' * 24}", "/webhook-deliveries/{id}")
    await ask("POST", f"/webhook-deliveries/{told}/replay", "/webhook-deliveries/{id}/replay")


async def test_real_answers_are_as_described(site: Site) -> None:
    ask = Checked(site)
    secret = {"x_webhook_secret": SECRET}
    made = (
        await ask("POST", "/jobs", "/jobs", {"prompt": "a", "resultSchema": {"type": "object"}, "tags": ["t"]})
    ).json()
    job, path = made["id"], f"/jobs/{made['id']}"
    await ask("GET", path, "/jobs/{id}")
    await site.say(await site.claim(), Accepted(60_000, "exec-1"))
    await ask("GET", path, "/jobs/{id}")
    await ask("POST", "/webhook/callback", "/webhook/callback", {"jobId": job, "progress": "half"}, **secret)
    await ask("POST", "/webhook/callback", "/webhook/callback", {"executionId": "none", "error": "e"}, **secret)
    await ask("POST", "/webhook/callback", "/webhook/callback", {"jobId": job, "result": '{"a": 1,}'}, **secret)
    await ask("POST", "/webhook/callback", "/webhook/callback", {"jobId": job, "result": "other"}, **secret)
    await ask("POST", "/jobs/webhook/callback", "/jobs/webhook/callback", {"jobId": job, "result": "x"})
    await ask("POST", "/jobs/webhook/callback", "/jobs/webhook/callback", {"jobId": "f" * 24, "result": "x"}, **secret)
    whole = await ask("GET", path, "/jobs/{id}")
    await ask("GET", path, "/jobs/{id}", if_none_match=whole.headers["etag"])
    replayed = (await ask("POST", f"{path}/replay", "/jobs/{id}/replay", {"prompt": "b"})).json()["id"]
    await ask("GET", f"{path}/compare/{replayed}", "/jobs/{id}/compare/{otherId}")
    await ask("GET", f"{path}/place", "/jobs/{id}/place")
    await ask("POST", f"{path}/cancel", "/jobs/{id}/cancel")
    await ask("POST", f"/jobs/{replayed}/cancel", "/jobs/{id}/cancel", {"reason": "r"})
    await ask("POST", "/webhook/callback", "/webhook/callback", {"jobId": replayed, "result": "late"}, **secret)
    [late] = (await ask("GET", f"/callbacks?jobId={replayed}", "/callbacks")).json()
    await ask("GET", f"/callbacks/{late['id']}", "/callbacks/{id}")
    await ask("POST", "/webhook/callback", "/webhook/callback", {"jobId": replayed}, **secret)
    [unread] = (await ask("GET", "/callbacks?verdict=unreadable", "/callbacks")).json()
    await ask("GET", f"/callbacks/{unread['id']}/body", "/callbacks/{id}/body")
    await ask("GET", f"/callbacks/{late['id']}/body", "/callbacks/{id}/body")
    await ask("GET", "/callbacks/count", "/callbacks/count")
    await ask("POST", f"/callbacks/{late['id']}/reject", "/callbacks/{id}/reject")
    await ask("POST", f"/callbacks/{'f' * 24}/reject", "/callbacks/{id}/reject")
    await ask("POST", f"/callbacks/{late['id']}/accept", "/callbacks/{id}/accept")
    await ask("POST", f"/callbacks/{late['id']}/reject", "/callbacks/{id}/reject")
    await ask("POST", f"/callbacks/{'f' * 24}/accept", "/callbacks/{id}/accept")
    replayed = (await ask("POST", f"{path}/replay", "/jobs/{id}/replay")).json()["id"]
    await ask("POST", f"/jobs/{replayed}/cancel", "/jobs/{id}/cancel")
    await ask("POST", f"/jobs/{replayed}/retry", "/jobs/{id}/retry", {"maxAttempts": 1})
    await ask("POST", f"/jobs/{replayed}/retry", "/jobs/{id}/retry")
    await ask("DELETE", f"/jobs/{replayed}", "/jobs/{id}")
    await site.say(await site.claim(), Succeeded("plain text"))
    await ask("GET", "/jobs", "/jobs")
    await ask("GET", "/jobs?limit=0", "/jobs")
    await ask("GET", "/jobs/count", "/jobs/count")
    await ask("GET", "/jobs/groups?by=flow", "/jobs/groups")
    await ask("GET", "/jobs/groups?by=colour", "/jobs/groups")
    for form in ("ndjson", "csv", "xml"):
        await ask("GET", f"/jobs/export?format={form}", "/jobs/export")
    bulk = {"action": "cancel", "query": {"status": ["PENDING"]}, "limit": 5, "reason": "r"}
    await ask("POST", "/bulk-actions", "/bulk-actions", {**bulk, "dryRun": True})
    started = (await ask("POST", "/bulk-actions", "/bulk-actions", bulk)).json()["id"]
    await ask("POST", "/bulk-actions", "/bulk-actions", {**bulk, "query": {"status": "x"}})
    await ask("GET", f"/bulk-actions/{started}", "/bulk-actions/{id}")
    await ask("POST", f"/bulk-actions/{started}/abort", "/bulk-actions/{id}/abort")
    await ask("GET", "/bulk-actions", "/bulk-actions")
    await ask("GET", f"/bulk-actions/{'0' * 24}", "/bulk-actions/{id}")
    batch = (await ask("POST", "/batches", "/batches", {"jobs": [{"prompt": "a"}, {}], "partial": True})).json()["id"]
    await ask("POST", "/batches", "/batches", {"jobs": [{}]})
    await ask("GET", "/batches", "/batches")
    tag = (await ask("GET", f"/batches/{batch}", "/batches/{id}")).headers["etag"]
    await ask("GET", f"/batches/{batch}", "/batches/{id}", if_none_match=tag)
    await ask("GET", f"/batches/{batch}/results", "/batches/{id}/results")
    await ask("POST", f"/batches/{batch}/cancel", "/batches/{id}/cancel")
    for path in ("/batches/{id}", "/batches/{id}/results"):
        await ask("GET", path.replace("{id}", "f" * 24), path)
    await ask("DELETE", f"/jobs/{replayed}", "/jobs/{id}")
    for missing, template in (
        (f"/jobs/{replayed}", "/jobs/{id}"),
        (f"/jobs/{replayed}/events", "/jobs/{id}/events"),
        (f"/jobs/{replayed}/compare/{job}", "/jobs/{id}/compare/{otherId}"),
    ):
        await ask("GET", missing, template)
    for name in ("/stats", "/flows", "/workers", "/health", "/health/ready", "/health/live", "/metrics"):
        await ask("GET", name, name)
    await ask("POST", "/flows/main/pause", "/flows/{name}/pause", {"reason": "r"})
    await ask("POST", "/flows/main/resume", "/flows/{name}/resume")
    await ask("POST", "/flows/none/pause", "/flows/{name}/pause")
    await ask("POST", "/jobs", "/jobs", {"prompt": ""})
    await ask("GET", "/session", "/session")
    await ask("GET", "/session/ways", "/session/ways")
    await ask("GET", "/session/oidc/start", "/session/oidc/start")
    await ask("GET", "/session/oidc/callback", "/session/oidc/callback")
    await ask("POST", "/session", "/session", {"key": "k"})
    await ask("DELETE", "/session", "/session")
    await ask("GET", "/session/ways", "/session/ways")
    await ask("GET", "/sessions", "/sessions")
    await ask("GET", "/sessions?everyone=yes", "/sessions")
    await ask("DELETE", f"/sessions/{'0' * 64}", "/sessions/{id}")
    limited = {"name": "n", "rights": ["read"], "flows": ["main"], "expiresAt": "2099-01-01T00:00:00Z"}
    key = (await ask("POST", "/keys", "/keys", limited)).json()["id"]
    await ask("POST", "/keys", "/keys", {"name": "n", "rights": []})
    await ask("GET", f"/keys/{key}", "/keys/{id}")
    await ask("POST", f"/keys/{key}/rotate", "/keys/{id}/rotate", {"overlapSeconds": 0})
    await ask("POST", f"/keys/{key}/rotate", "/keys/{id}/rotate")
    await ask("DELETE", f"/keys/{key}", "/keys/{id}")
    await ask("DELETE", f"/keys/{'0' * 10}", "/keys/{id}")
    await ask("GET", "/keys", "/keys")
    await _ask_about_webhooks(ask)
    await ask("GET", "/stats/series", "/stats/series")
    await ask("GET", "/stats/series?step=2m", "/stats/series")
    await ask("GET", "/stats/keys", "/stats/keys")
    await ask("GET", "/stats/keys?limit=0", "/stats/keys")
    await ask("GET", "/audit", "/audit")
    await ask("GET", "/audit?act=x", "/audit")
    await ask("GET", "/audit/export", "/audit/export")
    await ask("POST", "/jobs", "/jobs", {"prompt": "a"}, content_type="text/plain")
    await site.store.close()
    for name in ("/jobs", "/stats", "/flows", "/workers", "/health", "/health/ready"):
        await ask("GET", name, name)

    described = {(m.upper(), path) for path, ops in DOCUMENT["paths"].items() for m in ops}
    assert described - {(method, template) for method, template, _ in ask.seen} == {("GET", "/events")}


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_named_schema_is_one(name: str) -> None:
    jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})
