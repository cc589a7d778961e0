"""The filters that choose jobs: query parameters of the list and of the count, and an object in a bulk action."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.datastructures import QueryParams

from job_processor.core import search
from job_processor.core.access import EVERYONE, Principal
from job_processor.core.bulk import BulkAction
from job_processor.core.errors import InvalidField
from job_processor.core.job import State
from job_processor.core.search import MAX_LENGTH
from job_processor.core.search_terms import TERMS
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.problems import RequestRefused, invalid
from job_processor.http.query import parse, query_params, value_hint
from job_processor.store.base import Query, with_search

MAX_TEXT = 256
"""Maximum characters of a text filter."""
MAX_IDS = 100
_ID = "[0-9a-f]{24}"
_TEXT = value_hint(f"must have 1 to {MAX_TEXT} characters, and no NUL")
_SEARCH = value_hint(f"must have 1 to {MAX_LENGTH} characters, and no NUL")
EXAMPLES = ", ".join(term.example for term in TERMS.values())
_TIME = {"format": "date-time", "pattern": s.YEARS}
# For the OpenAPI document; ``render.time_in`` makes the full check.
Time = Annotated[str, Meta(extra_json_schema=_TIME)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=s.NO_NUL, extra=_TEXT)]
Id = Annotated[
    str,
    Meta(
        pattern=f"^{_ID}$",
        description="only jobs with a greater id, which are newer ones",
        extra=value_hint("must be the id of a job: 24 hex digits in lower case"),
    ),
]
Batch = Annotated[
    str,
    Meta(pattern=f"^{_ID}$", extra=value_hint("must be the id of a batch: 24 hex digits in lower case")),
]
Ids = Annotated[
    str,
    Meta(
        pattern=f"^{_ID}(,{_ID}){{0,{MAX_IDS - 1}}}$",
        description=f"only these jobs: up to {MAX_IDS} ids, separated by commas",
        extra=value_hint(f"must be 1 to {MAX_IDS} ids of jobs, separated by commas"),
    ),
]
Clip = Annotated[
    int,
    Meta(
        ge=0,
        le=render.CLIP_BYTES,
        description=f"maximum UTF-8 bytes of prompt and result in a row, 0 to {render.CLIP_BYTES}",
        extra=value_hint(f"must be a whole number from 0 to {render.CLIP_BYTES}"),
    ),
]


class JobFilters(msgspec.Struct, frozen=True, rename="camel"):
    """Filters of jobs."""

    status: Annotated[tuple[State, ...], Meta(description="one or more states (repeat it, or separate by commas)")] = ()
    flow: Annotated[Text | None, Meta(description="jobs of this flow")] = None
    tag: Annotated[Text | None, Meta(description="jobs with this tag")] = None
    batch: Annotated[Batch | None, Meta(description="jobs of this batch")] = None
    q: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH, pattern=s.NO_NUL, extra=_SEARCH)] | None,
        Meta(description=f'a search: words, "words in quotes", and terms such as {EXAMPLES}'),
    ] = None
    created_after: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, inclusive")] = None
    created_before: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, exclusive")] = None
    ids: Ids | None = None
    after: Id | None = None

    def filters(self, limit: int, principal: Principal, now: int) -> Query:
        """The store's query, limited to what the principal may see. Raises ``RequestRefused`` (422) for an invalid
        time, and ``SearchInvalid``."""
        created_after, created_before = self.created_after, self.created_before
        query = Query(
            limit=limit,
            after=self.after,
            ids=None if self.ids is None else frozenset(self.ids.split(",")),
            states=frozenset(self.status),
            flow=self.flow,
            flows=principal.flows,
            tag=self.tag,
            batch=self.batch,
            created_after=None if created_after is None else render.time_in("createdAfter", created_after),
            created_before=None if created_before is None else render.time_in("createdBefore", created_before),
        )
        return query if self.q is None else with_search(query, search.parse(self.q), now, principal.owner)

    def as_object(self) -> dict[str, Any]:
        """The given filters as an object that ``read_object`` reads."""
        given: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in given.items() if value not in (None, ())}


def _object_schema() -> dict[str, object]:
    properties: dict[str, object] = {}
    for one in query_params(JobFilters):
        least = {"minItems": 1} if one.repeats else {}
        described = {"description": one.description} if one.description else {}
        properties[one.name] = {**one.schema, **least, **described}
    return {"properties": properties, "additionalProperties": False}


OBJECT_SCHEMA = _object_schema()
"""JSON Schema of the filters as an object."""


def read_object(given: Mapping[str, object]) -> JobFilters:
    """The filters of an object: a text each, or a list of texts where a query parameter may be repeated.

    Refused as the query parameters are: raises ``RequestRefused`` (422), which names ``query.`` and the filter.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in given.items():
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise invalid(_named(name), "must be a text, or a list of texts where several values may be given")
        pairs += [(name, str(text)) for text in texts]
    try:
        filters = parse(QueryParams(pairs), JobFilters)
        filters.filters(1, EVERYONE, 0)
    except InvalidField as error:
        raise invalid(_named(error.field), str(error)) from None
    except RequestRefused as refused:
        field = refused.errors[0]
        raise invalid(field.field if field.field == "query" else _named(field.field), field.message) from None
    return filters


def _named(name: str) -> str:
    """A filter's field in the error; an unknown name is not echoed."""
    known = {one.name for one in query_params(JobFilters)}
    return f"query.{name}" if name in known else "query"


def stored_query(action: BulkAction) -> Query:
    """The store's query of a bulk action, limited to the flows of its requester, for any number of jobs.

    Raises ``InvalidField`` for a filter that a newer version wrote: without it the query would match other jobs too.
    """
    known = {one.encode_name for one in msgspec.structs.fields(JobFilters)}
    try:
        filters = msgspec.convert(dict(action.query), JobFilters)
    except msgspec.ValidationError:
        filters = None
    if filters is None or not action.query.keys() <= known:
        raise InvalidField("query", "has a filter that this version does not know")
    return filters.filters(1, action.by.principal, action.created_at)
