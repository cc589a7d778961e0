"""When a processor says it may be asked again: read from headers, else from the error in the body. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from job_processor.processors.error_body import Said
from job_processor.processors.retry_words import (
    FURTHEST_MS,
    duration_ms,
    moment_ms,
    number_ms,
    wait_in_words,
    wait_or_moment,
)

_NONE: Final = Said()
_EPOCH_MS: Final = 100_000_000_000
"""A reset of this number or more is milliseconds since 1970, ..."""
_EPOCH_S: Final = 1_000_000_000
"""... of this or more seconds since 1970, and of less a time to wait in seconds."""
# OpenAI: x-ratelimit-reset-tokens. Anthropic: anthropic-ratelimit-input-tokens-reset. Others name no bucket.
_RESET: Final = re.compile(
    r"(?P<who>(?:x-|anthropic-)?(?:x-)?)rate-?limit-(?:reset(?:-(?P<after>[a-z0-9-]+))?|(?P<before>[a-z0-9-]+)-reset)"
)
_FIELD_T: Final = re.compile(r"(?:;\s*t|,\s*reset)=(\d{1,15})\b")
_WORDS: Final = 100


def retry_at(headers: Mapping[str, str], now: int, said: Said = _NONE) -> int | None:
    """Milliseconds since 1970 of the moment named, or ``None`` when none is, or none that can be read.

    ``headers`` must find names whatever their case. The first that can be read counts: ``retry-after-ms`` and
    ``x-ms-retry-after-ms``; ``Retry-After`` (seconds, a duration or a date); the same headers told of in the error;
    the error's fields and words; the resets of limits. Nothing is clamped here but the absurd; how long a lane stays
    closed is the lane's to decide.
    """
    for place in (headers, said.headers):
        at = _retry_after(place, now)
        if at is not None:
            return at
    if said.delays_ms:
        return max(wait_or_moment(delay, now) for delay in said.delays_ms)
    at = wait_in_words(said.text, now)
    if at is None:
        at = _reset(headers, now)
    if at is None:
        at = _reset(said.headers, now)
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
    """The reset of the limit that is used up (of several the latest), else the soonest: then a probe finds out."""
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
