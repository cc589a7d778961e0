"""A JSON text taken apart one level at a time, with the source of each value: what is kept is what was sent.

Numbers are never computed and texts are never written anew, so that 1.0 stays 1.0 and a long number stays whole. Read
more generously than RFC 8259 in what can be understood in one way only: control characters inside strings, and NaN and
Infinity as values. Pure.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from job_processor.core.nesting import is_too_deep

# Of a number only its source is looked at, so nothing is made of it here.
_decoder = json.JSONDecoder(strict=False, parse_int=bool, parse_float=bool, parse_constant=bool)
_SPACE = re.compile(r"[ \t\r\n]*")


class NotJson(Exception):
    """``deep``: it may be JSON, and is nested deeper than can be read."""

    def __init__(self, deep: bool = False) -> None:
        super().__init__()
        self.deep = deep


@dataclass(frozen=True, slots=True)
class Source:
    """One value. ``text``: of a string what it says; ``None`` for every other kind."""

    source: str
    text: str | None = None

    @property
    def kind(self) -> str:
        """The first character: one of ``{ [ " n t f`` and what numbers begin with."""
        return self.source[0]


def value(text: str) -> Source:
    """The one value of a text. Raises ``NotJson``: none, more than one, or nested deeper than ``nesting`` allows."""
    if is_too_deep(text):
        raise NotJson(deep=True)
    found, end = _value(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise NotJson
    return found


def members(source: str) -> Iterator[tuple[str, Source]]:
    """Names and values of an object, in order, those that stand twice twice. Raises ``NotJson``."""
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
    """Where the next one begins, or the closing bracket stands. A comma before that one is a mistake."""
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
