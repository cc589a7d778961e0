"""The values of search terms: validation, normal form, conversion to numbers and times."""

import datetime
import re
from collections.abc import Callable, Mapping

from job_processor.core.job import State
from job_processor.core.search_terms import ValueKind
from job_processor.core.verdict import ResultKind

MAX_VALUE = 200
"""Maximum characters of a value."""
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_AGE = re.compile(r"(0|[1-9][0-9]{0,8})([smhdw])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?Z")
_DAY_MS = 86_400_000
_YEARS = range(1970, 2100)


def checked(kind: ValueKind, text: str) -> str:
    """The value in its normal form. Raises ``ValueError`` with a message that says what is expected."""
    if not text or len(text) > MAX_VALUE:
        raise ValueError(f"needs a value of 1 to {MAX_VALUE} characters")
    return _CHECKS[kind](text)


def _one_of(all_of: Mapping[str, str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        found = all_of.get(text.lower())
        if found is None:
            raise ValueError(f"must be one of: {', '.join(all_of)}")
        return found

    return check


def _number(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("must be a whole number")
    return str(int(text))


def _id(text: str) -> str:
    if len(text) != 24:
        raise ValueError("must be a whole id: 24 hex digits")
    return _id_start(text)


def _id_start(text: str) -> str:
    text = text.lower()
    if len(text) > 24 or text.strip("0123456789abcdef"):
        raise ValueError("must be an id, or its beginning: 1 to 24 hex digits")
    return text


def _time(text: str) -> str:
    if not _AGE.fullmatch(text):
        moment(text)
    return text


def age(text: str) -> int | None:
    """An age such as ``2h`` in milliseconds; ``None``: the value is a date or time instead."""
    found = _AGE.fullmatch(text)
    return None if found is None else int(found[1]) * UNITS[found[2]]


def moment(text: str) -> tuple[int, int]:
    """The range of a date or time in milliseconds since 1970: start (inclusive) and end (exclusive).

    Raises ``ValueError`` with a message that says what is expected.
    """
    try:
        if _DAY.fullmatch(text):
            begin, length = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC), _DAY_MS
        elif _TIME.fullmatch(text):
            begin, length = datetime.datetime.fromisoformat(text), 1
        else:
            raise ValueError
        if begin.year not in _YEARS:
            raise ValueError
    except ValueError:
        wanted = "must be an age like 90s, 15m, 2h, 7d or 4w, a date like 2026-11-30, or a time like 2026-11-30T08:00Z"
        raise ValueError(wanted) from None
    milliseconds = (begin - datetime.datetime.fromtimestamp(0, datetime.UTC)) // datetime.timedelta(milliseconds=1)
    return milliseconds, milliseconds + length


_CHECKS: Mapping[ValueKind, Callable[[str], str]] = {
    ValueKind.STATE: _one_of({state.value.lower(): state.value.lower() for state in State}),
    ValueKind.VERDICT: _one_of({kind.value: kind.value for kind in ResultKind}),
    ValueKind.TEXT: lambda text: text,
    ValueKind.NUMBER: _number,
    ValueKind.TIME: _time,
    ValueKind.ID: _id,
    ValueKind.ID_START: _id_start,
}
