"""Pages of a list, newest first: how many, from where on, and the Link to the next (RFC 8288)."""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from job_processor.http.problems import invalid
from job_processor.http.spec import Param

MAX_LIMIT = 200
LIMIT = Param(
    "limit", "query", f"1 to {MAX_LIMIT}", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}
)
_CURSOR = "M[Q-Za-f][A-Za-z0-9_-]{15}[AQgw]"
"""Version and id, 13 bytes in base64url: the first character and the last can hold only some values."""
CURSOR = Param(
    "cursor",
    "query",
    "where the page starts, from the Link header of the page before",
    {"type": "string", "pattern": f"^{_CURSOR}$"},
)


def check_names(params: QueryParams, known: Mapping[str, bool]) -> None:
    """``known``: each name, and whether it may be given more than once."""
    for name in params:
        if name not in known:
            raise invalid("query", f"must use only: {', '.join(known)}" if known else "must be empty")
        if not known[name] and len(params.getlist(name)) > 1:
            raise invalid(name, "must be given once")


def limit(params: QueryParams) -> int:
    text = params.get("limit")
    if text is None:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        raise invalid("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def before(params: QueryParams) -> str | None:
    """The id after which the page starts."""
    cursor = params.get("cursor")
    if cursor is None:
        return None
    if not re.fullmatch(_CURSOR, cursor):
        raise invalid("cursor", "must come from the Link header of the page before")
    return base64.urlsafe_b64decode(cursor + "==")[1:].hex()


def cursor_after(last_id: str) -> str:
    return base64.urlsafe_b64encode(b"1" + bytes.fromhex(last_id)).decode().rstrip("=")


def next_page(path: str, params: QueryParams, last_id: str) -> str:
    """The Link header's value: the same question, from after ``last_id`` on."""
    asked = [(name, value) for name, value in params.multi_items() if name != "cursor"]
    return f'<{path}?{urlencode([*asked, ("cursor", cursor_after(last_id))])}>; rel="next"'


def names(field: str, given: list[str], known: Iterable[str]) -> list[str]:
    """Several values of one filter: repeated, or separated by commas, in any case of letters."""
    by_fold = {name.upper(): name for name in known}
    wanted = [one.strip().upper() for each in given for one in each.split(",") if one.strip()]
    if (given and not wanted) or any(name not in by_fold for name in wanted):
        raise invalid(field, f"must be one of: {', '.join(by_fold.values())}")
    return [by_fold[name] for name in wanted]
