"""When a processor says it may be asked again: read from the headers of a 429 or 503. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

FURTHEST_MS = 10 * 366 * 86_400_000
"""No answer lies further ahead than ten years: a number of 400 digits is a mistake, and no time."""

_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_DURATION = re.compile(r"(?:\d{1,15}(?:\.\d{1,9})?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BUCKETS = ("requests", "tokens")


def retry_at(headers: Mapping[str, str], now: int) -> int | None:
    """Milliseconds since 1970 of the moment named, or ``None`` when none is, or none that can be read.

    ``headers`` must find names whatever their case. The first that can be read counts: ``retry-after-ms``,
    ``Retry-After`` (seconds or an HTTP date), ``x-ratelimit-reset-requests`` and ``-tokens``. Nothing is clamped
    here but the absurd; how long a lane stays closed is the lane's to decide.
    """
    wait = _number(headers.get("retry-after-ms"), 1)
    if wait is None:
        wait = _number(headers.get("retry-after"), 1_000)
    if wait is not None:
        return now + min(wait, FURTHEST_MS)
    date = _date(headers.get("retry-after"))
    if date is not None:
        return min(date, now + FURTHEST_MS)
    wait = _reset(headers)
    return None if wait is None else now + min(wait, FURTHEST_MS)


def _number(text: str | None, unit_ms: int) -> int | None:
    if text is None or _NUMBER.fullmatch(text.strip()) is None:
        return None
    return int(float(text) * unit_ms)


def _date(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * 1000))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _reset(headers: Mapping[str, str]) -> int | None:
    """The reset of the bucket that is said to be empty, else the sooner one: then a probe finds out."""
    waits: list[int] = []
    for bucket in _BUCKETS:
        wait = _duration(headers.get(f"x-ratelimit-reset-{bucket}"))
        if wait is None:
            continue
        if headers.get(f"x-ratelimit-remaining-{bucket}", "").strip() == "0":
            return wait
        waits.append(wait)
    return min(waits, default=None)


def _duration(text: str | None) -> int | None:
    """``1s``, ``6m0s``, ``20ms``, or plain seconds, in milliseconds."""
    if text is None:
        return None
    text = text.strip()
    if _DURATION.fullmatch(text) is None:
        return _number(text, 1_000)
    return int(sum(float(amount) * _UNIT_MS[unit] for amount, unit in _PART.findall(text)))
