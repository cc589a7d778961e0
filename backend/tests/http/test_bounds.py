"""What the OpenAPI document says of requests holds: every number has bounds, and beyond them is a 422 that names it.

The document is walked, so that a field or parameter that is added later is found by itself.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from job_processor.http.openapi import document
from job_processor.http.routes import OPERATIONS
from tests.support.site import SECRET, Site

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(OPERATIONS)))
INT64 = range(-(2**63), 2**63)
CALLBACKS = ("/webhook/callback", "/jobs/webhook/callback")
FAR = (10**30, -(10**30), 2**63, -(2**63) - 1, 2**64)
Schema = Mapping[str, Any]


def resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def numbers(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every place of a schema where a number may stand."""
    schema = resolved(schema)
    kinds = schema.get("type", ())
    if {"integer", "number"} & {kinds, *(kinds if isinstance(kinds, list) else ())} if kinds else False:
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from numbers(inner, f"{path}.{name}" if path else name)
    for word in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(word, ()):
            yield from numbers(inner, path)
    if isinstance(items := schema.get("items"), dict):
        yield from numbers(items, f"{path}[]")


def operations() -> Iterator[tuple[str, str, Schema]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def body_numbers() -> Iterator[tuple[str, str, str, Schema]]:
    for method, path, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for field, schema in numbers(media["schema"]):
                yield method, path, field, schema


def param_numbers() -> Iterator[tuple[str, str, str, Schema]]:
    for method, path, operation in operations():
        for param in operation.get("parameters", ()):
            if param["in"] != "header":
                for _, schema in numbers(param["schema"]):
                    yield method, path, param["name"], schema


BODIES, PARAMS = list(body_numbers()), list(param_numbers())


def test_the_walk_finds_what_is_known_to_be_there() -> None:
    fields = {(path, field) for _, path, field, _ in BODIES}
    assert {("/jobs", "priority"), ("/jobs", "maxAttempts"), ("/jobs", "delaySeconds")} <= fields
    assert ("/webhook/callback", "attempt") in fields
    assert {(path, name) for _, path, name, _ in PARAMS} >= {("/jobs", "limit"), ("/webhook/callback", "attempt")}


@pytest.mark.parametrize(
    ("path", "field", "schema"), [(p, f, s) for _, p, f, s in (*BODIES, *PARAMS)], ids=lambda v: str(v)[:40]
)
def test_every_number_of_a_request_has_bounds_that_both_stores_can_hold(path: str, field: str, schema: Schema) -> None:
    assert "minimum" in schema, f"{path}: {field} has no minimum"
    assert "maximum" in schema, f"{path}: {field} has no maximum"
    assert schema["minimum"] in INT64
    assert schema["maximum"] in INT64


def beyond(schema: Schema) -> Iterator[str]:
    """Numbers outside, as JSON writes them: next to the bounds, and far off in every form."""
    yield from (str(schema["maximum"] + 1), str(schema["minimum"] - 1))
    yield from (str(n) for n in FAR)
    yield from ("1e30", "-1e30", "1e400", "-1e400", "9" * 5000)


def body_with(path: str, field: str, text: str) -> str:
    """A body whose one fault is this value."""
    listed, _, name = field.rpartition("[].")
    if listed:
        return f'{{"{listed}": [{{"prompt": "p", "{name}": {text}}}]}}'
    beside = {"/jobs": '"prompt": "p", ', "/batches": '"jobs": [{"prompt": "p"}], '}.get(path, "")
    return f'{{{beside}"{field}": {text}}}'


async def test_a_number_of_a_body_beyond_its_bounds_is_a_422_that_names_its_field(site: Site) -> None:
    made = (await site.submit())["id"]
    tried = 0
    for method, path, field, schema in BODIES:
        if path in CALLBACKS:
            continue
        for text in beyond(schema):
            reply = await site.client.request(
                method,
                path.replace("{id}", made),
                body=body_with(path, field, text).encode(),
                headers={"content-type": "application/json"},
            )
            name = field.rpartition(".")[2]
            assert (reply.status, reply.json()["errors"][0]["field"]) == (422, name), (path, field, text[:40])
            tried += 1
    assert tried > 30


@pytest.mark.parametrize("text", ["10.0", "1e1", "10"])
async def test_a_whole_number_may_be_written_as_a_decimal(site: Site, text: str) -> None:
    reply = await site.client.request(
        "POST",
        "/jobs",
        body=b'{"prompt": "p", "maxAttempts": %s, "priority": 5.0, "delaySeconds": 60.0}' % text.encode(),
        headers={"content-type": "application/json"},
    )

    assert (reply.status, reply.json()["maxAttempts"], reply.json()["priority"]) == (201, 10, 5)


@pytest.mark.parametrize("text", ["10.5", "1e-3", '"10"', "true"])
async def test_anything_else_is_no_whole_number(site: Site, text: str) -> None:
    reply = await site.client.request(
        "POST",
        "/jobs",
        body=b'{"prompt": "p", "maxAttempts": %s}' % text.encode(),
        headers={"content-type": "application/json"},
    )

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "maxAttempts")


