"""Parses retry delays and retry times in error fields and messages. Pure."""

import re
from datetime import datetime
from typing import Any, Final

FURTHEST_MS: Final = 10 * 366 * 86_400_000
"""Maximum delay: ten years. A number of 400 digits is an error and not a time."""

_MOMENT_MS: Final = 1_000_000_000_000
"""September 2001 in milliseconds since 1970; as a delay it would be thirty years."""
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_DURATION: Final = re.compile(r"(?:\d{1,15}(?:\.\d{1,9})?(?:ms|s|m|h|d))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")

# Fields with a retry delay or time, and the unit of a plain number in milliseconds.
_FIELDS: Final = {
    **dict.fromkeys(("retry_after", "retryafter", "retry_after_seconds", "retryafterseconds"), 1_000),
    **dict.fromkeys(("retry_after_secs", "retry_after_sec", "estimated_time", "retrydelay", "retry_delay"), 1_000),
    **dict.fromkeys(("wait_seconds", "retry_in", "resets_in_seconds", "quotaresetdelay"), 1_000),
    **dict.fromkeys(("reset_at", "resets_at", "resetsat", "retry_at", "quotaresettimestamp"), 1_000),
    **dict.fromkeys(("retry_after_ms", "retryafterms", "retry_after_milliseconds", "retry_delay_ms"), 1),
}

_AMOUNT: Final = r"\d{1,9}(?:\.\d{1,9})?"
_UNIT: Final = r"milliseconds?|millisecs?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|hr|h|days?|d"
_SPAN: Final = rf"{_AMOUNT}\s*(?:{_UNIT})\b(?:(?:,|\s|and)*{_AMOUNT}\s*(?:{_UNIT})\b)*|(?:{_AMOUNT}(?:ms|s|m|h|d))+\b"
_WAIT: Final = re.compile(
    r"\b(?:try(?:ing)?(?:\s+\w+){0,4}?\s+again|retry(?:ing)?(?:\s+\w+){0,4}?|wait(?:\s+\w+){0,2}?|come\s+back|"
    r"available|resets?)"
    rf"(?:\s+(?:again|later|in|after|for|about|approximately|at\s+least))*:?\s+[~(`'\"]*({_SPAN})",
    re.I,
)
_WAIT_ONE: Final = re.compile(rf"({_AMOUNT})\s*({_UNIT})", re.I)
_MOMENT: Final = re.compile(
    r"\b(?:again|retry|reset|resets|available)\b[^.;]{0,40}?\b(?:at|after|until):?\s+"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)",
    re.I,
)
_DELAY_FIELD: Final = re.compile(r"retry_?delay[\"'\\: =]{1,8}([0-9.]+s)", re.I)


def duration_ms(text: str) -> int | None:
    """The milliseconds of ``1s``, ``6m0s``, ``20ms`` or ``1h2m3.5s``; ``None`` for anything else."""
    text = text.strip()
    if _DURATION.fullmatch(text) is None:
        return None
    return int(sum(float(amount) * _UNIT_MS[unit] for amount, unit in _PART.findall(text)))


def number_ms(text: str, unit_ms: int) -> int | None:
    """The milliseconds of a plain number (fractions allowed) of units of ``unit_ms``; ``None`` for anything else."""
    return int(float(text) * unit_ms) if _NUMBER.fullmatch(text.strip()) else None


def moment_ms(text: str) -> int | None:
    """An RFC 3339 time in milliseconds since 1970; without an offset it is UTC. ``None`` for anything else."""
    text = text.strip().replace(" UTC", "Z")
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            value = datetime.fromisoformat(text + "+00:00")
        return max(0, int(value.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def wait_or_moment(value_ms: int, now: int) -> int:
    """The retry time in milliseconds since 1970 for a number that is a delay, or (if too large for one) a time.

    ``value_ms``: milliseconds, or milliseconds that were multiplied by 1,000 as if they were seconds.
    """
    if value_ms >= _MOMENT_MS * 1_000:
        value_ms //= 1_000  # Milliseconds since 1970 in a field for seconds.
    at = value_ms if value_ms >= _MOMENT_MS else now + value_ms
    return min(at, now + FURTHEST_MS)


def delay_in_field(name: str, value: Any) -> int | None:
    """The delay in a field of an error, in milliseconds: a number, digits, ``17s``, or protobuf's seconds and nanos.

    It may also be a time in milliseconds since 1970: see ``wait_or_moment``. ``None`` if the field holds neither.
    """
    unit = _FIELDS.get(name.lower().replace("-", "_"))
    if unit is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return int(value * unit) if 0 <= value < 1e15 else None
    if isinstance(value, str):
        wait = number_ms(value, unit) if _NUMBER.fullmatch(value.strip()) else duration_ms(value)
        return moment_ms(value) if wait is None else wait
    if isinstance(value, dict):
        seconds, nanos = value.get("seconds", 0), value.get("nanos", 0)
        try:
            total = int(seconds) * 1_000 + int(nanos) // 1_000_000
        except (ValueError, TypeError):
            return None
        return total if 0 <= total <= FURTHEST_MS else None
    return None


def wait_in_words(text: str, now: int) -> int | None:
    """The retry time in a message, in milliseconds since 1970: "try again in 6m0.2s", "retry after 12 seconds"."""
    field = _DELAY_FIELD.search(text)
    if field is not None:
        wait = duration_ms(field[1])
        return None if wait is None else now + min(wait, FURTHEST_MS)
    spans = [sum(_span_ms(*part) for part in _WAIT_ONE.findall(span[1])) for span in _WAIT.finditer(text)]
    if spans:
        return now + min(max(spans), FURTHEST_MS)
    moment = _MOMENT.search(text)
    return None if moment is None else moment_ms(moment[1])


def _span_ms(amount: str, unit: str) -> int:
    unit = unit.lower()
    short = "ms" if unit.startswith(("ms", "milli")) else unit[0]
    return int(float(amount) * _UNIT_MS[short])
