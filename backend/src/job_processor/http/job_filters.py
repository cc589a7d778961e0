"""The query parameters that choose jobs, the same for the list and for the count."""

from typing import Annotated

import msgspec
from msgspec import Meta

from job_processor.core.job import State
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.query import value_hint
from job_processor.store.base import Query

MAX_TEXT = 256
"""Maximum characters of a text filter."""
MAX_IDS = 100
_ID = "[0-9a-f]{24}"
_TEXT = value_hint(f"must have 1 to {MAX_TEXT} characters, and no NUL")
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
        Text | None,
        Meta(description="text in prompt or result, in the newest 100,000 jobs; case-insensitive for ASCII"),
    ] = None
    created_after: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, inclusive")] = None
    created_before: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, exclusive")] = None
    ids: Ids | None = None
    after: Id | None = None

    def filters(self, limit: int, flows: frozenset[str] | None) -> Query:
        """The store's query, of these flows only. Raises ``RequestRefused`` (422) for an invalid time."""
        created_after, created_before = self.created_after, self.created_before
        return Query(
            limit=limit,
            after=self.after,
            ids=None if self.ids is None else frozenset(self.ids.split(",")),
            states=frozenset(self.status),
            flow=self.flow,
            flows=flows,
            tag=self.tag,
            batch=self.batch,
            text=self.q,
            created_after=None if created_after is None else render.time_in("createdAfter", created_after),
            created_before=None if created_before is None else render.time_in("createdBefore", created_before),
        )
