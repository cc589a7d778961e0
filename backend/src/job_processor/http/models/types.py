"""Types and limits that several models share. Times are RFC 3339 in UTC with milliseconds."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

JobId = Annotated[str, Meta(pattern="^[0-9a-f]{24}$", description="24 hex digits, time-ordered")]
Time = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, milliseconds",
        examples=["2026-11-24T10:15:30.123Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
YEARS = "^(19[7-9][0-9]|20[0-9][0-9])-"
TimeIn = Annotated[
    str,
    Meta(
        description="RFC 3339 with an offset, from 1970 to 2099",
        extra_json_schema={"format": "date-time", "pattern": YEARS},
    ),
]
# ``http.body`` checks all fields for NUL; the pattern is for the OpenAPI document.
NO_NUL = "^[^\\u0000]*$"
TEXT = {"pattern": NO_NUL}
PROMPT = {"pattern": "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$"}
Tag = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=TEXT)]
Key = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="whose job it is, such as a customer or tenant: keys take turns among jobs of equal priority",
        extra_json_schema=TEXT,
    ),
]
FlowName = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=TEXT)]
Reason = Annotated[str, Meta(max_length=500, extra_json_schema=TEXT)]
# Free-form JSON. ``Any``: the only type that msgspec describes as any JSON value.
JsonObject = dict[str, Any]

MAX_ATTEMPT = 2**31 - 1
"""The highest attempt number that a callback may name."""
MAX_PROMPT_BYTES = 512 * 1024
"""Maximum UTF-8 bytes of a prompt: below the 1 MiB limit of a body, and with result and history below the 16 MB of a
MongoDB document."""


class WireIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Base of request bodies."""


class WireOut(msgspec.Struct, rename="camel", kw_only=True):
    """Base of response bodies."""
