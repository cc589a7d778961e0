"""Query parameters are declared once: what is not declared is refused on every route, and what is, is read strictly."""

from enum import StrEnum
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta
from starlette.datastructures import QueryParams

from job_processor.http.openapi import Operation
from job_processor.http.problems import RequestRefused
from job_processor.http.query import parse, query_params, value_hint
from job_processor.http.routes import OPERATIONS
from tests.http.problems import assert_problem
from tests.support.site import Site

SOME_ID = "0" * 24
ROUTES = [(op.method, op.path) for op in OPERATIONS if not op.any_query] + [("GET", "/openapi.json")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_an_unknown_parameter_is_refused_on_every_route(site: Site, method: str, path: str) -> None:
    made = path.replace("{id}", SOME_ID).replace("{otherId}", SOME_ID).replace("{name}", "main")
    reply = await site.client.request(method, f"{made}?surprise=1")
    assert_problem(reply, 422)
    assert "surprise" not in reply.text


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
async def test_a_parameter_that_is_given_twice_is_refused(site: Site, op: Operation) -> None:
    if op.any_query:
        return
    for param in query_params(op.query):
        if not param.repeats:
            path = op.path.replace("{id}", SOME_ID)
            assert_problem(await site.client.request(op.method, f"{path}?{param.name}=1&{param.name}=1"), 422)


class Kind(StrEnum):
    ONE = "one"
    TWO = "two"


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    how_many: Annotated[int, Meta(ge=1, le=9, extra=value_hint("must be 1 to 9"))] = 3
    word: Annotated[str, Meta(pattern="^[a-z]+$", max_length=5, extra=value_hint("must be a word"))] | None = None
    kind: tuple[Kind, ...] = ()


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", Asked()),
        ("howMany=9", Asked(9)),
        ("word=abc&howMany=1", Asked(1, "abc")),
        ("kind=one,TWO", Asked(kind=(Kind.ONE, Kind.TWO))),
        ("kind=one&kind=two", Asked(kind=(Kind.ONE, Kind.TWO))),
    ],
)
def test_what_is_declared_is_read(query: str, asked: Asked) -> None:
    assert parse(QueryParams(query), Asked) == asked


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        *(
            (f"howMany={value}", "howMany", "must be 1 to 9")
            for value in ("", "0", "10", "+1", "1.0", "1e0", "%D9%A1", "1%0A", "0x1", "9" * 30, "null")
        ),
        *((f"word={value}", "word", "must be a word") for value in ("", "A", "abcdef", "a%0A", "a%00", "1")),
        *((f"kind={value}", "kind", "must be one of: one, two") for value in ("", ",", "three", "one,three")),
        ("how_many=1", "query", "must use only: howMany, word, kind"),
        ("howmany=1", "query", "must use only: howMany, word, kind"),
        ("howMany=1&howMany=1", "howMany", "must be given once"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(query: str, field: str, words: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        parse(QueryParams(query), Asked)
    assert caught.value.status == 422
    assert [(error.field, error.message) for error in caught.value.errors] == [(field, words)]


def test_the_description_says_what_is_read() -> None:
    assert [(one.name, one.schema, one.repeats) for one in query_params(Asked)] == [
        ("howMany", {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, False),
        ("word", {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5}, False),
        ("kind", {"type": "array", "items": {"type": "string", "enum": ["one", "two"]}}, True),
    ]
