"""Parses JSON one level at a time and keeps the source text of each value.

Values are not converted and encoded again, so 1.0 stays 1.0 and a long number keeps its digits. More lenient than
RFC 8259 where the meaning is unambiguous: control characters inside strings, and NaN and Infinity as values. Pure.
"""

import json
import re
from collections.abc import Iterator

import msgspec

from job_processor.core.nesting import is_too_deep

# Only the source of a number is used; ``bool`` is a cheap stand-in for converting it.
_decoder = json.JSONDecoder(strict=False, parse_int=bool, parse_float=bool, parse_constant=bool)
_SPACE = re.compile(r"[ \t\r\n]*")


class NotJson(Exception):
    """The text is not JSON. ``deep``: it may be, but is nested too deep to be parsed."""

    def __init__(self, deep: bool = False) -> None:
        super().__init__()
        self.deep = deep


class Source(msgspec.Struct, frozen=True, gc=False):
    """One value. ``source``: its JSON text. ``text``: a string's decoded content; ``None`` for other types."""

    source: str
    text: str | None = None

    @property
    def kind(self) -> str:
        """The first character of the source: ``{``, ``[``, ``"``, ``n``, ``t``, ``f``, or that of a number."""
        return self.source[0]


def value(text: str) -> Source:
    """The single JSON value of a text. Raises ``NotJson`` for none, more than one, or one nested too deep
    (``core.nesting``)."""
    if is_too_deep(text):
        raise NotJson(deep=True)
    found, end = _value(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise NotJson
    return found


def members(source: str) -> Iterator[tuple[str, Source]]:
    """Names and values of an object, in order, with duplicates. Raises ``NotJson``."""
    at = _skip(source, 1)
    while source[at : at + 1] != "}":
        name, at = _value(source, at)
        at = _skip(source, at)
        if name.text is None or source[at : at + 1] != ":":
            raise NotJson
        found, at = _value(source, _skip(source, at + 1))
        yield name.text, found
        at = _after(source, at, "}")


def elements(source: str) -> Iterator[Source]:
    """Elements of an array, in order. Raises ``NotJson``."""
    at = _skip(source, 1)
    while source[at : at + 1] != "]":
        found, at = _value(source, at)
        yield found
        at = _after(source, at, "]")


def _value(text: str, at: int) -> tuple[Source, int]:
    try:
        found, end = _decoder.raw_decode(text, at)
    except (ValueError, IndexError):
        raise NotJson from None
    except RecursionError:
        raise NotJson(deep=True) from None
    return Source(text[at:end], found if isinstance(found, str) else None), end


def _after(source: str, at: int, closing: str) -> int:
    """The index of the next element or of the closing bracket. Raises ``NotJson`` for a trailing comma."""
    at = _skip(source, at)
    if source[at : at + 1] == closing:
        return at
    if source[at : at + 1] != ",":
        raise NotJson
    at = _skip(source, at + 1)
    if source[at : at + 1] == closing:
        raise NotJson
    return at


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()
