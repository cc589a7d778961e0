"""The retry time that a response names, in its headers or in the error in its body. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from job_processor.outgoing.error_details import ErrorDetails
from job_processor.outgoing.wait_times import (
    FURTHEST_MS,
    duration_ms,
    moment_ms,
    number_ms,
    wait_in_words,
    wait_or_moment,
)

_NONE: Final = ErrorDetails()
_EPOCH_MS: Final = 100_000_000_000
"""A reset value of at least this is in milliseconds since 1970."""
_EPOCH_S: Final = 1_000_000_000
"""A reset value of at least this is in seconds since 1970; a smaller one is a delay in seconds."""
# OpenAI: x-ratelimit-reset-tokens. Anthropic: anthropic-ratelimit-input-tokens-reset. Others name no bucket.
_RESET: Final = re.compile(
    r"(?P<who>(?:x-|anthropic-)?(?:x-)?)rate-?limit-(?:reset(?:-(?P<after>[a-z0-9-]+))?|(?P<before>[a-z0-9-]+)-reset)"
)
_FIELD_T: Final = re.compile(r"(?:;\s*t|,\s*reset)=(\d{1,15})\b")
_WORDS: Final = 100


def retry_at(headers: Mapping[str, str], now: int, details: ErrorDetails = _NONE) -> int | None:
    """The retry time in milliseconds since 1970; ``None`` if none can be read.

    ``headers`` must ignore the case of names. The first readable one of these counts: ``retry-after-ms`` and
    ``x-ms-retry-after-ms``; ``Retry-After`` (RFC 9110 section 10.2.3: seconds or a date; also a duration); the same
    headers quoted in the error; the error's fields and messages; the reset times of rate limits. Only absurd values
    are limited here (``FURTHEST_MS``); the lane decides how long it stays closed.
    """
    for place in (headers, details.headers):
        at = _retry_after(place, now)
        if at is not None:
            return at
    if details.delays_ms:
        return max(wait_or_moment(delay, now) for delay in details.delays_ms)
    at = wait_in_words(details.text, now)
    if at is None:
        at = _reset(headers, now)
    if at is None:
        at = _reset(details.headers, now)
    return None if at is None else min(at, now + FURTHEST_MS)


def _retry_after(headers: Mapping[str, str], now: int) -> int | None:
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        wait = number_ms(headers.get(name, ""), 1)
        if wait is not None:
            return now + min(wait, FURTHEST_MS)
    text = headers.get("retry-after", "")
    wait = number_ms(text, 1_000)
    if wait is None:
        wait = duration_ms(text)
    if wait is not None:
        return wait_or_moment(wait, now)
    date = _date(text)
    if date is None:
        date = wait_in_words(f"retry after {text[:_WORDS]}", now)
    return None if date is None else min(date, now + FURTHEST_MS)


def _date(text: str) -> int | None:
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * 1000))
    except (ValueError, TypeError, OverflowError, IndexError):
        return moment_ms(text)


def _reset(headers: Mapping[str, str], now: int) -> int | None:
    """The latest reset time of the exhausted limits; if none is known to be exhausted, the earliest of all."""
    empty: list[int] = []
    others: list[int] = []
    for name, value in headers.items():
        found = _RESET.fullmatch(name.lower())
        if found is None:
            if name.lower() == "ratelimit":
                others.extend(now + int(t) * 1_000 for t in _FIELD_T.findall(value))
            continue
        at = _reset_at(value, now)
        if at is None:
            continue
        (empty if _remaining(headers, name.lower(), found) == "0" else others).append(at)
    return max(empty) if empty else min(others, default=None)


def _remaining(headers: Mapping[str, str], name: str, reset: re.Match[str]) -> str:
    return headers.get(name.replace("reset", "remaining"), "").strip()


def _reset_at(text: str, now: int) -> int | None:
    number = number_ms(text, 1)
    if number is None:
        wait = duration_ms(text)
        return _date(text) if wait is None else now + wait
    if number >= _EPOCH_MS:
        return number
    seconds = number_ms(text, 1_000)
    assert seconds is not None
    return seconds if number >= _EPOCH_S else now + seconds
