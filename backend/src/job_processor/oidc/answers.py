"""Reads JSON that came from a provider or in a token: neither is trusted to be well-formed."""

from typing import TypeVar

import msgspec

from job_processor.core.nesting import is_too_deep

T = TypeVar("T")
_MOST_LEVELS = 50


def decoded(body: bytes, kind: type[T]) -> T | None:
    """The JSON as ``kind``; ``None`` if it is something else."""
    if is_too_deep(body, _MOST_LEVELS):
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
