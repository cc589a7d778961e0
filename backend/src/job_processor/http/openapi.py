"""The types of the table of operations, and the OpenAPI document generated from it. The router uses the same table."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from job_processor import __version__
from job_processor.http import models
from job_processor.http.access import SESSION_COOKIE, Needs
from job_processor.http.context import Context
from job_processor.http.problems import PROBLEM_TITLES
from job_processor.http.query import query_params

Handler = Callable[[Context, Request], Awaitable[Response]]
WireType = type[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter in ``where``: path or header. ``schema`` is JSON Schema."""

    name: str
    where: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented response. ``body``: its JSON type, or with ``many`` the type of the elements of a JSON array.

    ``part``: the type in place of ``body`` if the request chooses fields. ``media``: its media type; several, where
    the request chooses, are separated by spaces.
    """

    description: str
    body: WireType | None = None
    many: bool = False
    part: WireType | None = None
    media: str = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """A route. ``query``: the struct of its query parameters (``http.query``); ``None``: none. ``any_query``:
    undeclared query parameters are ignored instead of refused. ``needs``: what the requester must have;
    ``all_flows``: not for keys that are limited to flows. ``lines``: the type of a line, if the body may be NDJSON too.
    ``problems``: status codes of its error responses. ``limited``: its requests count for rate limits."""

    method: str
    path: str
    name: str
    needs: Needs
    summary: str
    handler: Handler
    answers: Mapping[int, Answer]
    body: WireType | None = None
    body_required: bool = True
    lines: WireType | None = None
    params: Sequence[Param] = ()
    query: WireType | None = None
    problems: Sequence[int] = ()
    any_query: bool = False
    all_flows: bool = False
    limited: bool = True


_SECURITY: Mapping[str, object] = {
    "key": {"type": "http", "scheme": "bearer", "description": "an API key; not needed where the server has no login"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "the session of the page"},
}


def document(operations: Sequence[Operation], base_path: str = "") -> dict[str, object]:
    """The OpenAPI 3.1 document of these operations, served below ``base_path``."""
    types: set[WireType] = {models.Problem}
    for op in operations:
        types.update(t for a in op.answers.values() for t in (a.body, a.part) if t is not None)
        if op.body is not None:
            types.add(op.body)
    ordered = sorted(types, key=lambda t: t.__name__)
    found, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    refs = dict(zip(ordered, found, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for op in operations:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Job Processor", "version": __version__},
        **({"servers": [{"url": base_path}]} if base_path else {}),
        "paths": paths,
        "components": {
            "schemas": {name: _dedent_description(schema) for name, schema in components.items()},
            "securitySchemes": _SECURITY,
        },
    }


def _dedent_description(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the indentation of its description removed: Python before 3.13 keeps that of docstrings."""
    return schema | {"description": cleandoc(schema["description"])} if "description" in schema else schema


def _operation(op: Operation, refs: Mapping[WireType, object]) -> dict[str, object]:
    answers: dict[str, object] = {}
    for status, answer in op.answers.items():
        entry: dict[str, object] = {"description": answer.description}
        if answer.body is not None:
            schema = refs[answer.body]
            if answer.part is not None:
                schema = {"anyOf": [schema, refs[answer.part]]}
            entry["content"] = {answer.media: {"schema": {"type": "array", "items": schema} if answer.many else schema}}
        elif answer.media != "application/json":
            entry["content"] = {media: {"schema": {"type": "string"}} for media in answer.media.split()}
        answers[str(status)] = entry
    # Every route refuses query parameters that it does not declare.
    access = () if op.needs is Needs.NOTHING else (401, 403)
    limited = (429,) if op.limited else ()
    for status in sorted({*op.problems, *access, *limited, 422}):
        answers[str(status)] = {
            "description": PROBLEM_TITLES[status],
            "content": {"application/problem+json": {"schema": refs[models.Problem]}},
        }
    made: dict[str, object] = {"operationId": op.name, "summary": op.summary, "responses": answers}
    if op.needs is not Needs.NOTHING:
        right = "any valid key" if op.needs is Needs.PRINCIPAL else f"the right `{op.needs.value}`"
        made["description"] = f"Needs {right}."
        made["security"] = [{name: []} for name in _SECURITY]
    params = [_param(p.name, p.where, p.description, p.schema) for p in op.params]
    params += [_param(p.name, "query", p.description, p.schema) for p in query_params(op.query)]
    if params:
        made["parameters"] = params
    if op.body is not None:
        content: dict[str, object] = {"application/json": {"schema": refs[op.body]}}
        if op.lines is not None:
            content["application/x-ndjson"] = {"schema": {"description": f"a {op.lines.__name__} a line"}}
        made["requestBody"] = {"required": op.body_required, "content": content}
    return made


def _param(name: str, where: str, description: str, schema: Mapping[str, object]) -> dict[str, object]:
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path",
        "schema": dict(schema),
    }


JOB_ID = Param("id", "path", "the job's id", {"type": "string", "pattern": "^[0-9a-f]{24}$"})