async def test_a_number_of_a_query_beyond_its_bounds_is_a_422_that_names_it(site: Site) -> None:
    tried = 0
    for method, path, name, schema in PARAMS:
        if path in CALLBACKS:
            continue
        for text in (*beyond(schema), "", " 1", "+1", "1.0", "\u0661"):
            reply = await site.client.request(method, f"{path}?{name}={text.replace('+', '%2B')}")
            assert (reply.status, reply.json()["errors"][0]["field"]) == (422, name), (path, name, text[:40])
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("in_query", [False, True], ids=["body", "address"])
@pytest.mark.parametrize("text", [*(str(n) for n in FAR), "0", "-1", "1e30", "1e400", "1.5", '"9' + "9" * 400 + '"'])
async def test_a_late_result_with_an_attempt_out_of_range_is_kept(site: Site, text: str, in_query: bool) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")

    attempt = "" if in_query else f', "attempt": {text}'
    reply = await site.client.request(
        "POST",
        "/webhook/callback" + (f"?attempt={text.strip(chr(34))}" if in_query else ""),
        body=f'{{"jobId": "{job}", "result": "was paid for"{attempt}}}'.encode(),
        headers={"content-type": "application/json", "x-webhook-secret": SECRET},
    )

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "attempt")
    [kept] = (await site.client.get(f"/callbacks?jobId={job}")).json()
    whole = (await site.client.get(f"/callbacks/{kept['id']}")).json()
    assert "was paid for" in whole["body"]
    assert "attempt" in whole["content"]


def strict_routes() -> Iterator[tuple[str, str]]:
    for method, path, _ in operations():
        # What an identity provider adds to its answer is not known beforehand (RFC 6749, section 4.1.2).
        if path not in (*CALLBACKS, "/session/oidc/callback"):
            yield method, path


@pytest.mark.parametrize(("method", "path"), list(strict_routes()))
async def test_unknown_query_parameters_are_refused_on_every_route(site: Site, method: str, path: str) -> None:
    job = (await site.submit())["id"]
    address = path.replace("{id}", job).replace("{otherId}", job).replace("{name}", "main")

    for query in ("unknown=1", "Limit=1", "=", "%00=1", "limit%5B%5D=1"):
        reply = await site.client.request(method, f"{address}?{query}")
        assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "query"), query
    assert (await site.job(job))["status"] == "PENDING"


async def test_what_a_callbacks_address_says_besides_is_left_out(site: Site) -> None:
    job = (await site.submit())["id"]

    reply = await site.callback({"jobId": job, "result": "x"}, path="/webhook/callback?utm_source=n8n&limit=9e999")

    assert (reply.status, reply.json()["status"]) == (200, "COMPLETED")


def texts(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every place of a schema where a text of our own may stand; times and ids have forms of their own."""
    schema = resolved(schema)
    is_free = "format" not in schema and "enum" not in schema and "[0-9a-f]{24}" not in schema.get("pattern", "")
    if schema.get("type") == "string" and is_free:
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from texts(inner, f"{path}.{name}" if path else name)
    for inner in schema.get("anyOf", ()):
        yield from texts(inner, path)
    if isinstance(items := schema.get("items"), dict):
        yield from texts(items, f"{path}[]")


REQUIRED: dict[str, dict[str, object]] = {
    "/jobs": {"prompt": "p"},
    "/bulk-actions": {"action": "replay", "query": {}},
    "/webhook-endpoints": {"url": "https://example.com/"},
    "/webhook-endpoints/{id}": {"url": "https://example.com/"},
    "/batches": {"jobs": [{"prompt": "p"}]},
    "/keys": {"name": "n", "rights": ["read"]},
}
"""The fields that a body must have."""


async def test_the_document_says_where_no_nul_may_stand(site: Site) -> None:
    job = (await site.submit())["id"]
    seen = set()
    for method, path, operation in operations():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if path in CALLBACKS:
                continue
            for field, schema in texts(media["schema"]):
                assert "\\u0000" in schema.get("pattern", ""), (path, field)
                listed, _, own = field.rpartition("[].")
                name, _, many = own.partition("[]")
                given = ["a\0b"] if field.endswith("[]") else "a\0b"
                name, _, inside = name.partition(".")
                wrong = {name: {inside: given} if inside else given}
                body = {**REQUIRED.get(path, {}), **({listed: [{"prompt": "p", **wrong}]} if listed else wrong)}
                address = path.replace("{id}", job).replace("{name}", "main")
                reply = await site.client.request(method, address, json_body=body)
                assert reply.status == 422, (path, field, many)
                assert reply.json()["errors"][0]["field"] in (name, f"{name}.{inside}"), (path, field, many)
                seen.add((path, field))
    assert {("/jobs", "prompt"), ("/jobs", "tags[]"), ("/jobs/{id}/cancel", "reason")} <= seen
    assert {("/bulk-actions", "reason"), ("/bulk-actions", "query.tag")} <= seen


async def test_the_texts_of_a_query_are_as_long_as_the_document_says(site: Site) -> None:
    for param in DOCUMENT["paths"]["/jobs"]["get"]["parameters"]:
        schema = param["schema"]
        if param["name"] not in ("flow", "tag", "q"):
            continue
        for length, status in (
            (0, 422),
            (schema["minLength"], 200),
            (schema["maxLength"], 200),
            (schema["maxLength"] + 1, 422),
        ):
            reply = await site.client.get(f"/jobs?{param['name']}={'a' * length}")
            assert reply.status == status, (param["name"], length)
        assert (await site.client.get(f"/jobs?{param['name']}=a%00b")).status == 422


@pytest.mark.parametrize(
    "cursor", ["", "M", "MQ" + "A" * 16 + "=", "MQ" + "A" * 15 + "B", "MQ AAAA" + "A" * 11, "é" * 18]
)
async def test_a_cursor_that_no_page_gave_is_refused(site: Site, cursor: str) -> None:
    reply = await site.client.get(f"/jobs?cursor={cursor.replace(' ', '%20')}")

    assert (reply.status, reply.json()["errors"][0]["field"]) == (422, "cursor")
