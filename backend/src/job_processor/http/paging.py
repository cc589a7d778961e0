"""Pagination of lists, newest first: query parameters, the cursor, and the Link header to the next page (RFC 8288)."""

import base64
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.datastructures import QueryParams

from job_processor.http.query import value_hint

MAX_LIMIT = 200
_CURSOR = "M[Q-Za-f][A-Za-z0-9_-]{15}[AQgw]"
"""The byte ``1`` (version) and 12 bytes of id, in base64url; the first and the last character have few possible
values."""
Limit = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_LIMIT,
        description=f"1 to {MAX_LIMIT}",
        extra=value_hint(f"must be a whole number from 1 to {MAX_LIMIT}"),
    ),
]
Cursor = Annotated[
    str,
    Meta(
        pattern=f"^{_CURSOR}$",
        description="where the page starts, from the Link header of the previous page",
        extra=value_hint("must come from the Link header of the previous page"),
    ),
]


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """The parameters of every list."""

    limit: Limit = 50
    cursor: Cursor | None = None

    @property
    def before(self) -> str | None:
        """The id after which the page starts; ``None``: from the newest."""
        return before(self.cursor)


def before(cursor: str | None) -> str | None:
    return None if cursor is None else base64.urlsafe_b64decode(cursor + "==")[1:].hex()


def cursor_after(last_id: str) -> str:
    return base64.urlsafe_b64encode(b"1" + bytes.fromhex(last_id)).decode().rstrip("=")


def next_page(path: str, params: QueryParams, last_id: str) -> str:
    """The value of the Link header: the same query with a cursor after ``last_id``."""
    others = [(name, value) for name, value in params.multi_items() if name != "cursor"]
    return f'<{path}?{urlencode([*others, ("cursor", cursor_after(last_id))])}>; rel="next"'
