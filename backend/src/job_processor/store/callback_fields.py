"""The fields of a kept callback as a store keeps them, derived from ``core.inbox.Callback``."""

from collections.abc import Mapping
from dataclasses import fields

import msgspec

from job_processor.core.inbox import Callback

NAMES = tuple(field.name for field in fields(Callback))
LISTED = tuple(name for name in NAMES if name not in ("content", "body"))
"""The fields that a list reads whole; of the content it reads the beginning only."""


def callback_of(values: Mapping[str, object]) -> Callback:
    """The callback with these values; 0 and 1 stand for a bool as well. Raises ``msgspec.ValidationError``."""
    return msgspec.convert(values, Callback, strict=False)
