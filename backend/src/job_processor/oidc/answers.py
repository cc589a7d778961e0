"""Decodes untrusted JSON, from a provider or in a token."""

from typing import TypeVar

import msgspec

from job_processor.core.nesting import is_too_deep

T = TypeVar("T")
_MAX_LEVELS = 50


def decoded(body: bytes, kind: type[T]) -> T | None:
    """The JSON as ``kind``; ``None`` if it is invalid, too deeply nested, or of another type."""
    if is_too_deep(body, _MAX_LEVELS):
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
