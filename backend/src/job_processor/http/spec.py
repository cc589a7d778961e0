"""The route table's types, and the OpenAPI document made from it. One table serves both, so they cannot differ."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from job_processor import __version__
from job_processor.http import schemas

Handler = Callable[[Request], Awaitable[Response]]
WireType = type[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter in ``where``: path, query or header. ``schema`` is JSON Schema."""

    name: str
    where: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A documented answer: its body's type, a list of it, or another media type."""

    description: str
    body: WireType | None = None
    many: bool = False
    media: str = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answers: Mapping[int, Answer]
    body: WireType | None = None
    body_required: bool = True
    params: Sequence[Param] = ()
    problems: Sequence[int] = ()
    any_query: bool = False
    """Are query parameters that are not named here left out, and not refused?"""


PROBLEM_TITLES = {
    400: "The request is not well-formed",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The request took too long to arrive",
    409: "Conflict with the job's state",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body must be application/json, not encoded",
    416: "There is no such range",
    422: "A field cannot be taken",
    429: "Too many requests",
    431: "The headers are too large",
    500: "Internal error",
    501: "Not implemented",
    503: "The store cannot answer now",
}


def query_params(op: Operation) -> dict[str, bool]:
    """The names in the query string, and which of them may be given more than once."""
    return {p.name: p.schema.get("type") == "array" for p in op.params if p.where == "query"}


def openapi(operations: Sequence[Operation]) -> dict[str, object]:
    """The OpenAPI 3.1 document of these operations."""
    types: set[WireType] = {schemas.Problem}
    for op in operations:
        types.update(a.body for a in op.answers.values() if a.body is not None)
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
        "paths": paths,
        "components": {"schemas": {name: _told(schema) for name, schema in components.items()}},
    }


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """With the docstring's indentation taken off: Python 3.13 and newer do that by themselves, older ones do not."""
    return schema | {"description": cleandoc(schema["description"])} if "description" in schema else schema


def _operation(op: Operation, refs: Mapping[WireType, object]) -> dict[str, object]:
    answers: dict[str, object] = {}
    for status, answer in op.answers.items():
        entry: dict[str, object] = {"description": answer.description}
        if answer.body is not None:
            schema = refs[answer.body]
            entry["content"] = {answer.media: {"schema": {"type": "array", "items": schema} if answer.many else schema}}
        elif answer.media != "application/json":
            entry["content"] = {answer.media: {"schema": {"type": "string"}}}
        answers[str(status)] = entry
    # A query parameter that is not known is refused everywhere.
    for status in sorted({*op.problems, 422}):
        answers[str(status)] = {
            "description": PROBLEM_TITLES[status],
            "content": {"application/problem+json": {"schema": refs[schemas.Problem]}},
        }
    made: dict[str, object] = {"operationId": op.name, "summary": op.summary, "responses": answers}
    if op.params:
        made["parameters"] = [
            {
                "name": p.name,
                "in": p.where,
                "description": p.description,
                "required": p.where == "path",
                "schema": dict(p.schema),
            }
            for p in op.params
        ]
    if op.body is not None:
        made["requestBody"] = {
            "required": op.body_required,
            "content": {"application/json": {"schema": refs[op.body]}},
        }
    return made


JOB_ID = Param("id", "path", "the job's id", {"type": "string", "pattern": "^[0-9a-f]{24}$"})
